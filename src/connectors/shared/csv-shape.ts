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
