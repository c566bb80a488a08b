import type { Kind } from "../kinds.ts"

/** The properties of a CSV file that are fixed and not recognized from its contents. */
export interface CsvOptions {
  readonly delimiter: "auto" | "comma" | "semicolon" | "tab" | "pipe"
  readonly quote: "auto" | "double" | "single" | "none"
  /** "auto", or a label of the WHATWG Encoding Standard. */
  readonly encoding: string
  readonly header: "auto" | "yes" | "no"
  /** The number of lines to skip before the header or the first row; undefined: recognized. */
  readonly skipLines?: number | undefined
  /** Lines that begin with this text are skipped; undefined: only comments before the header are recognized and skipped. */
  readonly commentPrefix?: string | undefined
  /** A delimiter at the end of every row, after the last column: `drop` it, or `keep` it as the start of another field. */
  readonly trailingDelimiter: "auto" | "drop" | "keep"
  /** Whether the server's Content-Type is trusted when it says that the file is not CSV. */
  readonly contentType: "checked" | "ignored"
  /** `text`: every column is text, except the fixed ones. */
  readonly types: "auto" | "text"
  /** Columns whose type is fixed. */
  readonly columns: readonly { readonly name: string; readonly type: Kind }[]
}

/** Everything is recognized. */
export const AUTO: CsvOptions = {
  delimiter: "auto",
  quote: "auto",
  encoding: "auto",
  header: "auto",
  trailingDelimiter: "auto",
  contentType: "checked",
  types: "auto",
  columns: [],
}
