import type { Value } from "../../core/values.ts"

/** Why a value does not fit its place, as a sentence without its full stop. A write rejects the value's row with it. */
export class Unfit extends Error {
  override readonly name = "Unfit"
}

/** The text; throws `Unfit` when it holds half of a surrogate pair, which no system stores. */
export function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Unfit("text that is not valid Unicode")
  return text
}

/** A value as text: objects and arrays as JSON, the rest as they print. */
export const asText = (value: Value): string => wellFormed(typeof value === "object" && value !== null ? JSON.stringify(value) : String(value))

/** The bytes that a value holds as base64; throws `Unfit` when it holds none. */
export function bytesOf(value: Value): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "base64") : undefined
  if (bytes === undefined || bytes.toString("base64") !== value) throw new Unfit("bytes must be base64 text with padding")
  return bytes
}
