import type { Column, ColumnType, Row, Value } from "../../../core/values.ts"

/** The columns of records that have no schema: those that are known, and then those that the records add, with the type that fits all their values. */
export function columnsOf(known: readonly Column[], rows: readonly Row[]): Column[] {
  const found = new Map(known.map((column) => [column.name, column]))
  const fixed = new Set(found.keys())
  for (const row of rows)
    for (const [name, value] of Object.entries(row)) {
      if (fixed.has(name)) continue
      const type = typeOf(value)
      const before = found.get(name)
      const both = before === undefined || before.type === "unknown" ? type : type === "unknown" ? before.type : joined(before.type, type)
      found.set(name, { name, type: both, nativeType: "", nullable: true })
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
