import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import { withoutZeros } from "../../fraction.ts"
import { parseJsonCell } from "../../json.ts"
import { literalIn, type ReadScalar } from "./literals.ts"
import { type Native, nativeOf, unescaped, within } from "./native.ts"
import { bitsOf } from "./types.ts"

/** Reads a cell of a row in TabSeparated, with one character for each of its bytes. */
export type ReadCell = (cell: string) => Value

/** Integers of up to so many bits are JSON numbers. */
const NUMBER_BITS = 53
const NESTED: ReadonlySet<string> = new Set(["Array", "Map", "Tuple", "Nested", "Point", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon"])
const utf8 = new TextDecoder("utf-8", { fatal: true })
const BEYOND_ASCII = /[\x80-\xff]/

/** The text that the bytes are in UTF-8; undefined if they are none. */
function textIn(bytes: string): string | undefined {
  if (!BEYOND_ASCII.test(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, "latin1"))
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function stringOf(bytes: string, name: string): string {
  const text = textIn(bytes)
  if (text !== undefined) return text
  throw new PlatformError("response_invalid", `The column ${name} holds bytes that are no text in UTF-8; select base64Encode() or hex() of it.`)
}

/** How the cells of a column are read. Values of 64 bits and decimals stay texts, bytes become base64. */
export function cellReader(name: string, nativeType: string): ReadCell {
  const { native } = within(nativeOf(nativeType))
  const scalar: ReadScalar = (bytes, type) => scalarIn(bytes, type, name)
  // Inside of these only the texts have backslashes, and they have their own.
  const read: ReadCell = NESTED.has(native.name) ? (cell) => literalIn(cell, native, scalar) : (cell) => scalar(unescaped(cell), native)
  return (cell) => (cell === "\\N" ? null : read(cell))
}

function scalarIn(bytes: string, native: Native, column: string): Value {
  const { name } = native
  const bits = bitsOf(native)
  if (bits !== undefined) return bits <= NUMBER_BITS ? Number(bytes) : bytes
  switch (name) {
    case "Float32":
    case "Float64":
    case "BFloat16":
      return floatIn(bytes)
    case "Bool":
      return bytes === "true" || bytes === "1"
    case "FixedString":
    case "AggregateFunction":
      return Buffer.from(bytes, "latin1").toString("base64")
    case "JSON":
    case "Object":
      return parseJsonCell(stringOf(bytes, column))
    case "DateTime":
    case "DateTime64":
      return instantIn(bytes)
    case "Dynamic":
    case "Variant":
      return textIn(bytes) ?? Buffer.from(bytes, "latin1").toString("base64")
    default:
      return stringOf(bytes, column)
  }
}

/** `2024-03-31T01:30:00.500Z` without the zeros that end its fraction. A server that cannot be told to write ISO 8601 leaves T and Z out. */
const instantIn = (text: string): string => (text.endsWith("Z") ? `${withoutZeros(text.slice(0, -1))}Z` : withoutZeros(text.replace(" ", "T")))

const floatIn = (text: string): Value =>
  text.endsWith("inf") ? (text.startsWith("-") ? "-Infinity" : "Infinity") : text.endsWith("nan") ? "NaN" : Number(text)
