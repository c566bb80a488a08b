import { type Column, ExactNumber, type Value } from "../../../../core/values.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"

/** What is bound: text and bytes as they are, NULL, and the numbers of a caller's parameters. */
export type MysqlBound = string | number | boolean | Buffer | ExactNumber | null

/** A parameter, of whose place nothing is known: numbers and texts as they are, the rest as JSON. */
export function param(value: Value): MysqlBound {
  if (value === null || typeof value === "boolean" || typeof value === "number" || value instanceof ExactNumber) return value
  return asText(value)
}

/** A value in the form that the column takes; null is SQL's NULL. Numbers go as text: the server reads their digits, where a double would damage them. */
export function encode(value: Value, column: Pick<Column, "type" | "nativeType">): MysqlBound {
  if (value === null) return null
  if (column.type === "json") return wellFormed(JSON.stringify(value))
  if (column.type === "bytes") return padded(bytesOf(value), column.nativeType)
  if (column.type === "timestamp" && typeof value === "string") return encodeTimestamp(value)
  if (column.nativeType.startsWith("bit(")) return encodeBits(value)
  if (column.type === "float") return encodeFloat(asText(value), column.nativeType)
  if (column.nativeType.startsWith("set(")) return encodeSet(asText(value), column.nativeType)
  if (typeof value === "boolean") return value
  return column.type === "integer" ? encodeWhole(asText(value)) : asText(value)
}

/** The server fills BINARY(n) with zero bytes when it stores a value, and not when it compares one. */
function padded(bytes: Buffer, nativeType: string): Buffer {
  const length = Number(/^binary\((\d+)\)/.exec(nativeType)?.[1] ?? 0)
  return bytes.length >= length ? bytes : Buffer.concat([bytes], length)
}

/** The server would round a number to a whole one when it stores it, and cut it when it compares it. */
function encodeWhole(text: string): string {
  const [, sign = "", whole] = /^([-+]?)(\d+)(?:\.0*)?$/.exec(text.trim()) ?? []
  if (whole !== undefined) return `${sign === "-" ? "-" : ""}${whole}`
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim()) && !Number.isInteger(Number(text)))
    throw new Unfit(`${text.slice(0, 80)} is not a whole number`)
  return text
}

/**
 * The number that the server stores, with all its digits, so that it also compares as equal: `float` has 32 bits, and `float(7,2)` and
 * `double(7,2)` round to so many decimals.
 */
function encodeFloat(text: string, nativeType: string): string {
  const [, kind, decimals] = /^(float|double)(?:\(\d+,(\d+)\))?/.exec(nativeType) ?? []
  if (text.trim() === "" || !Number.isFinite(Number(text)) || (kind === "double" && decimals === undefined)) return text
  const rounded = decimals === undefined ? Number(text) : roundedEven(Number(text), Number(decimals))
  const stored = kind === "float" ? Math.fround(rounded) : rounded
  return Number.isFinite(stored) ? String(stored) : text
}

/** Rounds as C's rint does: a half goes to the even neighbour. */
function roundedEven(number: number, decimals: number): number {
  const scaled = number * 10 ** decimals
  const below = Math.floor(scaled)
  const up = scaled - below === 0.5 ? below % 2 !== 0 : scaled - below > 0.5
  return (up ? below + 1 : below) / 10 ** decimals
}

/** A SET's members in the order of its definition, in which the server stores and compares them. */
function encodeSet(text: string, nativeType: string): string {
  const members = [...nativeType.matchAll(/'((?:[^']|'')*)'/g)].map(([, member = ""]) => member.replaceAll("''", "'"))
  const given = text.split(",")
  return given.every((each) => members.includes(each)) ? members.filter((each) => given.includes(each)).join(",") : text
}

/** The session is in UTC: a time with a zone is converted to it, one without stays as it is. */
function encodeTimestamp(text: string): string {
  const [, day, time, fraction = "", zone] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ?? []
  if (day === undefined || time === undefined) return wellFormed(text)
  if (zone === undefined || zone.toUpperCase() === "Z") return `${day} ${time}${fraction}`
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? []
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000)
  const at = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(at)) return wellFormed(text)
  return `${new Date(at - offset).toISOString().slice(0, 19).replace("T", " ")}${fraction}`
}

/** Zeros and ones as bytes; the server refuses more of them than the column has. */
function encodeBits(value: Value): Buffer {
  const digits = typeof value === "boolean" ? (value ? "1" : "0") : String(value)
  if (!/^[01]{1,64}$/.test(digits)) throw new Unfit("bits must be text of zeros and ones, 64 at most")
  const hex = BigInt(`0b${digits}`).toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")
}
