import { PlatformError } from "../../core/errors.ts"
import type { Column, Value } from "../../core/values.ts"
import { distinctNames } from "../shared/columns.ts"
import { parseJson } from "../shared/json.ts"
import { atOffset, epochDay, epochSeconds } from "../shared/sql/epoch.ts"
import { type Typed, type TypeRow, typeReader } from "../shared/sql/types.ts"

/** A column of a result (docs, SQL API reference, ResultSet_ResultSetMetaData_RowType). `type` is in lower case. */
export interface RowType {
  readonly name: string
  readonly type: string
  readonly precision?: number | null
  readonly scale?: number | null
  readonly length?: number | null
  readonly nullable?: boolean | null
}

const json = ["variant", "object", "map", "geography", "geometry"].map((name): TypeRow => ({ name, type: "json" }))
const timestamps = ["ntz", "ltz", "tz"].map((zone): TypeRow => ({ name: `timestamp_${zone}`, type: "timestamp", size: "seconds", zoned: zone !== "ntz" }))
const readType = typeReader([
  { name: "number", type: "decimal", size: "digits" },
  { name: "decfloat", type: "decimal" },
  { name: "float", type: "float", bits: 64 },
  { name: "varchar", type: "string", size: "length" },
  { name: "binary", type: "bytes", size: "length" },
  { name: "boolean", type: "boolean" },
  { name: "date", type: "date" },
  { name: "time", type: "time", size: "seconds", zoned: false },
  ...timestamps,
  ...json,
  { name: "array", type: "array" },
  { name: "vector", type: "array" },
])

/** The length of a VARCHAR and a BINARY for which none was given. */
const UNLIMITED: Readonly<Record<string, number>> = { string: 16_777_216, bytes: 8_388_608 }

/** A type as `DESCRIBE TABLE` spells it: `NUMBER(38,0)`, `VARCHAR(80)`, `OBJECT(a NUMBER(38,0))`. */
export function typed(nativeType: string): Typed {
  const whole = readType(nativeType)
  const { maxLength, precision, ...found } = whole.type === "unknown" ? { ...readType(/^\w*/.exec(nativeType)?.[0] ?? ""), nativeType } : whole
  if (/^number\b/i.test(nativeType) && (found.scale ?? 0) === 0) {
    const { scale: _, ...integer } = found
    return { ...integer, type: "integer", precision: Math.ceil((precision ?? 38) * Math.log2(10)) + 1 }
  }
  const limited = maxLength !== undefined && maxLength < (UNLIMITED[found.type] ?? 0)
  return { ...found, ...(precision === undefined ? {} : { precision }), ...(limited ? { maxLength } : {}) }
}

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
export function valuesOf(rows: readonly (readonly (string | null)[])[], found: readonly RowType[]): Value[][] {
  const readers = found.map(readerOf)
  return rows.map((cells) => readers.map((read, index) => read(cells[index] ?? null)))
}

function readerOf(column: RowType): (text: string | null) => Value {
  const type = column.type.toLowerCase()
  const small = type === "fixed" && (column.precision ?? 38) <= 15 && (column.scale ?? 0) === 0
  const read = small ? Number : READERS[type]
  return (text) => {
    if (text === null || read === undefined) return text
    const value = read(text)
    if (value !== undefined) return value
    throw new PlatformError(
      "response_invalid",
      `Snowflake sends ${column.name} in a form of its own; unset the user's ${type.toUpperCase()}_OUTPUT_FORMAT, or cast the column to text.`,
    )
  }
}

/** Docs, SQL API, Handling responses; undefined is a text that does not fit. What is not here is text. */
const READERS: Readonly<Record<string, (text: string) => Value | undefined>> = {
  real: (text) => (/^-?inf/i.test(text) ? `${text.startsWith("-") ? "-" : ""}Infinity` : Number.isFinite(Number(text)) ? Number(text) : "NaN"),
  boolean: (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined),
  binary: (text) => (/^([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, "hex").toString("base64") : undefined),
  date: epochDay,
  time: (text) => epochSeconds(text, "")?.replace(/^.*T/, ""),
  timestamp_ntz: (text) => epochSeconds(text, ""),
  timestamp_ltz: (text) => epochSeconds(text, "Z"),
  // `1616173619.000000000 960`: the minutes are the zone's offset plus 1,440.
  timestamp_tz: (text) => {
    const [, instant = "", offset = ""] = /^(\S+) (\d{1,4})$/.exec(text) ?? []
    return atOffset(instant, Number(offset) - 1_440)
  },
  ...Object.fromEntries([...json.map(({ name }) => name), "array", "vector"].map((name) => [name, semiStructured])),
}

/** JSON, except that `undefined` stands for NULL in an array; text that is not even that stays text. */
function semiStructured(text: string): Value {
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|\bundefined\b/g, (part) => (part === "undefined" ? "null" : part))
  try {
    return parseJson(strict)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
