import type { Column, Value } from "../../core/values.ts"

/** What a column's values are; `bigint` is whole numbers of which some are beyond 15 digits, all of them text then. */
export const KINDS = ["text", "integer", "bigint", "decimal", "boolean", "date", "timestamp"] as const
export type Kind = (typeof KINDS)[number]

const INTEGER = /^(?:0|-?[1-9]\d{0,37})$/
const DECIMAL = /^-?(?:0|[1-9]\d{0,99})\.\d{1,100}$/
const BOOLEAN = /^(?:true|false)$/i
const DASH = 45
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d(?:\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/
/** Digits that every JSON number keeps. */
const SAFE_DIGITS = 15

/** The narrowest kind of a value. A number with leading zeros, a plus or an exponent is text: it would not be written back as it was. */
function kindOf(value: string): Kind {
  const first = value.charCodeAt(0)
  // A digit or a minus: all kinds but truth begin so.
  if (first === DASH || (first >= 48 && first <= 57)) {
    if (value.charCodeAt(4) === DASH) return isDate(value) ? "date" : isTimestamp(value) ? "timestamp" : "text"
    if (INTEGER.test(value)) return value.length <= SAFE_DIGITS ? "integer" : "bigint"
    return DECIMAL.test(value) ? "decimal" : "text"
  }
  return BOOLEAN.test(value) ? "boolean" : "text"
}

/** The kind of a column that has values of both; undefined is a column without a value so far. */
export function joined(kind: Kind | undefined, value: string | null): Kind | undefined {
  if (kind === "text" || value === null || value === "") return kind
  const other = kindOf(value)
  if (kind === undefined || kind === other) return other
  const numbers = WIDTH[kind] !== undefined && WIDTH[other] !== undefined
  if (!numbers) return "text"
  return (WIDTH[kind] ?? 0) > (WIDTH[other] ?? 0) ? kind : other
}

const WIDTH: Readonly<Partial<Record<Kind, number>>> = { integer: 1, bigint: 2, decimal: 3 }

/** A value of a column of that kind on our wires; undefined when it is none. Nothing, and quotes around nothing but in a text, are null. */
export function converted(kind: Kind, text: string | null): Value | undefined {
  if (text === null || kind === "text") return text
  if (text === "") return null
  switch (kind) {
    case "integer":
      return INTEGER.test(text) && text.length <= SAFE_DIGITS ? Number(text) : undefined
    case "bigint":
      return INTEGER.test(text) ? text : undefined
    case "decimal":
      return DECIMAL.test(text) || INTEGER.test(text) ? text : undefined
    case "boolean":
      return BOOLEAN.test(text) ? text.toLowerCase() === "true" : undefined
    case "date":
      return isDate(text) ? text : undefined
    case "timestamp":
      return isTimestamp(text) ? timestamp(text) : undefined
  }
}

/** A column of the catalog for a kind, and back. */
export const columnOf = (name: string, kind: Kind): Column => ({
  name,
  type: kind === "text" ? "string" : kind === "bigint" ? "integer" : kind,
  nativeType: kind,
  nullable: true,
})
export const kindNamed = (name: string): Kind | undefined => KINDS.find((kind) => kind === name)

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** By its characters, since every cell of a large file comes by here. */
function isDate(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return false
  let digits = 0
  for (let index = 0; index < 10; index++) {
    if (index === 4 || index === 7) continue
    const digit = text.charCodeAt(index) - 48
    if (digit < 0 || digit > 9) return false
    digits = digits * 10 + digit
  }
  const [year, month, day] = [Math.floor(digits / 10_000), Math.floor(digits / 100) % 100, digits % 100]
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day >= 1 && day <= (DAYS[month - 1] ?? 0) + (leap ? 1 : 0)
}

const isTimestamp = (text: string): boolean => isDate(TIMESTAMP.exec(text)?.[1] ?? "")

/** ISO 8601: `T`, seconds, and a colon in the zone; without a zone when the file has none. */
function timestamp(text: string): string {
  const [, date, hour, minute, seconds = ":00", zone = ""] = TIMESTAMP.exec(text) ?? []
  return `${date}T${hour}:${minute}${seconds}${/^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`
}
