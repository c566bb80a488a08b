import { kindOf } from "../../kinds.ts"

/** What a cell looks like, as far as that distinguishes a value from a column's name. */
export type Look = "nothing" | "number" | "date" | "boolean" | "address" | "text"

const MOST_CHARACTERS = 256
const NOTHING = /^(?:|-+|\?|n\/?a|#n\/a|null|none|nil|nan|\\n)$/i
const BOOLEAN = /^(?:true|false|yes|no)$/i
/** A number, with a sign, a currency, leading zeros, an exponent, a percent sign, or points, commas, spaces or apostrophes between digits. */
const NUMBER = /^[-+(]?(?:[$€£¥₹]|[A-Z]{3}\s)?\s?[-+]?\d+(?:[.,'’\u00a0\u202f ]\d+)*(?:e[-+]?\d{1,3})?\s?(?:%|[$€£¥₹]|[A-Z]{3})?\)?$/i
const LOCAL_DATE = /^\d{1,4}([-./])\d{1,2}(?:\1\d{1,4})?(?:[ T,]+\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?[ap]m)?)?$/i
const TIME = /^\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?[ap]m)?$/i
const ADDRESSES: readonly RegExp[] = [
  // E-mail, URL, IPv4, IPv6, UUID, MAC, hash, international telephone number.
  /^[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/,
  /^[a-z][a-z\d+.-]{1,20}:\/\/\S+$/i,
  /^\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|\/\d{1,2})?$/,
  /^(?=.{2,45}$)[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}$/i,
  /^\{?[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\}?$/i,
  /^[\da-f]{2}(?:[:-][\da-f]{2}){5}$/i,
  /^(?=.*\d)(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{64})$/i,
  /^\+\d[\d ()/.-]{5,24}$/,
]

/** The look of a cell, without the spaces around it. A number may be written in any common way. */
export function lookOf(cell: string): Look {
  if (cell.length > MOST_CHARACTERS) return "text"
  const text = cell.trim()
  if (NOTHING.test(text)) return "nothing"
  if (BOOLEAN.test(text)) return "boolean"
  const kind = kindOf(text)
  if (kind === "date" || kind === "timestamp") return "date"
  if (kind !== "text") return "number"
  if (TIME.test(text) || (LOCAL_DATE.test(text) && /[-/]|[.]\d+[.]/.test(text))) return "date"
  if (ADDRESSES.some((address) => address.test(text))) return "address"
  return NUMBER.test(text) ? "number" : "text"
}

/** The look that all values share, `text` if they differ; undefined if there are no values. */
export function commonLook(values: readonly string[]): Look | undefined {
  let common: Look | undefined
  for (const value of values) {
    const look = lookOf(value)
    if (look === "nothing") continue
    if (common !== undefined && common !== look) return "text"
    common = look
  }
  return common
}

/** The form of a code such as `AB-12`, with all letters and all digits alike; undefined for a text that is not a code. */
export function codeOf(cell: string): string | undefined {
  const text = cell.trim()
  if (text.length > 40 || !/\d/.test(text) || !/[-/.:#]/.test(text) || /\s/.test(text)) return undefined
  return text
    .replace(/\p{Lu}/gu, "A")
    .replace(/\p{Ll}/gu, "a")
    .replace(/\d/g, "9")
}
