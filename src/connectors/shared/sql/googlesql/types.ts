import type { Column, Value } from "../../../../core/values.ts"
import { type Typed, type TypeRow, typeReader } from "../types.ts"

const json = ["json", "struct", "range"].map((name): TypeRow => ({ name, type: "json", nested: true }))

/** The types as GoogleSQL spells them (docs, Data types; INFORMATION_SCHEMA.COLUMNS, `data_type`). A decimal without digits has the most that its type holds. */
const ROWS: readonly TypeRow[] = [
  { name: "int64", type: "integer", bits: 64 },
  { name: "float64", type: "float", bits: 64 },
  { name: "numeric", type: "decimal", size: "digits" },
  { name: "bignumeric", type: "decimal", size: "digits" },
  { name: "bool", type: "boolean" },
  { name: "string", type: "string", size: "length" },
  { name: "bytes", type: "bytes", size: "length" },
  { name: "date", type: "date" },
  { name: "time", type: "time", zoned: false },
  { name: "datetime", type: "timestamp", zoned: false },
  { name: "timestamp", type: "timestamp", zoned: true },
  { name: "geography", type: "string" },
  { name: "interval", type: "string" },
  { name: "array", type: "array", nested: true },
  ...json,
]

const reader = typeReader(ROWS)
const DIGITS: Readonly<Record<string, readonly [number, number]>> = { NUMERIC: [38, 9], BIGNUMERIC: [76, 38] }

/** Reads a type as the system spells it. */
export function typedIn(native: string): Typed {
  const [precision, scale] = DIGITS[native] ?? []
  const elements = /^ARRAY<(.*)>$/s.exec(native)?.[1]
  return {
    ...reader(native),
    ...(precision === undefined || scale === undefined ? {} : { precision, scale }),
    ...(/^(TIME|DATETIME|TIMESTAMP)$/.test(native) ? { precision: 6 } : {}),
    ...(elements === undefined ? {} : { elements: reader(elements).type }),
  }
}

/** A column of that type. */
export const columnOf = (name: string, native: string, nullable: boolean): Column => ({ name, ...typedIn(native), nullable })

/** Whether a value of the type is one of many, or has parts. */
export const isNested = ({ type }: Pick<Column, "type">): boolean => type === "json" || type === "array"

/** A range's ends in its text, `[2020-01-01, UNBOUNDED)`; undefined for another text. */
export function rangeIn(text: string, read: (end: string) => Value | undefined): Value | undefined {
  const [, start, end] = /^\[([^,]+), ([^,)]+)\)$/.exec(text) ?? []
  if (start === undefined || end === undefined) return undefined
  const ends = [start, end].map((each) => (/^(UNBOUNDED|NULL)$/i.test(each) ? null : read(each)))
  return ends.includes(undefined) ? undefined : { start: ends[0] ?? null, end: ends[1] ?? null }
}
