import { ExactNumber, type Value } from "../../../../core/values.ts"
import { withoutZeros } from "../../fraction.ts"
import { inUtc } from "../../instants.ts"
import { plainNumber } from "../../plain-number.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"
import { escaped, type Native, nativeOf, within } from "./native.ts"
import { bitsOf, digitsIn, secondsIn } from "./types.ts"

/**
 * Encodes a value for a column as a cell of TabSeparated, with one character for each byte. ClickHouse itself takes numbers and dates that
 * do not fit and stores others in their place, so each is checked here; throws `Unfit`.
 */
export function encodeCell(value: Value, nativeType: string): string {
  const { native, nullable } = within(nativeOf(nativeType))
  if (value !== null) return nested(native) ? literalOf(value, native) : cellOf(value, native)
  if (!nullable) throw new Unfit("the column takes no empty value")
  return "\\N"
}

/** A text as its bytes in UTF-8, with one character for each. */
export const latin = (text: string): string => Buffer.from(wellFormed(text), "utf8").toString("latin1")

const nested = ({ name }: Native): boolean => ["Array", "Map", "Tuple", "Nested"].includes(name)

/** A value inside of an array, a map or a tuple, or one of these as a whole. */
function literalOf(value: Value, outer: Native): string {
  const { native, nullable } = within(outer)
  if (value === null) {
    if (!nullable) throw new Unfit(`${native.name} takes no empty value`)
    return "NULL"
  }
  const [first, second] = native.holds
  if (native.name === "Array" && first !== undefined) return `[${listOf(value, "a list").map((each) => literalOf(each, first))}]`
  if (native.name === "Tuple") return `(${elementsOf(value, native).map((each, index) => literalOf(each, native.holds[index] ?? native))})`
  if (native.name === "Map" && first !== undefined && second !== undefined)
    return `{${Object.entries(objectOf(value)).map(([key, each]) => `${literalOf(key, first)}:${literalOf(each, second)}`)}}`
  if (native.name === "Nested") {
    const tuple: Native = { ...native, name: "Tuple" }
    return `[${listOf(value, "a list").map((each) => literalOf(each, tuple))}]`
  }
  const cell = cellOf(value, native)
  return isBare(native) ? cell : `'${cell}'`
}

/** A value that is none of these, with its backslashes. Bytes are hexadecimal digits, which pass through every proxy. */
const cellOf = (value: Value, native: Native): string =>
  native.name === "FixedString" ? fixedOf(value, Number(native.args[0])) : escaped(scalarOf(value, native))

const isBare = (native: Native): boolean => bitsOf(native) !== undefined || digitsIn(native) !== undefined || /^(B?Float\d\d|Bool)$/.test(native.name)

function listOf(value: Value, what: string): readonly Value[] {
  if (!Array.isArray(value)) throw new Unfit(`it is not ${what}`)
  return value as readonly Value[]
}

function objectOf(value: Value): Readonly<Record<string, Value>> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof ExactNumber) throw new Unfit("it is not an object")
  return value as Readonly<Record<string, Value>>
}

/** A tuple's elements in order. One with names takes an object with all of them, and no others. */
function elementsOf(value: Value, { names, holds }: Native): readonly Value[] {
  if (Array.isArray(value)) {
    if (value.length !== holds.length) throw new Unfit(`a tuple of ${holds.length} values is needed, and it has ${value.length}`)
    return value as readonly Value[]
  }
  const object = objectOf(value)
  const other = Object.keys(object).find((name) => !names.includes(name))
  if (other !== undefined) throw new Unfit(`the tuple has no element ${other}`)
  return names.map((name) => (Object.hasOwn(object, name) ? (object[name] ?? null) : null))
}

function scalarOf(value: Value, native: Native): string {
  const bits = bitsOf(native)
  if (bits !== undefined) return integerOf(value, bits, native.name.startsWith("U"))
  const digits = digitsIn(native)
  if (digits !== undefined) return decimalOf(value, digits)
  switch (native.name) {
    case "Float32":
    case "Float64":
    case "BFloat16":
      return floatOf(value, native.name)
    case "Bool":
      return truthOf(value)
    case "Date":
    case "Date32":
    case "DateTime":
    case "DateTime64":
      return momentOf(value, native)
    case "JSON":
    case "Object":
      return latin(JSON.stringify(typeof value === "string" ? value : objectOf(value)))
    default:
      return latin(asText(value))
  }
}

