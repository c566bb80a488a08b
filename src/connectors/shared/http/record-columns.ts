import { breathe } from "../../../core/breathe.ts"
import { PlatformError } from "../../../core/errors.ts"
import { mayLoseDigits } from "../../../core/exact-json.ts"
import type { Column, ColumnType, Row, Value } from "../../../core/values.ts"

/** The type of one value. A number that does not fit a double arrives as text: `long` if it is whole, else `exact`. */
type Seen = ColumnType | "long" | "exact"

/** Types that the values of records can widen. Any other type comes from a schema and does not change. */
const OPEN: ReadonlySet<Seen> = new Set(["string", "integer", "float", "decimal", "boolean", "json", "unknown", "long", "exact"])

/** The maximum number of columns: every row that is read has a place for each. */
const MOST_COLUMNS = 5_000
/** The number of values that are looked at before other work is served. */
const PART = 10_000

/**
 * The columns of records without a schema: the known ones, then those that the records add, each with the type that fits all values. A known type comes
 * from earlier records, so a value that does not fit widens it. Fails with `response_too_large` if there are more than 5,000 columns.
 */
export async function columnsOf(known: readonly Column[], rows: readonly Row[]): Promise<Column[]> {
  const found = new Map(known.map((column): [string, Column] => [column.name, column]))
  const types = new Map<string, Seen>(known.map(({ name, type }) => [name, type]))
  let since = 0
  for (const row of rows) {
    const entries = Object.entries(row)
    since += entries.length
    if (since > PART) {
      since = 0
      await breathe()
    }
    for (const [name, value] of entries) {
      const before = types.get(name) ?? "unknown"
      if (OPEN.has(before)) types.set(name, joined(before, typeOf(value)))
    }
    if (types.size > MOST_COLUMNS)
      throw new PlatformError(
        "response_too_large",
        `The records have more than ${MOST_COLUMNS} different members, which is the most that a stream may have as columns; find smaller records by Records.`,
      )
  }
  return [...types].map(([name, seen]) => {
    // Without other numbers in the column, a long number may be a text.
    const type = seen === "long" || seen === "exact" ? "string" : seen
    const column = found.get(name)
    return column === undefined ? { name, type, nativeType: "", nullable: true } : column.type === type ? column : { ...column, type }
  })
}

const NUMBERS: ReadonlySet<Seen> = new Set(["integer", "long", "float", "exact", "decimal"])

function joined(one: Seen, other: Seen): Seen {
  if (one === other || other === "unknown") return one
  if (one === "unknown") return other
  const both: readonly Seen[] = [one, other]
  if (!both.every((type) => NUMBERS.has(type))) return both.includes("string") && (both.includes("long") || both.includes("exact")) ? "string" : "json"
  if (both.includes("exact") || both.includes("decimal")) return both.includes("long") && both.includes("exact") ? "exact" : "decimal"
  if (both.includes("float")) return both.includes("long") ? "decimal" : "float"
  return "integer"
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

function typeOf(value: Value): Seen {
  if (value === null) return "unknown"
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "float"
  if (typeof value === "boolean") return "boolean"
  if (typeof value !== "string") return "json"
  if (value.length < 16 || !NUMBER.test(value) || !mayLoseDigits(value) || String(Number(value)) === value) return "string"
  return /^-?\d+$/.test(value) ? "long" : "exact"
}
