import type { ByteFormat, ByteOffer, Guess, RejectedRecord } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import type { Peeked } from "./source.ts"

/** A position at which reading can start, as JSON that only the format reads: an offset and a line for text, a row group for Parquet. */
export type Position = unknown

/** A file format. Compression is not part of it: sources are already decompressed. */
export interface Format {
  readonly name: ByteFormat | "json"
  /** The likelihood, from 0 to 1, that a file has this format, by its first bytes and its path; 0.5 or more is a match. */
  looksLike(head: Buffer, path: string): number
  /** Looks at the first part of a file; `response_invalid` when it is not of this format. */
  open(source: Peeked): Promise<OpenTable>
  /** Present where files of this format can be written. */
  writer?(columns: readonly Column[]): TableWriter
}

/** The rows of one open file. */
export interface OpenTable {
  /** By the first part of the file or its own schema; a column without any value there has an unknown type. */
  readonly columns: readonly Column[]
  /** Whether the file has these columns and no others. Records that name their own fields may bring more. */
  readonly fixed: boolean
  /** For the report of a test: the encoding, the delimiter. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
  readonly warnings: readonly string[]
  /** What the first part of the file suggests but does not prove. */
  readonly guesses: readonly Guess[]
  /** What the first records of the file are; absent for formats that cannot have a record that is not a row. */
  readonly first?: FirstRecords
  /** Columns that the connector's options name and the file lacks. */
  readonly missing?: readonly string[]
  /** What the file is, for the catalog's comment: "UTF-8, delimited by comma, with a header". */
  readonly described: string
  /** The wanted columns as this table returns them; a type that the connector's options fix takes precedence over a column's own. */
  taken(wanted: readonly Column[]): readonly Column[]
  /** Whether a value has the form of this format's positions. */
  isPosition(position: Position): boolean
  rows(wanted: WantedRows): AsyncIterable<RowChunk>
  /** Reads all of it: yields the records that are not rows, and returns the columns by all values with the count of rows. */
  survey(): AsyncGenerator<readonly RejectedRecord[], Survey>
  /** Positions that cut the file into at most `most` parts; none if no cut is certain to be right. Absent if the file cannot be cut. */
  cuts?(most: number): Promise<readonly Position[]>
  /** The format in which the rows can be passed on as bytes; absent if they cannot. */
  readonly offer?: ByteOffer
  /** The rows as bytes in that format. */
  pieces?(wanted: Span): AsyncIterable<TablePiece>
}

/** How many of the first records are rows, and the others. */
export interface FirstRecords {
  readonly rows: number
  readonly rejected: readonly RejectedRecord[]
}

/** A part of a table: the whole without `start` and `end`. `after`: where an earlier read of that part ended. */
export interface Span {
  readonly start?: Position
  readonly end?: Position
  readonly after?: Position
}

export interface WantedRows extends Span {
  readonly columns: readonly Column[]
  /** The columns come from a first look and were not asked for: a record with another field is rejected, not cut short. */
  readonly guessed?: boolean
  /** A chunk ends at each multiple of this number of rows, counted from `rowsBefore`, or before. */
  readonly batchRows: number
  readonly rowsBefore?: number
  /** Rows of the part, at most. */
  readonly maxRows: number
}

/** Rows in the order of the wanted columns, and the records between them that are not rows. */
export interface RowChunk {
  readonly rows: Value[][]
  readonly rejected: readonly RejectedRecord[]
  /** The position after the last record. */
  readonly position: Position
}

export interface Survey {
  readonly columns: readonly Column[]
  readonly rows: number
  /** What is still a guess after all values; absent: as before. */
  readonly guesses?: readonly Guess[]
}

/** Rows as bytes that are not decoded. `rows`, `rejected` and `position` are final once the bytes have ended. */
export interface TablePiece {
  readonly bytes: AsyncIterable<Buffer>
  rows(): number
  rejected(): readonly RejectedRecord[]
  position(): Position
}

/** Writes rows as a file: `begin`, any number of `rows`, `end`. */
export interface TableWriter {
  /** The extension of the file's name, such as "csv". */
  readonly extension: string
  begin(): Buffer
  /** A row that the format cannot hold is rejected, by its index. */
  rows(rows: readonly (readonly Value[])[]): { readonly bytes: Buffer; readonly rejected: readonly { readonly index: number; readonly reason: string }[] }
  end(): Buffer
}
