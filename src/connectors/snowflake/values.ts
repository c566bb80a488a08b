import { PlatformError } from "../../core/errors.ts"
import type { Column, ColumnType, Value } from "../../core/values.ts"
import { parseJson } from "../shared/json.ts"
import type { Binding, Cells } from "./statements.ts"

/** A column of a result (docs, SQL API reference, ResultSet_ResultSetMetaData_RowType). `type` is in lower case. */
export interface RowType {
  readonly name: string
  readonly type: string
  readonly precision?: number | null
  readonly scale?: number | null
  readonly length?: number | null
  readonly nullable?: boolean | null
}

const TYPES: Readonly<Record<string, ColumnType>> = {
  number: "decimal",
  decfloat: "decimal",
  float: "float",
  varchar: "string",
  binary: "bytes",
  boolean: "boolean",
  date: "date",
  time: "time",
  timestamp_ntz: "timestamp",
  timestamp_ltz: "timestamp",
  timestamp_tz: "timestamp",
  variant: "json",
  object: "json",
  map: "json",
  geography: "json",
  geometry: "json",
  array: "array",
  vector: "array",
}

/** The type of a column as `DESCRIBE TABLE` spells it: `NUMBER(38,0)`, `VARCHAR(80)`, `TIMESTAMP_NTZ(9)`. */
export function columnType(nativeType: string): ColumnType {
  const [, word = "", , scale] = /^(\w+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+))?)?/.exec(nativeType) ?? []
  if (word.toLowerCase() === "number") return scale === undefined || Number(scale) === 0 ? "integer" : "decimal"
  return TYPES[word.toLowerCase()] ?? "unknown"
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

/** A result's columns; a name that comes again gets `_2`, `_3`. */
export function columnsOf(found: readonly RowType[]): Column[] {
  const taken = new Set(found.map(({ name }) => name))
  const used = new Set<string>()
  return found.map((each) => {
    let { name } = each
    for (let count = 2; used.has(name); count++) if (!taken.has(`${each.name}_${count}`)) name = `${each.name}_${count}`
    used.add(name)
    const native = nativeType(each.type, each.precision, each.scale, each.length)
    return { name, type: columnType(native), nativeType: native, nullable: each.nullable !== false }
  })
}

/** Rows as ours; throws `response_invalid` for a value that is not in the documented form. */
export function valuesOf(rows: readonly Cells[], found: readonly RowType[]): Value[][] {
  const readers = found.map(readerOf)
  return rows.map((cells) => readers.map((read, index) => read(cells[index] ?? null)))
}

type Reader = (text: string | null) => Value

function readerOf(column: RowType): Reader {
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
  date: (text) => (/^-?\d+$/.test(text) ? iso(BigInt(text) * 86_400n).slice(0, -"T00:00:00".length) : undefined),
  time: (text) => moment(text, "")?.replace(/^.*T/, ""),
  timestamp_ntz: (text) => moment(text, ""),
  timestamp_ltz: (text) => moment(text, "Z"),
  timestamp_tz: zoned,
  variant: json,
  object: json,
  map: json,
  array: json,
  vector: json,
  geography: json,
  geometry: json,
}

/** Seconds since the epoch with a fraction → ISO 8601; `shiftMin` is what a clock in the zone shows more. */
function moment(text: string, zone: string, shiftMin = 0): string | undefined {
  const [, sign = "", whole, digits = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  // -1.25 s is the second before, and 0.75 of it: in nanoseconds floor and remainder say so.
  const nanos = BigInt(`${sign}${whole}${digits.padEnd(9, "0")}`)
  const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = (nanos - rest) / 1_000_000_000n + BigInt(shiftMin * 60)
  const fraction = String(rest).padStart(9, "0").replace(/0+$/, "")
  return `${iso(seconds)}${fraction === "" ? "" : `.${fraction}`}${zone}`
}

const iso = (seconds: bigint): string => new Date(Number(seconds) * 1_000).toISOString().slice(0, -".000Z".length)

/** `1616173619.000000000 960`: the minutes are the zone's offset plus 1,440. */
function zoned(text: string): string | undefined {
  const [instant = "", offset = "", ...more] = text.split(" ")
  if (!/^\d{1,4}$/.test(offset) || more.length > 0) return undefined
  const minutes = Number(offset) - 1_440
  const size = Math.abs(minutes)
  const two = (part: number): string => String(part).padStart(2, "0")
  const zone = minutes === 0 ? "Z" : `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`
  return moment(instant, zone, minutes)
}

/** JSON but for `undefined`, which stands for NULL in an array; text that is not even that stays text. */
function json(text: string): Value {
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|\bundefined\b/g, (part) => (part === "undefined" ? "null" : part))
  try {
    return parseJson(strict)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

/** Parameters of a query as bind variables; what JSON alone can say goes as its text. */
export function bindingsOf(params: readonly Value[]): Binding[] {
  return params.map((value): Binding => {
    if (value === null) return { type: "TEXT", value: null }
    if (typeof value === "number") return { type: Number.isInteger(value) ? "FIXED" : "REAL", value: String(value) }
    if (typeof value === "boolean") return { type: "BOOLEAN", value: String(value) }
    return { type: "TEXT", value: typeof value === "string" ? value : JSON.stringify(value) }
  })
}
