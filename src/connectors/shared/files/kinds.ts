import type { Column, Value } from "../../../core/values.ts"

/** The kinds of value that a text can be. A `bigint` column has whole numbers of which some have more than 15 digits, so all are returned as text. */
export const TEXT_KINDS = ["text", "integer", "bigint", "decimal", "boolean", "date", "timestamp"] as const
/** The kinds that JSON has in addition. */
export const KINDS = [...TEXT_KINDS, "float", "json"] as const
export type Kind = (typeof KINDS)[number]

const INTEGER = /^(?:0|-?[1-9]\d{0,37})$/
const DECIMAL = /^-?(?:0|[1-9]\d{0,99})\.\d{1,100}$/
const BOOLEAN = /^(?:true|false)$/i
const DASH = 45
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ]([01]\d|2[0-3]):([0-5]\d)(:[0-5]\d(?:\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/
/** The number of digits that every JSON number keeps. */
const SAFE_DIGITS = 15
/** The number of digits that 64 bits always hold. */
const DIGITS_OF_64_BITS = 18

/** The narrowest kind of a text. A number with leading zeros, a plus sign or an exponent is text, because it would not be written back unchanged. */
export function kindOf(value: string): Kind {
  const first = value.charCodeAt(0)
  // All kinds except booleans begin with a digit or a minus sign.
  if (first === DASH || (first >= 48 && first <= 57)) {
    if (value.charCodeAt(4) === DASH) return isDate(value) ? "date" : isTimestamp(value) ? "timestamp" : "text"
    if (INTEGER.test(value)) return value.length <= SAFE_DIGITS ? "integer" : "bigint"
    return DECIMAL.test(value) ? "decimal" : "text"
  }
  return BOOLEAN.test(value) ? "boolean" : "text"
}

/** The kind of a column that has texts of both kinds; undefined means a column without a value so far. */
export function joined(kind: Kind | undefined, value: string | null): Kind | undefined {
  if (kind === "text" || value === null || value === "") return kind
  const other = kindOf(value)
  return kind === undefined || kind === other ? other : joinedKinds(kind, other, "text")
}

/** The numeric kind that holds all values of both; `otherwise` for any other pair. */
export function joinedKinds(kind: Kind, other: Kind, otherwise: "text" | "json"): Kind {
  if (kind === other) return kind
  const [one, two] = [HOLDS[kind], HOLDS[other]]
  if (one === undefined || two === undefined) return otherwise
  return one.includes(other) ? kind : two.includes(kind) ? other : "decimal"
}

/** The other kinds that a numeric kind can hold. */
const HOLDS: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  integer: [],
  bigint: ["integer"],
  float: ["integer"],
  decimal: ["integer", "bigint", "float"],
}

/** Converts a text to a value of that kind as the API spells it; undefined if it is not one. An empty text is null, except for the kind `text`. */
export function converted(kind: Kind, text: string | null): Value | undefined {
  if (text === null || kind === "text" || kind === "json") return text
  if (text === "") return null
  switch (kind) {
    case "integer":
      return INTEGER.test(text) && text.length <= SAFE_DIGITS ? Number(text) : undefined
    case "bigint":
      return INTEGER.test(text) ? text : undefined
    case "decimal":
      return DECIMAL.test(text) || INTEGER.test(text) ? text : undefined
    case "float":
      return DECIMAL.test(text) || INTEGER.test(text) ? Number(text) : undefined
    case "boolean":
      return BOOLEAN.test(text) ? text.toLowerCase() === "true" : undefined
    case "date":
      return isDate(text) ? text : undefined
    case "timestamp":
      return isTimestamp(text) ? timestamp(text) : undefined
  }
}

/** The properties that all texts of a column have in common, in addition to their kind. */
export class ColumnFacts {
  kind: Kind | undefined
  #digits = 0
  #scale = 0
  #zoned: boolean | "mixed" | undefined

  constructor(kind?: Kind) {
    this.kind = kind
  }

  /** Widens the kind so that it holds the text as well. */
  join(text: string | null): void {
    this.kind = joined(this.kind, text)
    this.note(text)
  }

  /** Takes into account a text of a kind that is given. */
  note(text: string | null): void {
    if (text === null || text === "") return
    if (this.kind === "timestamp") {
      const zoned = (TIMESTAMP.exec(text)?.[5] ?? "") !== ""
      this.#zoned = this.#zoned === undefined || this.#zoned === zoned ? zoned : "mixed"
    } else if (this.kind === "decimal" || this.kind === "integer" || this.kind === "bigint") {
      const point = text.indexOf(".")
      const whole = (point < 0 ? text.length : point) - (text.charCodeAt(0) === DASH ? 1 : 0)
      if (whole > this.#digits) this.#digits = whole
      if (point >= 0 && text.length - point - 1 > this.#scale) this.#scale = text.length - point - 1
    }
  }

  column(name: string): Column {
    const { kind } = this
    const column = columnOf(name, kind)
    if (kind === "decimal" && this.#digits > 0) return { ...column, precision: this.#digits + this.#scale, scale: this.#scale }
    if (kind === "bigint" && this.#digits > DIGITS_OF_64_BITS) return { ...column, type: "decimal", precision: this.#digits, scale: 0 }
    if (kind === "bigint" && this.#digits > 0) return { ...column, precision: 64 }
    if (kind === "timestamp" && typeof this.#zoned === "boolean") return { ...column, zoned: this.#zoned }
    return column
  }
}

/** A column of the catalog for a kind; its type is unknown if no value showed its kind. */
export const columnOf = (name: string, kind: Kind | undefined): Column => ({
  name,
  type: kind === undefined ? "unknown" : kind === "text" ? "string" : kind === "bigint" ? "integer" : kind,
  nativeType: kind ?? "",
  nullable: true,
  ...(kind === "integer" || kind === "float" ? { precision: 64 } : {}),
})

/** The columns that a caller sees: a column without any value is text. */
export const settled = (columns: readonly Column[]): Column[] =>
  columns.map((column) => (column.type === "unknown" && column.nativeType === "" ? columnOf(column.name, "text") : column))

/** The kind in which a column's values are returned: its own, or for columns of other systems the one of its type. */
export function kindOfColumn({ nativeType, type }: Pick<Column, "nativeType" | "type">): Kind {
  const own = KINDS.find((kind) => kind === nativeType)
  if (own !== undefined) return own
  if (type === "integer") return "bigint"
  if (type === "array") return "json"
  return KINDS.find((kind) => kind === type) ?? "text"
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Compares characters instead of using a regular expression, since every cell of a large file passes through here. */
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
