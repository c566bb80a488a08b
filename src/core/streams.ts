import type { Column, Value } from "./values.ts"

export const STREAM_KINDS = ["table", "view", "materialized view", "foreign table", "topic", "file", "resource"] as const
export type StreamKind = (typeof STREAM_KINDS)[number]

/** A place that rows come from or go to: a table, a topic, a file, an API resource. `key` names its primary key's columns, in order. */
export interface Stream {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  /** False where the system does not enforce the key, so that two rows may share one. */
  readonly keyHolds?: boolean
  /** Rows as the system estimates them, if it does. */
  readonly estimatedRows?: number
  readonly comment?: string
}

/**
 * One item of a discovery. `counted` is the number of streams by the system's own count, so that the hub can tell a
 * complete catalog from a partial one: streams + skipped must equal the total.
 */
export type Discovered =
  | { readonly stream: Stream }
  | { readonly skipped: { readonly path: readonly string[]; readonly reason: string } }
  | { readonly counted: { readonly total: number; readonly byKind: Readonly<Record<string, number>> } }

/** Where a read goes on. Only the connector that made a cursor can read it. */
export type Cursor = string

/** Rows in the order of `columns`. `cursor` resumes after this batch; a stream without a key or an order of its own has none. */
export interface Batch {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
  readonly cursor?: Cursor
  /** Records of a file that are no rows, in the file's order: every record is either a row or here. */
  readonly rejected?: readonly RejectedRecord[]
  /** One per row; absent: every row is an upsert, or an append where the write appends. A delete names the row by its key. */
  readonly ops?: readonly Op[]
}

export type Op = "upsert" | "delete"

/** A record of a file that is not a row: its first and last line, from 1, and the reason. */
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
 * Which rows a read wants. `since` gives rows in the order of one column, rows without a value in it excepted, from `from`
 * (that value included) to `until` (excluded); its cursor resumes after the last value and key, so that a later read
 * finds rows that are new. `changes` follows the system's change log under the name of a replica.
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

/** A part of a stream, read in a session of its own. Slices of one slicing are disjoint and together the whole stream. */
export interface Slice {
  /** The part, in a form that the type alone reads. */
  readonly id: string
  /** The snapshot that the slices share, in a form that the type alone reads; empty when there is none. */
  readonly of: string
  readonly estimatedRows?: number
}

/** A stream cut into slices; keeps their snapshot until it is disposed of. `consistent`: all slices show one moment. */
export interface Slicing extends AsyncDisposable {
  readonly slices: readonly Slice[]
  readonly consistent: boolean
}

export const BYTE_FORMATS = ["copy-binary", "csv", "ndjson", "parquet", "avro"] as const
export type ByteFormat = (typeof BYTE_FORMATS)[number]

/**
 * A form in which a stream's bytes can be given or taken undecoded. Bytes pass between two systems when both name the same
 * format and the same shape, to the letter: the column types of COPY, or CSV's delimiter, quote, null and header.
 */
export interface ByteOffer {
  readonly format: ByteFormat
  readonly shape: string
}

/** A piece that a destination takes whole. `rows` is the source's own count, final once the bytes have ended. */
export interface BytePiece {
  readonly bytes: AsyncIterable<Buffer>
  rows(): number
  /** Records of a file that are not rows and so not among the bytes; final once the bytes have ended. */
  rejected?(): readonly RejectedRecord[]
  /** Where a read goes on after this piece; final once the bytes have ended. */
  cursor?(): Cursor | undefined
}

/** What a destination counted itself. */
export interface ByteReport {
  readonly written: number
  readonly bytes: number
  readonly already?: true
}

/** A stream that a destination shall have, by its path; the columns' types are ours, with precision, scale and length. */
export interface WantedStream {
  readonly path: readonly string[]
  readonly columns: readonly Column[]
  readonly key: readonly string[]
}

/** One step of `shape`, with the statement that does it where the system has statements. */
export type SchemaStep =
  | { readonly kind: "create"; readonly statement?: string }
  | { readonly kind: "add" | "widen"; readonly column: string; readonly statement?: string }
  | { readonly kind: "refused"; readonly column?: string; readonly reason: string }

/** A token that is committed together with a batch's rows, so that a repeat of the batch is recognised. */
export interface Commit {
  readonly run: string
  readonly part: string
  /** From 0, one higher for each batch of the run's part. */
  readonly sequence: number
}

/** How a destination keeps a token: in the transaction of the rows, in the name of the object, or not at all. */
export type CommitKind = "transaction" | "name" | "none"

export type WriteMode = "append" | "upsert"

export interface WriteOptions {
  readonly mode: WriteMode
  readonly commit?: Commit | undefined
}

/** Row by row: written + rejected + skipped = rows given. `index` counts from 0 within the batch. */
export interface WriteReport {
  readonly written: number
  readonly rejected: readonly { readonly index: number; readonly reason: string }[]
  readonly skipped: number
  /** The token was committed before: nothing was done again, and the counts are those of the first time. */
  readonly already?: true
}