const numberText = (value: Value): string =>
  typeof value === "string" || typeof value === "number" || value instanceof ExactNumber ? plainNumber(String(value)) : ""

function integerOf(value: Value, bits: number, unsigned: boolean): string {
  const text = typeof value === "boolean" ? String(Number(value)) : numberText(value)
  if (!/^-?\d{1,80}$/.test(text)) throw new Unfit(`it is not a whole number`)
  const size = BigInt(unsigned ? bits - 1 : bits)
  const [least, most] = unsigned ? [0n, 2n ** size - 1n] : [-(2n ** (size - 1n)), 2n ** (size - 1n) - 1n]
  const number = BigInt(text)
  if (number < least || number > most) throw new Unfit(`the number must lie between ${least} and ${most}`)
  return String(number)
}

function decimalOf(value: Value, { precision, scale }: NonNullable<ReturnType<typeof digitsIn>>): string {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)0*(\d*)(?:\.(\d+))?$/.exec(numberText(value)) ?? []
  if (whole === "" && fraction === "" && !/^-?0+$/.test(numberText(value))) throw new Unfit("it is not a number")
  const kept = withoutZeros(`.${fraction || "0"}`).slice(1)
  if (whole.length > precision - scale || kept.length > scale)
    throw new Unfit(`the number has more than ${precision - scale} digits, or more than ${scale} decimals`)
  return `${sign}${whole || "0"}${kept === "" ? "" : `.${kept}`}`
}

function floatOf(value: Value, type: string): string {
  const text = typeof value === "boolean" ? "" : String(value)
  if (/^-?Infinity$/.test(text)) return text.replace("Infinity", "inf")
  if (text === "NaN") return "nan"
  if (text.trim() === "" || Number.isNaN(Number(text))) throw new Unfit("it is not a number")
  // ClickHouse stores an infinity in the place of a number that is too large.
  if (!Number.isFinite(type === "Float64" ? Number(text) : Math.fround(Number(text)))) throw new Unfit(`the number is too large for ${type}`)
  return text
}

function truthOf(value: Value): string {
  if (value === true || value === 1 || value === "true" || value === "1") return "true"
  if (value === false || value === 0 || value === "false" || value === "0") return "false"
  throw new Unfit("it is neither true nor false")
}

function fixedOf(value: Value, length: number): string {
  const bytes = bytesOf(value)
  if (bytes.length > length) throw new Unfit(`it has ${bytes.length} bytes, and ${length} are stored`)
  return bytes.toString("hex").replace(/../g, "\\x$&")
}

/** The first and the last moment of each type (docs, Data types). Nanoseconds end earlier. */
const RANGES: Readonly<Record<string, readonly [string, string]>> = {
  Date: ["1970-01-01", "2149-06-06"],
  Date32: ["1900-01-01", "2299-12-31"],
  DateTime: ["1970-01-01T00:00:00", "2106-02-07T06:28:15"],
  DateTime64: ["1900-01-01T00:00:00", "2299-12-31T23:59:59.99999999"],
  Nanoseconds: ["1900-01-01T00:00:00", "2262-04-11T23:47:16.854775807"],
}

/** A date, or an instant in UTC: a time without a zone counts as one of UTC. */
function momentOf(value: Value, native: Native): string {
  const { name } = native
  const text = typeof value === "string" ? inUtc(value.replace(/^(\d{4}-\d\d-\d\d) /, "$1T")) : ""
  const [, day = "", clock = "T00:00:00", fraction = ""] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)?(\.\d{1,12})?Z?$/.exec(text) ?? []
  const shown = Date.parse(`${day}${clock}Z`)
  if (Number.isNaN(shown) || new Date(shown).toISOString().slice(0, 10) !== day) throw new Unfit("it is no date, or no time in ISO 8601")
  const kept = withoutZeros(fraction)
  if (name.startsWith("DateTime")) {
    const seconds = secondsIn(native)
    if (kept.length - 1 > seconds) throw new Unfit(`the time has more than ${seconds} decimals of a second`)
    return `${inRange(`${day}${clock}${kept}`, seconds === 9 ? "Nanoseconds" : name)}Z`
  }
  if (clock !== "T00:00:00" || kept !== "") throw new Unfit("it is a time of day, and a date is stored")
  return inRange(day, name)
}

function inRange(text: string, type: string): string {
  const [least = "", most = ""] = RANGES[type] ?? []
  if (text < least || text > most) throw new Unfit(`it must lie between ${least} and ${most}`)
  return text
}
