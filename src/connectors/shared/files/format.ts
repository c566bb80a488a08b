import type { ByteFormat, ByteOffer, Guess, RejectedRecord } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import type { Peeked } from "./source.ts"

/** Where a table can be entered: JSON of the format's own, an offset and a line for text, a row group for Parquet. */
export type Position = unknown

/** How rows are written in a file. Compression is no part of it: the source comes decompressed. */
export interface Format {
  readonly name: ByteFormat | "json"
  /** How likely the file is of this format, 0 to 1, by its first bytes and its path; 0.5 and more is a yes. */
  looksLike(head: Buffer, path: string): number
  /** Looks at the first part of a file; `response_invalid` when it is not of this format. */
  open(source: Peeked): Promise<OpenTable>
  /** Present where files of this format can be written. */
  writer?(columns: readonly Column[]): TableWriter
}

/** The rows of one open file. */
export interface OpenTable {
  /** As far as the first part of the file, or its own schema, tells; of unknown type where no value tells it. */
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
  /** What the file is, for the catalog's comment: "UTF-8, divided by comma, with a header". */
  readonly described: string
  /** The wanted columns as this table gives them; a type that the connector's options fix goes before a column's own. */
  taken(wanted: readonly Column[]): readonly Column[]
  /** Whether a position is one that this format gives. */
  isPosition(position: Position): boolean
  rows(wanted: WantedRows): AsyncIterable<RowChunk>
  /** Reads all of it: yields the records that are not rows, and returns the columns by all values with the count of rows. */
  survey(): AsyncGenerator<readonly RejectedRecord[], Survey>
  /** Positions that cut the file into at most `most` parts; none when no cut is known to be right. Absent: it has no parts. */
  cuts?(most: number): Promise<readonly Position[]>
  /** The form in which the rows' bytes can be passed on; absent: they cannot. */
  readonly offer?: ByteOffer
  /** Rows as bytes in that form. */
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
  /** Behind the last record. */
  readonly position: Position
}

export interface Survey {
  readonly columns: readonly Column[]
  readonly rows: number
  /** What is still a guess after all values; absent: as before. */
  readonly guesses?: readonly Guess[]
}

/** Rows that are passed on as bytes; `rows`, `rejected` and `position` are final once the bytes have ended. */
export interface TablePiece {
  readonly bytes: AsyncIterable<Buffer>
  rows(): number
  rejected(): readonly RejectedRecord[]
  position(): Position
}

/** Writes rows as a file: `begin`, any number of `rows`, `end`. */
export interface TableWriter {
  /** Of the file's name: "csv". */
  readonly extension: string
  begin(): Buffer
  /** A row that the format cannot hold is rejected, by its index. */
  rows(rows: readonly (readonly Value[])[]): { readonly bytes: Buffer; readonly rejected: readonly { readonly index: number; readonly reason: string }[] }
  end(): Buffer
}
