import type { Column, ColumnType } from "../../../../core/values.ts"
import { type Native, nativeOf, within } from "./native.ts"

type Described = Omit<Column, "name" | "nativeType" | "nullable">

const STRINGS = /^(String|UUID|IPv4|IPv6|Enum8|Enum16)$/
const OBJECTS = /^(JSON|Object|Map|Tuple|Nested|Point|Ring|LineString|MultiLineString|Polygon|MultiPolygon)$/
const FLOATS: Readonly<Record<string, number>> = { Float32: 32, BFloat16: 32, Float64: 64 }
const DIGITS: Readonly<Record<string, number>> = { Decimal32: 9, Decimal64: 18, Decimal128: 38, Decimal256: 76 }

/** Bits of an integer, one more when it is unsigned; undefined for other types. */
export function bitsOf({ name }: Native): number | undefined {
  const [, unsigned, bits] = /^(U?)Int(8|16|32|64|128|256)$/.exec(name) ?? []
  if (/^Interval[A-Z]/.test(name)) return 64
  return bits === undefined ? undefined : Number(bits) + (unsigned === "U" ? 1 : 0)
}

/** Digits and decimals of a decimal. */
export function digitsIn({ name, args: [first, second] }: Native): { readonly precision: number; readonly scale: number } | undefined {
  if (name === "Decimal") return { precision: Number(first ?? 10), scale: Number(second ?? 0) }
  const precision = DIGITS[name]
  return precision === undefined ? undefined : { precision, scale: Number(first ?? 0) }
}

/** Decimals of the seconds of `DateTime64` and `Time64`. */
export const secondsIn = ({ name, args }: Native): number => (name.endsWith("64") ? Number(args[0] ?? 3) : 0)

/** The type inside all arrays. */
function innermost(native: Native): Native {
  const inner = within(native).native
  return inner.name === "Array" && inner.holds[0] !== undefined ? innermost(inner.holds[0]) : inner
}

function describe(native: Native): Described {
  const { name, args } = native
  const bits = bitsOf(native)
  if (bits !== undefined) return { type: "integer", precision: bits }
  const digits = digitsIn(native)
  if (digits !== undefined) return { type: "decimal", ...digits }
  const float = FLOATS[name]
  if (float !== undefined) return { type: "float", precision: float }
  if (name === "Array") return { type: "array", elements: describe(innermost(native)).type }
  if (name === "FixedString") return { type: "bytes", maxLength: Number(args[0]) }
  if (name === "DateTime" || name === "DateTime64") return { type: "timestamp", zoned: true, precision: secondsIn(native) }
  if (name === "Time" || name === "Time64") return { type: "time", zoned: false, precision: secondsIn(native) }
  return { type: plain(name) }
}

function plain(name: string): ColumnType {
  if (STRINGS.test(name)) return "string"
  if (name === "Bool") return "boolean"
  if (name === "Date" || name === "Date32") return "date"
  return OBJECTS.test(name) ? "json" : "unknown"
}

/** A column by its type as ClickHouse spells it. Variants, dynamic values and states of aggregate functions are `unknown`. */
export function columnOf(name: string, nativeType: string): Column {
  const { native, nullable } = within(nativeOf(nativeType))
  return { name, nativeType, nullable, ...describe(native) }
}
