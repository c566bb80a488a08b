import type { Column, Value } from "../../../../core/values.ts"
import { asText, bytesOf } from "../../unfit.ts"
import { arrayText } from "./arrays.ts"

/** What is bound: the text that the server reads, or NULL. */
export type PgBound = string | null

/** A value in the spelling that the server's input takes for the column's type; null is SQL's NULL. Throws `Unfit`. */
export function encode(value: Value, { type, elements }: Pick<Column, "type" | "elements">): PgBound {
  if (value === null) return null
  if (type === "json") return asText(JSON.stringify(value))
  if (type === "bytes") return `\\x${bytesOf(value).toString("hex")}`
  if (!Array.isArray(value)) return asText(value)
  return type === "array" || type === "unknown" ? arrayText(value, (item) => encode(item, { type: elements ?? "unknown" }) ?? "NULL", elements) : asText(value)
}

/** A parameter, of whose type the server alone knows. */
export const param = (value: Value): PgBound => encode(value, { type: "unknown" })
