import type { Remedy } from "./remedies.ts"
import type { Column, Value } from "./values.ts"

export const STREAM_KINDS = ["table", "view", "materialized view", "foreign table", "topic", "file", "resource"] as const
export type StreamKind = (typeof STREAM_KINDS)[number]

/**
 * A property of a file that its bytes suggest but do not prove: the config field that fixes it, the value that was taken,
 * and the next likely value if there is one, both as that field spells them.
 */
export interface Guess {
  readonly setting: string
  readonly taken: string
  readonly alternative?: string
  /** One sentence for people. */
  readonly message: string
}

/**
 * A source or destination of rows: a table, a topic, a file, an API resource. `key` lists its primary key's columns,
 * in order.
 */
export interface Stream {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  /** False if the system does not enforce the key, so that two rows may share one. */
  readonly keyHolds?: boolean
  /** The system's own estimate of the number of rows, if it has one. */
  readonly estimatedRows?: number
  readonly comment?: string
  /** How the stream is read without proof, if it is a file. */
  readonly guesses?: readonly Guess[]
}

/**
 * One item of a discovery. `counted` is the system's own count of streams, so that the hub can tell a complete
 * catalog from a partial one: streams + skipped must equal the total.
 */
export type Discovered =
  | { readonly stream: Stream }
  | { readonly skipped: { readonly path: readonly string[]; readonly reason: string; readonly remedies?: readonly Remedy[] } }
  | { readonly counted: { readonly total: number; readonly byKind: Readonly<Record<string, number>> } }

/** The position at which a read resumes. Only the connector that made a cursor can read it. */
export type Cursor = string

/**
 * Rows in the order of `columns`. `cursor` resumes after this batch; a stream without a key or an order of its own
 * has no cursor.
 */
export interface Batch {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
  readonly cursor?: Cursor
  /** Records of a file that are not valid rows, in the file's order. Every record is either in `rows` or here. */
  readonly rejected?: readonly RejectedRecord[]
  /** In how many places of this batch a secret of the connector was hidden; the session sets it. */
  readonly hidden?: number
  /**
   * One per row. If absent, every row is an upsert, or an append in an appending write. A delete identifies the row
   * by its key.
   */
  readonly ops?: readonly Op[]
}

export type Op = "upsert" | "delete"

/** A record of a file that is not a valid row: its first and last line, counted from 1, and the reason. */
export interface RejectedRecord {
  /** The file's path, where the stream has several files. */
  readonly file?: string
  /** The offset at which line 1 begins, where the read began inside the file: the lines before a slice are not counted. */
  readonly from?: number
  readonly line: number
  readonly lastLine: number
  readonly reason: string
}

export const PLAN_KINDS = ["all", "since", "changes"] as const

/**
 * The rows that a read returns. `since` returns rows in the order of one column, without rows that have no value in
 * it, from `from` (inclusive) to `until` (exclusive); its cursor resumes after the last value and key, so that a
 * later read finds new rows. `changes` follows the system's change log under the name of a replica.
 */
export type ReadPlan =
  | { readonly kind: "all" }
  | { readonly kind: "since"; readonly column: string; readonly from?: Value; readonly until?: Value }
  | { readonly kind: "changes"; readonly replica: string }

export interface ReadOptions {
  readonly plan: ReadPlan
  readonly slice?: Slice | undefined
  readonly after?: Cursor | undefined
}

/** Every row, from the beginning. */
export const EVERYTHING: ReadOptions = { plan: { kind: "all" } }

/**
 * A part of a stream, read in a session of its own. The slices of one slicing are disjoint and together cover the
 * whole stream.
 */
export interface Slice {
  /** The part, in a form that only the connector type can read. */
  readonly id: string
  /** The snapshot that the slices share, in a form that only the connector type can read; empty if there is none. */
  readonly of: string
  readonly estimatedRows?: number
}

/**
 * A stream cut into slices; holds their snapshot until it is disposed. `consistent`: all slices show the same moment.
 */
export interface Slicing extends AsyncDisposable {
  readonly slices: readonly Slice[]
  readonly consistent: boolean
}

export const BYTE_FORMATS = ["copy-binary", "csv", "ndjson", "parquet", "avro"] as const
export type ByteFormat = (typeof BYTE_FORMATS)[number]

/**
 * A format in which a stream's bytes can be read or written undecoded. Bytes pass between two systems if both name
 * the same format and exactly the same shape: the column types of COPY, or CSV's delimiter, quote, null and header.
 */
export interface ByteOffer {
  readonly format: ByteFormat
  readonly shape: string
}

/**
 * A piece that a destination writes as a whole. `rows` is the source's own count, final once the bytes have ended.
 */
export interface BytePiece {
  readonly bytes: AsyncIterable<Buffer>
  rows(): number
  /** Records of a file that are not rows and so not among the bytes; final once the bytes have ended. */
  rejected?(): readonly RejectedRecord[]
  /** The position at which a read resumes after this piece; final once the bytes have ended. */
  cursor?(): Cursor | undefined
}

/** The destination's own counts. */
export interface ByteReport {
  readonly written: number
  readonly bytes: number
  readonly already?: true
}

/**
 * A stream that a destination must provide at `path`. The columns have our types, with precision, scale and length.
 */
export interface WantedStream {
  readonly path: readonly string[]
  readonly columns: readonly Column[]
  readonly key: readonly string[]
}

/** One step of `shape`, with the statement that performs it if the system has statements. */
export type SchemaStep =
  | { readonly kind: "create"; readonly statement?: string }
  | { readonly kind: "add" | "widen"; readonly column: string; readonly statement?: string }
  | { readonly kind: "refused"; readonly column?: string; readonly reason: string }

/** A token that is committed together with the rows of a batch, so that a repeated batch is recognised. */
export interface Commit {
  readonly run: string
  readonly part: string
  /** Starts at 0 and grows by one with each batch of the run's part. */
  readonly sequence: number
}

/** How a destination stores a token: in the transaction of the rows, in the name of the object, or not at all. */
export type CommitKind = "transaction" | "name" | "none"

export type WriteMode = "append" | "upsert"

export interface WriteOptions {
  readonly mode: WriteMode
  readonly commit?: Commit | undefined
}

/** Accounts for every row: written + rejected + skipped = rows given. `index` counts from 0 within the batch. */
export interface WriteReport {
  readonly written: number
  readonly rejected: readonly { readonly index: number; readonly reason: string }[]
  readonly skipped: number
  /** The token was already committed: nothing was written again, and the counts are those of the first time. */
  readonly already?: true
}
