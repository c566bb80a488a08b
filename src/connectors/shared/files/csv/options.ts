import type { Kind } from "../kinds.ts"

/** What of a CSV file is fixed instead of recognised. */
export interface CsvOptions {
  readonly delimiter: "auto" | "comma" | "semicolon" | "tab" | "pipe"
  readonly quote: "auto" | "double" | "single" | "none"
  /** "auto", or a label of the WHATWG Encoding Standard. */
  readonly encoding: string
  readonly header: "auto" | "yes" | "no"
  /** `text`: every column is text, except the fixed ones. */
  readonly types: "auto" | "text"
  /** Columns whose type is fixed. */
  readonly columns: readonly { readonly name: string; readonly type: Kind }[]
}

/** Everything is recognised. */
export const AUTO: CsvOptions = { delimiter: "auto", quote: "auto", encoding: "auto", header: "auto", types: "auto", columns: [] }
