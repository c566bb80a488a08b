import type { Column, Value } from "../../../../core/values.ts"
import { inUtc } from "../../instants.ts"
import { digitsOf } from "../../plain-number.ts"
import { asText, bytesOf, wellFormed } from "../../unfit.ts"
import { trinoTime } from "./times.ts"

/** What is bound: a text, SQL's NULL, or a literal of another type, as SQL spells it. */
export type Bound = string | null | { readonly literal: string }

/** A string constant. Nothing but a quotation mark has a meaning in it (docs, SQL syntax, Data types, VARCHAR). */
export const constant = (text: string): string => `'${text.replaceAll("'", "''")}'`

export const literalOf = (bound: Bound): string => (bound === null ? "NULL" : typeof bound === "string" ? constant(bound) : bound.literal)

/** A statement with its parameters, in the only form that may be longer than a header (docs, EXECUTE IMMEDIATE). */
export const bind = (sql: string, params: readonly Bound[]): string =>
  params.length === 0 ? sql : `EXECUTE IMMEDIATE ${constant(sql)} USING ${params.map(literalOf).join(", ")}`

/** What a question mark may be hidden in: constants, names, comments. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g

/** A statement with its parameters as constants in the places of their question marks. */
export function spliced(sql: string, params: readonly Bound[]): string {
  let n = 0
  return sql.replace(TOKENS, (token) => (token === "?" && n < params.length ? literalOf(params[n++] ?? null) : token))
}

/** A parameter of a caller's statement. Texts are VARCHAR, which Trino converts to no other type by itself. */
export function parameter(value: Value): Bound {
  if (value === null || typeof value === "string") return value === null ? null : wellFormed(value)
  if (typeof value === "boolean") return { literal: String(value) }
  const digits = digitsOf(value, 38)
  if (digits !== undefined) return { literal: /^-?\d{1,18}$/.test(digits) ? digits : `DECIMAL '${digits}'` }
  return typeof value === "number" ? { literal: `DOUBLE '${value}'` } : asText(value)
}

/** A value as the text of which a cast makes the column's type. */
export function textFor(value: Value, { type, zoned }: Column): string | null {
  if (value === null) return null
  if (type === "json" || type === "array") return wellFormed(JSON.stringify(value))
  if (type === "bytes") return bytesOf(value).toString("base64")
  const text = asText(value)
  return type === "timestamp" ? trinoTime(text, zoned !== false, inUtc) : text
}
