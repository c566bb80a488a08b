import type { Column, Value } from "../../core/values.ts"
import { distinctNames } from "../shared/columns.ts"
import { atOffset, epochDay, epochSeconds } from "../shared/sql/epoch.ts"
import { hexIn, jsonIn, realIn, type TextReader, truthIn, valuesIn } from "../shared/sql/text-values.ts"
import { type TypeRow, typeReader } from "../shared/sql/types.ts"

/** A column of a result (docs, SQL API reference, ResultSet_ResultSetMetaData_RowType). `type` is in lower case. */
export interface RowType {
  readonly name: string
  readonly type: string
  readonly precision?: number | null
  readonly scale?: number | null
  readonly length?: number | null
  readonly nullable?: boolean | null
}

const json = ["variant", "object", "map", "geography", "geometry"].map((name): TypeRow => ({ name, type: "json", nested: true }))
const timestamps = ["ntz", "ltz", "tz"].map((zone): TypeRow => ({ name: `timestamp_${zone}`, type: "timestamp", size: "seconds", zoned: zone !== "ntz" }))

/** Reads a type as `DESCRIBE TABLE` spells it: `NUMBER(38,0)`, `VARCHAR(80)`, `OBJECT(a NUMBER(38,0))`. */
export const typed = typeReader([
  { name: "number", type: "decimal", size: "digits", integers: 38 },
  { name: "decfloat", type: "decimal" },
  { name: "float", type: "float", bits: 64 },
  { name: "varchar", type: "string", size: "length", unlimited: 16_777_216 },
  { name: "binary", type: "bytes", size: "length", unlimited: 8_388_608 },
  { name: "boolean", type: "boolean" },
  { name: "date", type: "date" },
  { name: "time", type: "time", size: "seconds", zoned: false },
  ...timestamps,
  ...json,
  { name: "array", type: "array", nested: true },
  { name: "vector", type: "array", nested: true },
])

/** Names of types in results and in INFORMATION_SCHEMA, as DESCRIBE has them. */
const NAMES: Readonly<Record<string, string>> = { fixed: "NUMBER", real: "FLOAT", text: "VARCHAR" }

/** A type from its parts; `size` is the length of text and bytes, `scale` the decimals of numbers and of seconds. */
export function nativeType(type: string, precision?: number | null, scale?: number | null, size?: number | null): string {
  const name = NAMES[type.toLowerCase()] ?? type.toUpperCase()
  if (name === "NUMBER") return `NUMBER(${precision ?? 38},${scale ?? 0})`
  if (name === "VARCHAR" || name === "BINARY") return size ? `${name}(${size})` : name
  return /^TIME/.test(name) && scale !== undefined && scale !== null ? `${name}(${scale})` : name
}

/** A column of a result; `length` is that of text and bytes. */
export const columnOf = ({ name, type, precision, scale, length, nullable }: RowType): Column => ({
  name,
  ...typed(nativeType(type, precision, scale, length)),
  nullable: nullable !== false,
})

/** A result's columns, each name once. */
export function columnsOf(found: readonly RowType[]): Column[] {
  const names = distinctNames(found.map(({ name }) => name))
  return found.map((each, index) => ({ ...columnOf(each), name: names[index] ?? "" }))
}

/** Rows as ours; throws `response_invalid` for a value that is not in the documented form. */
export const valuesOf = (rows: readonly (readonly (string | null)[])[], found: readonly RowType[]): Value[][] =>
  valuesIn(rows, found.map(textColumn), "Snowflake")

function textColumn({ name, type, precision, scale }: RowType) {
  const kind = type.toLowerCase()
  const small = kind === "fixed" && (precision ?? 38) <= 15 && (scale ?? 0) === 0
  return { name, read: small ? Number : READERS[kind], next: `unset the user's ${kind.toUpperCase()}_OUTPUT_FORMAT, or cast the column to text` }
}

/** Docs, SQL API, Handling responses. What is not here is text. */
const READERS: Readonly<Record<string, TextReader>> = {
  real: realIn,
  boolean: truthIn,
  binary: hexIn,
  date: epochDay,
  time: (text) => epochSeconds(text, "")?.replace(/^.*T/, ""),
  timestamp_ntz: (text) => epochSeconds(text, ""),
  timestamp_ltz: (text) => epochSeconds(text, "Z"),
  // `1616173619.000000000 960`: the minutes are the zone's offset plus 1,440.
  timestamp_tz: (text) => {
    const [, instant = "", offset = ""] = /^(\S+) (\d{1,4})$/.exec(text) ?? []
    return atOffset(instant, Number(offset) - 1_440)
  },
  ...Object.fromEntries([...json.map(({ name }) => name), "array", "vector"].map((name) => [name, jsonIn])),
}
