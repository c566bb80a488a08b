import type { Column, Value } from "../../../core/values.ts"
import { jsonIn, realIn } from "./text-values.ts"
import type { Typed } from "./types.ts"

/** How a value of the type is read from JSON: numbers of more than 32 bits and decimals may be texts, bytes are `\\x` and hexadecimal digits, times are in UTC. */
function readOf({ type, precision, zoned }: Typed): (value: unknown) => Value {
  const text = String
  if (type === "integer") return (value) => (precision === 32 ? Number(value) : text(value))
  if (type === "decimal") return text
  if (type === "float") return (value) => realIn(text(value)) ?? null
  if (type === "boolean") return (value) => value === true || value === "true"
  if (type === "bytes") return (value) => Buffer.from(text(value).replace(/^\\x/, ""), "hex").toString("base64")
  if (type === "timestamp") return (value) => instant(text(value), zoned === true)
  if (type === "json") return (value) => (typeof value === "string" ? (jsonIn(value) ?? value) : (value as Value))
  return (value) => (typeof value === "object" ? (value as Value) : text(value))
}

/** `1996-09-03 09:19:33.123+00` → `1996-09-03T09:19:33.123Z`. */
function instant(text: string, zoned: boolean): string {
  const [, day = "", time = "", fraction = ""] = /^(\S+)[ T](\d\d:\d\d:\d\d)(\.\d+)?/.exec(text) ?? []
  return day === "" ? text : `${day}T${time}${fraction.replace(/\.?0+$/, "")}${zoned ? "Z" : ""}`
}

/** Reads rows of JSON values of those types. */
export function jsonRows(types: readonly Typed[]): (row: readonly unknown[]) => Value[] {
  const reads = types.map(readOf)
  return (row) => reads.map((read, at) => (row[at] === null || row[at] === undefined ? null : read(row[at])))
}

const DAY = "\\d{4,6}-\\d\\d-\\d\\d"
/** The forms of key values, as a read gives them. */
const SPELLED: Readonly<Partial<Record<Column["type"], RegExp>>> = {
  integer: /^-?\d{1,19}$/,
  decimal: /^-?\d{1,38}(\.\d{1,38})?$/,
  date: new RegExp(`^${DAY}$`),
  timestamp: new RegExp(`^${DAY}T\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z?$`),
  boolean: /^(true|false)$/,
  bytes: /^[A-Za-z0-9+/]*=*$/,
}

/** Whether a text is a value of the type, as `jsonRows` gives it. */
export const isSpelled = (text: string, { type }: Pick<Column, "type">): boolean => SPELLED[type]?.test(text) !== false
