import type { CsvOptions } from "../options.ts"
import type { Fields } from "../shape.ts"

/** Which lines end in a delimiter that the others do not have. */
export type Trailing = "rows" | "header" | undefined

/** The share of rows that must agree. */
const MOST_ROWS = 0.95

/** Compares the number of fields in the header with that in the rows. Undefined without a header, and if the setting keeps the difference. */
export function trailingOf(header: Fields | undefined, rows: readonly Fields[], setting: CsvOptions["trailingDelimiter"]): Trailing {
  if (header === undefined || rows.length === 0 || setting === "keep") return undefined
  const width = header.length
  const share = (fits: (fields: Fields) => boolean): number => rows.filter(fits).length / rows.length
  if (share((fields) => fields.length === width + 1 && fields[width] === null) >= MOST_ROWS) return "rows"
  return width > 1 && header[width - 1] === null && share((fields) => fields.length === width - 1) >= MOST_ROWS ? "header" : undefined
}
