import type { Column, Value } from "../../../../core/values.ts"
import { asText, bytesOf } from "../../unfit.ts"
import { arrayText } from "./arrays.ts"

/** A bound parameter: the text that the server reads, or NULL. */
export type PgBound = string | null

/** A value in the spelling that the server's input takes for the column's type; null is SQL's NULL. Throws `Unfit`. */
export function encode(value: Value, { type, elements }: Pick<Column, "type" | "elements">): PgBound {
  if (value === null) return null
  if (type === "json") return asText(JSON.stringify(value))
  if (type === "bytes") return `\\x${bytesOf(value).toString("hex")}`
  if (!Array.isArray(value)) return asText(value)
  return type === "array" || type === "unknown" ? arrayText(value, (item) => encode(item, { type: elements ?? "unknown" }) ?? "NULL", elements) : asText(value)
}

/** Encodes a parameter for the type that the server gives it; without a type the server interprets the text. Bytes may also be `\\x` and hexadecimal. */
export function param(value: Value, type: Pick<Column, "type" | "elements"> = { type: "unknown" }): PgBound {
  return type.type === "bytes" && typeof value === "string" && /^\\x[\da-f]*$/i.test(value) ? value : encode(value, type)
}
