import { type Column, ExactNumber, type Value } from "../../../../core/values.ts"
import { withoutZeros } from "../../fraction.ts"
import { inUtc } from "../../instants.ts"
import { digitsOf, plainNumber } from "../../plain-number.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"
import { isNested, typedIn } from "./types.ts"

/** A value with the type that the server gets it as; the value is a text, JSON for nested types, or null. */
export interface Typified {
  readonly type: string
  readonly value: Value
}

const MOST_INTEGER = 2n ** 63n

/** A value for its column, checked as the server would, so that a row that does not fit is known before it is sent; throws `Unfit`. */
export function encode(value: Value, column: Column): Typified {
  return { type: column.nativeType, value: value === null ? null : isNested(column) ? nested(value, column) : textOf(value, column) }
}

function nested(value: Value, { type, nativeType }: Column): Value {
  if (type === "array" && !Array.isArray(value)) throw new Unfit("a list is needed")
  if (nativeType !== "JSON" && type === "json" && (typeof value !== "object" || Array.isArray(value))) throw new Unfit("an object is needed")
  wellFormed(JSON.stringify(value))
  return value
}

function textOf(value: Value, column: Column): string {
  const text = asText(value)
  switch (column.type) {
    case "integer":
      return integer(text)
    case "decimal":
      return decimal(text, column)
    case "float":
      return float(text)
    case "boolean":
      if (!/^(true|false)$/i.test(text)) throw new Unfit("true or false is needed")
      return text.toLowerCase()
    case "bytes":
      return limited(text, bytesOf(value).length, column, "bytes")
    case "date":
      return day(text)
    case "time":
      return matching(text, /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$/, "a time such as 01:30:00")
    case "timestamp":
      return column.zoned === true ? instant(text) : clock(text.replace(" ", "T"), "a time such as 2024-03-31T01:30:00 without a zone")
    default:
      return limited(text, [...text].length, column, "characters")
  }
}

function integer(text: string): string {
  const plain = plainNumber(text)
  if (!/^-?\d{1,19}$/.test(plain)) throw new Unfit("a whole number is needed")
  const number = BigInt(plain)
  if (number >= MOST_INTEGER || number < -MOST_INTEGER) throw new Unfit("the number has more than 64 bits")
  return String(number)
}

function decimal(text: string, { precision = 38, scale = 9 }: Column): string {
  const [, sign = "", whole = "", decimals = ""] = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(plainNumber(text)) ?? []
  if (!/\d/.test(text) || (whole === "" && decimals === "" && !/^[+-]?[0.]+$/.test(text))) throw new Unfit("a number is needed")
  if (decimals.length > scale || whole.length > precision - scale)
    throw new Unfit(`the number has more than ${precision - scale} digits before the point or ${scale} behind it`)
  const digits = `${whole || "0"}${decimals === "" ? "" : `.${decimals}`}`
  return digits === "0" ? "0" : `${sign.replace("+", "")}${digits}`
}

function float(text: string): string {
  if (/^(nan|[+-]?inf(inity)?)$/i.test(text)) return /nan/i.test(text) ? "NaN" : text.startsWith("-") ? "-Infinity" : "Infinity"
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Unfit("a number is needed")
  return text
}

function limited(text: string, length: number, { maxLength }: Column, what: string): string {
  if (maxLength !== undefined && length > maxLength) throw new Unfit(`the value has ${length} ${what}, and ${maxLength} is the most`)
  return text
}

/** A day of the years 1 to 9999. */
function day(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) && !text.startsWith("0000") ? new Date(`${text}T00:00:00Z`) : undefined
  if (time === undefined || Number.isNaN(time.getTime()) || time.toISOString().slice(0, 10) !== text) throw new Unfit("a date such as 2024-03-31 is needed")
  return text
}

function clock(text: string, what: string): string {
  const [date = "", time = ""] = text.split("T")
  day(date)
  return `${date}T${matching(time, /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$/, what)}`
}

function instant(text: string): string {
  const utc = inUtc(text.replace(" ", "T"))
  const what = "an instant such as 2024-03-31T01:30:00Z"
  if (!utc.endsWith("Z")) throw new Unfit(`${what} is needed`)
  return `${clock(utc.slice(0, -1), what)}Z`
}

/** A time with microseconds at most: the server would cut further digits off. */
function matching(text: string, form: RegExp, what: string): string {
  if (!form.test(text)) throw new Unfit(`${what} is needed`)
  const plain = withoutZeros(text)
  if ((plain.split(".")[1] ?? "").length > 6) throw new Unfit("the time has more than six decimals of a second")
  return plain
}

/** A parameter of a caller's statement: of the type that the server names, where the value fits it, else of the type that it has itself. */
export function parameter(value: Value, nativeType: string | undefined): Typified {
  if (nativeType !== undefined)
    try {
      return encode(value, { name: "", ...typedIn(nativeType), nullable: true })
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
    }
  return {
    type: typeOf(value),
    value: typeof value === "object" && value !== null && !(value instanceof ExactNumber) ? value : value === null ? null : asText(value),
  }
}

function typeOf(value: Value): string {
  if (typeof value === "boolean") return "BOOL"
  if (Array.isArray(value)) return `ARRAY<${typeOf((value as readonly Value[]).find((each) => each !== null) ?? null)}>`
  if (typeof value === "number" || value instanceof ExactNumber) return numberType(digitsOf(value, 76), value)
  return typeof value === "object" && value !== null ? "JSON" : "STRING"
}

function numberType(digits: string | undefined, value: number | ExactNumber): string {
  if (digits === undefined) return "FLOAT64"
  const [whole = "", decimals = ""] = digits.replace("-", "").split(".")
  if (decimals === "" && whole.length <= 18) return "INT64"
  if (whole.length <= 29 && decimals.length <= 9) return "NUMERIC"
  return whole.length <= 38 && decimals.length <= 38 ? "BIGNUMERIC" : value instanceof ExactNumber ? "STRING" : "FLOAT64"
}
