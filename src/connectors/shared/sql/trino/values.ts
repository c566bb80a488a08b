import { PlatformError } from "../../../../core/errors.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { withoutZeros } from "../../fraction.ts"
import { parseJsonCell } from "../../json.ts"
import { type Typed, type TypeRow, typeReader } from "../types.ts"
import { isoTime } from "./times.ts"

const rows: readonly TypeRow[] = [
  { name: "boolean", type: "boolean" },
  { name: "tinyint", type: "integer", bits: 8 },
  { name: "smallint", type: "integer", bits: 16 },
  { name: "integer", type: "integer", bits: 32 },
  { name: "bigint", type: "integer", bits: 64 },
  { name: "real", type: "float", bits: 32 },
  { name: "double", type: "float", bits: 64 },
  { name: "decimal", type: "decimal", size: "digits" },
  { name: "varchar", type: "string", size: "length" },
  { name: "char", type: "string", size: "length" },
  { name: "varbinary", type: "bytes" },
  { name: "date", type: "date" },
  { name: "time", type: "time", size: "seconds", zoned: false },
  { name: "time with time zone", type: "time", size: "seconds", zoned: true },
  { name: "timestamp", type: "timestamp", size: "seconds", zoned: false },
  { name: "timestamp with time zone", type: "timestamp", size: "seconds", zoned: true },
  ...["interval day to second", "interval year to month", "uuid", "ipaddress"].map((name): TypeRow => ({ name, type: "string" })),
  { name: "json", type: "json" },
  { name: "map", type: "json", nested: true },
  { name: "row", type: "json", nested: true },
  { name: "array", type: "array", nested: true },
]

const reader = typeReader(rows)

/** A type as Trino spells it: `timestamp(6) with time zone`, `array(row(a bigint))`. Sketches and shapes are `unknown`. */
export function typed(native: string): Typed {
  const found = reader(native)
  if (found.type !== "array") return found
  const inner = native.slice(native.indexOf("(") + 1, native.lastIndexOf(")"))
  // As far as dimensions go, an array of arrays is one of their elements.
  const { type, elements = type } = typed(inner)
  return { ...found, elements }
}

/** A type as a result describes it (docs, Trino client REST API; `ClientTypeSignature` of its client). */
interface Signature {
  readonly rawType: string
  readonly arguments?: readonly { readonly kind: string; readonly value: unknown }[]
}

type Read = (value: unknown) => Value

const asItIs: Read = (value) => value as Value

/** How JSON has values of each type, where it is not how we have them. */
const READS: Readonly<Record<string, Read>> = {
  bigint: String,
  // NaN and the infinities come as texts, and so does a number that lost its digits on the way.
  real: numberIn,
  double: numberIn,
  json: (value) => parseJsonCell(String(value)),
  time: (value) => withoutZeros(String(value)),
  "time with time zone": (value) => String(value).replace(/^(.*)([+-]\d\d:\d\d)$/, (_, time: string, zone: string) => `${withoutZeros(time)}${zone}`),
  timestamp: isoTime,
  "timestamp with time zone": isoTime,
}

function numberIn(value: unknown): Value {
  return typeof value === "number" ? value : /\d/.test(String(value)) ? Number(value) : String(value)
}

/** Reads a value of that type, at any depth; the server decides the depth, so it is bounded by the JSON that it comes in. */
function readerOf({ rawType, arguments: given = [] }: Signature): Read {
  const [first, second] = given
  switch (rawType) {
    case "array":
      return each(readerOf(first?.value as Signature))
    case "map": {
      const read = orNull(readerOf(second?.value as Signature))
      return (value) => Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, read(one)]))
    }
    case "row":
      return rowReader(given.map(({ value }) => value as { readonly fieldName?: { readonly name: string }; readonly typeSignature: Signature }))
    default:
      return READS[rawType] ?? asItIs
  }
}

const orNull =
  (read: Read): Read =>
  (value) =>
    value === null || value === undefined ? null : read(value)

const each = (read: Read): Read => {
  const one = orNull(read)
  return (value) => (value as readonly unknown[]).map(one)
}

/** A row is an object, or a list if its fields have no names, or not each its own. */
function rowReader(fields: readonly { readonly fieldName?: { readonly name: string } | null; readonly typeSignature: Signature }[]): Read {
  const reads = fields.map(({ typeSignature }) => orNull(readerOf(typeSignature)))
  const names = fields.flatMap(({ fieldName }) => (fieldName ? [fieldName.name] : []))
  const listed = (value: unknown): Value[] => reads.map((read, index) => read((value as readonly unknown[])[index]))
  return new Set(names).size === fields.length ? (value) => Object.fromEntries(listed(value).map((one, index) => [names[index] ?? "", one])) : listed
}

/** `decimal(38, 10)` of a result is `decimal(38,10)` in catalogs. */
const spelledAsCatalogsDo = (type: string): string => type.replace(/(decimal\(\d+), (?=\d)/gi, "$1,")

/** A result's columns, and how its rows are read. */
export interface Described {
  readonly columns: readonly Column[]
  rows(data: readonly (readonly unknown[])[]): Value[][]
}

/** The columns of a result as an answer names them; throws `response_invalid` for what no Trino says. */
export function describedBy(given: unknown): Described {
  try {
    const columns = given as readonly { readonly name: string; readonly type: string; readonly typeSignature: Signature }[]
    const names = distinctNames(columns.map(({ name }) => name))
    const reads = columns.map(({ typeSignature }) => orNull(readerOf(typeSignature)))
    return {
      columns: columns.map(({ type }, index) => ({ name: names[index] ?? "", ...typed(spelledAsCatalogsDo(type)), nullable: true })),
      rows: (data) => guarded(() => data.map((row) => reads.map((read, index) => read(row[index])))),
    }
  } catch (error) {
    throw notTrino(error)
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw notTrino(error)
  }
}

const notTrino = (cause: unknown): Error =>
  cause instanceof PlatformError
    ? cause
    : new PlatformError("response_invalid", "The answer has values in a form that Trino does not use; check for a proxy between it and the hub.", { cause })
