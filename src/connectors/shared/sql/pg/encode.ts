import type { Column, Value } from "../../../../core/values.ts"
import { asText, bytesOf } from "../../unfit.ts"

/** What is bound: the text that the server reads, or NULL. */
export type PgBound = string | null

/** A value in the spelling that the server's input takes for the column's type; null is SQL's NULL. */
export function encode(value: Value, { type }: Pick<Column, "type">): PgBound {
  if (value === null) return null
  if (type === "json") return JSON.stringify(value)
  if (type === "bytes") return `\\x${bytesOf(value).toString("hex")}`
  return Array.isArray(value) ? arrayLiteral(value) : asText(value)
}

/** A parameter, of whose type the server alone knows. */
export const param = (value: Value): PgBound => encode(value, { type: "unknown" })

/** `{1,"two",NULL,{3}}` (docs, 8.15.6). */
function arrayLiteral(values: readonly Value[]): string {
  const items = values.map((value) => {
    if (value === null) return "NULL"
    return Array.isArray(value) ? arrayLiteral(value) : `"${asText(value).replace(/["\\]/g, "\\$&")}"`
  })
  return `{${items.join(",")}}`
}
