import type { ColumnType, Value } from "../../core/values.ts"

/** Why a value cannot go into its column, in words for a row's report. */
export class Unfit extends Error {
  override readonly name = "Unfit"
}

/** A value in the spelling that PostgreSQL's input takes for that type; null is SQL's NULL. */
export function encode(value: Value, type: ColumnType): string | null {
  if (value === null) return null
  if (type === "json") return JSON.stringify(value)
  if (type === "bytes") return encodeBytes(value)
  if (Array.isArray(value)) return arrayLiteral(value)
  if (typeof value === "object") return JSON.stringify(value)
  const text = String(value)
  if (!text.isWellFormed()) throw new Unfit("text that is not valid Unicode")
  return text
}

function encodeBytes(value: Value): string {
  const decoded = typeof value === "string" ? Buffer.from(value, "base64") : undefined
  if (decoded === undefined || decoded.toString("base64") !== value) throw new Unfit("bytes must be base64 text with padding")
  return `\\x${decoded.toString("hex")}`
}

/** `{1,"two",NULL,{3}}` (docs, 8.15.6). */
function arrayLiteral(values: readonly Value[]): string {
  const items = values.map((value) => {
    if (value === null) return "NULL"
    if (Array.isArray(value)) return arrayLiteral(value)
    const text = typeof value === "object" ? JSON.stringify(value) : String(value)
    if (!text.isWellFormed()) throw new Unfit("text that is not valid Unicode")
    return `"${text.replace(/["\\]/g, "\\$&")}"`
  })
  return `{${items.join(",")}}`
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** One line of COPY's text format (docs, COPY, File Formats). */
export const copyLine = (fields: readonly (string | null)[]): string =>
  `${fields.map((field) => (field === null ? "\\N" : field.replace(/[\\\n\r\t]/g, (char) => ESCAPES[char] ?? char))).join("\t")}\n`
