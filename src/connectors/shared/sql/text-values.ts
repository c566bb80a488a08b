import type { Column, Value } from "../../../core/values.ts"
import { parseJsonCell } from "../json.ts"
import { asText, bytesOf, wellFormed } from "../unfit.ts"

/** Reads a value that comes as text, as most APIs of warehouses send all of them; undefined is a text that does not fit. */
export type TextReader = (text: string) => Value | undefined

export const realIn: TextReader = (text) =>
  /^-?inf/i.test(text) ? `${text.startsWith("-") ? "-" : ""}Infinity` : Number.isFinite(Number(text)) ? Number(text) : "NaN"

export const truthIn: TextReader = (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined)

/** Bytes as hexadecimal digits. */
export const hexIn: TextReader = (text) => (/^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, "hex").toString("base64") : undefined)

/** JSON, in which `undefined` may stand for null; text that is not even that stays text. */
export const jsonIn: TextReader = (text) => {
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|\bundefined\b/g, (part) => (part === "undefined" ? "null" : part))
  try {
    return parseJsonCell(strict)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** A value as the text of which a cast makes the column's type; null is SQL's NULL. Bytes are base64, and infinity is `inf`. */
export function textFor(value: Value, { type }: Pick<Column, "type">): string | null {
  if (value === null) return null
  if (type === "json" || type === "array") return wellFormed(JSON.stringify(value))
  if (type === "bytes") return bytesOf(value).toString("base64")
  return type === "float" ? asText(value).replace("Infinity", "inf") : asText(value)
}
