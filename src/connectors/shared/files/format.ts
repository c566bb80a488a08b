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
  /** Examines the first part of a file; `response_invalid` if it does not have this format. */
  open(source: Peeked): Promise<OpenTable>
  /** Present if files of this format can be written. */
  writer?(columns: readonly Column[]): TableWriter
}

/** The rows of one open file. */
export interface OpenTable {
  /** The columns by the first part of the file or by its own schema; a column without any value there has an unknown type. */
  readonly columns: readonly Column[]
  /** Whether the file has these columns and no others. Records that name their own fields may bring more. */
  readonly fixed: boolean
  /** Facts for the report of a test, such as the encoding and the delimiter. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
  readonly warnings: readonly string[]
  /** The properties that the first part of the file suggests but does not prove. */
  readonly guesses: readonly Guess[]
  /** The first records of the file; absent for formats in which every record is a row. */
  readonly first?: FirstRecords
  /** Columns that the connector's options name but the file lacks. */
  readonly missing?: readonly string[]
  /** A description for the catalog's comment: "UTF-8, delimited by comma, with a header". */
  readonly described: string
  /** The wanted columns as this table returns them; a type that the connector's options fix takes precedence over a column's own. */
  taken(wanted: readonly Column[]): readonly Column[]
  /** Whether a value has the form of this format's positions. */
  isPosition(position: Position): boolean
  rows(wanted: WantedRows): AsyncIterable<RowChunk>
  /** Reads the whole file: yields the records that are not rows, and returns the columns by all values with the count of rows. */
  survey(): AsyncGenerator<readonly RejectedRecord[], Survey>
  /** Positions that cut the file into at most `most` parts; empty if no cut is certain to be right. Absent if the file cannot be cut. */
  cuts?(most: number): Promise<readonly Position[]>
  /** The format in which the rows can be passed on as bytes; absent if they cannot. */
  readonly offer?: ByteOffer
  /** The rows as bytes in that format. */
  pieces?(wanted: Span): AsyncIterable<TablePiece>
}

/** The number of rows among the first records, and the records that are not rows. */
export interface FirstRecords {
  readonly rows: number
  readonly rejected: readonly RejectedRecord[]
}

/** A part of a table; without `start` and `end`, the whole. `after`: the position where an earlier read of that part ended. */
export interface Span {
  readonly start?: Position
  readonly end?: Position
  readonly after?: Position
}

export interface WantedRows extends Span {
  readonly columns: readonly Column[]
  /** The columns come from the file's first part and were not requested: a record with another field is rejected and not truncated. */
  readonly guessed?: boolean
  /** A chunk ends at or before each multiple of this number of rows, counted from `rowsBefore`. */
  readonly batchRows: number
  readonly rowsBefore?: number
  /** The maximum number of rows to read from the part. */
  readonly maxRows: number
}

/** Rows with their values in the order of the wanted columns, and the records between them that are not rows. */
export interface RowChunk {
  readonly rows: Value[][]
  readonly rejected: readonly RejectedRecord[]
  /** The position after the last record. */
  readonly position: Position
}

export interface Survey {
  readonly columns: readonly Column[]
  readonly rows: number
  /** The guesses that remain after all values were read; absent: those of the first part. */
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
  /** The file name extension, such as "csv". */
  readonly extension: string
  begin(): Buffer
  /** Encodes rows; reports the index of each row that the format cannot hold. */
  rows(rows: readonly (readonly Value[])[]): { readonly bytes: Buffer; readonly rejected: readonly { readonly index: number; readonly reason: string }[] }
  end(): Buffer
}
