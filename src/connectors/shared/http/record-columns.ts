import { breathe } from "../../../core/breathe.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Column, ColumnType, Row, Value } from "../../../core/values.ts"

/** Columns at most: every row that is read has a place for each. */
const MOST_COLUMNS = 5_000
/** Values that are looked at in a row before others are served. */
const PART = 10_000

/**
 * The columns of records that have no schema: those that are known, and then those that the records add, with the type
 * that fits all their values. More than 5,000 of them are `response_too_large`.
 */
export async function columnsOf(known: readonly Column[], rows: readonly Row[]): Promise<Column[]> {
  const found = new Map(known.map((column) => [column.name, column]))
  const fixed = new Set(found.keys())
  let since = 0
  for (const row of rows) {
    const entries = Object.entries(row)
    since += entries.length
    if (since > PART) {
      since = 0
      await breathe()
    }
    for (const [name, value] of entries) {
      if (fixed.has(name)) continue
      const type = typeOf(value)
      const before = found.get(name)
      const both = before === undefined || before.type === "unknown" ? type : type === "unknown" ? before.type : joined(before.type, type)
      found.set(name, { name, type: both, nativeType: "", nullable: true })
    }
    if (found.size > MOST_COLUMNS)
      throw new PlatformError(
        "response_too_large",
        `The records have more than ${MOST_COLUMNS} different members, which is the most that a stream may have as columns; find smaller records by Records.`,
      )
  }
  return [...found.values()]
}

const joined = (one: ColumnType, other: ColumnType): ColumnType =>
  one === other ? one : [one, other].every((type) => type === "integer" || type === "float") ? "float" : "json"

function typeOf(value: Value): ColumnType {
  if (value === null) return "unknown"
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "float"
  if (typeof value === "boolean") return "boolean"
  return typeof value === "string" ? "string" : "json"
}
