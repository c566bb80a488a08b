import type { ByteOffer } from "../../core/streams.ts"

/** The properties on which two systems must agree exactly before CSV bytes can pass between them. */
export interface CsvShape {
  readonly columns: readonly string[]
  readonly delimiter: string
  readonly encoding: "utf-8"
  /** Whether the bytes begin with a line of names. */
  readonly header: boolean
  readonly lineEnd: "\n" | "\r\n" | "\r"
  /** How null is written; an empty text is a pair of quotes. */
  readonly null: ""
  /** A quote inside quotes is written twice, and no quote occurs outside quotes. "": nothing is quoted. */
  readonly quote: string
}

/** The shape of a `ByteOffer`: equal shapes have one spelling. */
export const csvShape = ({ columns, delimiter, encoding, header, lineEnd, null: nothing, quote }: CsvShape): string =>
  JSON.stringify({ columns, delimiter, encoding, header, lineEnd, null: nothing, quote })

/** Spellings of CSV; every combination of them is one. */
export interface CsvSpellings {
  readonly delimiters: readonly string[]
  readonly quotes: readonly string[]
  readonly lineEnds: readonly CsvShape["lineEnd"][]
}

/** The spelling that database servers write. */
export const CSV_WRITTEN: CsvSpellings = { delimiters: [","], quotes: ['"'], lineEnds: ["\n"] }
/** The spellings that database servers read. */
export const CSV_READ: CsvSpellings = { delimiters: [",", ";", "\t", "|"], quotes: ['"', "'"], lineEnds: ["\n", "\r\n", "\r"] }

/**
 * Offers of rows as CSV, for two columns or more: a single one that is null would be a blank line, which many readers
 * skip.
 */
export function csvOffers(columns: readonly string[], { delimiters, quotes, lineEnds }: CsvSpellings): readonly ByteOffer[] {
  if (columns.length < 2) return []
  const shapes = quotes.flatMap((quote) => lineEnds.flatMap((lineEnd) => delimiters.map((delimiter) => ({ quote, lineEnd, delimiter }))))
  return shapes.map((each) => ({ format: "csv", shape: csvShape({ columns, encoding: "utf-8", header: false, null: "", ...each }) }))
}
