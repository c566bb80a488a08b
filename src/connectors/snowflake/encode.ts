import type { Column, ColumnType, Value } from "../../core/values.ts"

/** Why a value cannot go into its column, in words for a row's report. */
export class Unfit extends Error {
  override readonly name = "Unfit"
}

/** A value as text from which `fromText` makes the column's type; null is SQL's NULL. */
export function encode(value: Value, type: ColumnType): string | null {
  if (value === null) return null
  if (type === "json" || type === "array") return wellFormed(JSON.stringify(value))
  if (type === "bytes") return encodeBytes(value)
  const text = wellFormed(typeof value === "object" ? JSON.stringify(value) : String(value))
  return type === "float" ? text.replace("Infinity", "inf") : text
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Unfit("text that is not valid Unicode")
  return text
}

function encodeBytes(value: Value): string {
  if (typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value) return value
  throw new Unfit("bytes must be base64 text with padding")
}

/** SQL that makes a column's type of a text. A cast to VARCHAR(n) would cut a longer text silently; the column itself refuses it. */
export function fromText({ type, nativeType }: Pick<Column, "type" | "nativeType">, text: string): string {
  switch (type) {
    case "string":
    case "unknown":
      return text
    case "bytes":
      return `TO_BINARY(${text}, 'BASE64')`
    case "json":
      return /^geo/i.test(nativeType)
        ? `TO_${nativeType}(${text})`
        : /^variant/i.test(nativeType)
          ? `PARSE_JSON(${text})`
          : `CAST(PARSE_JSON(${text}) AS ${nativeType})`
    case "array":
      // A vector is made of an array, not of a variant.
      return /^array$/i.test(nativeType) ? `CAST(PARSE_JSON(${text}) AS ARRAY)` : `CAST(CAST(PARSE_JSON(${text}) AS ARRAY) AS ${nativeType})`
    default:
      return `CAST(${text} AS ${nativeType})`
  }
}
