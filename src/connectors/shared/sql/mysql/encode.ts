import { type Column, ExactNumber, type Value } from "../../../../core/values.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"

/** A value that the wire binds: text, bytes, NULL, or a number among a caller's parameters. */
export type MysqlBound = string | number | boolean | Buffer | ExactNumber | null

/** Encodes a caller's parameter, whose type in the statement is unknown: numbers and texts stay the same, and other values become JSON. */
export function param(value: Value): MysqlBound {
  if (value === null || typeof value === "boolean" || typeof value === "number" || value instanceof ExactNumber) return value
  return asText(value)
}

/** Encodes a value for its column; null becomes NULL. Numbers are sent as text, because a double would change their digits. */
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

/** The server pads a value of BINARY(n) with zero bytes when it stores it, but not when it compares it. */
function padded(bytes: Buffer, nativeType: string): Buffer {
  const length = Number(/^binary\((\d+)\)/.exec(nativeType)?.[1] ?? 0)
  return bytes.length >= length ? bytes : Buffer.concat([bytes], length)
}

/** Refuses fractions. The server would round them when it stores them, and truncate them when it compares them. */
function encodeWhole(text: string): string {
  const [, sign = "", whole] = /^([-+]?)(\d+)(?:\.0*)?$/.exec(text.trim()) ?? []
  if (whole !== undefined) return `${sign === "-" ? "-" : ""}${whole}`
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text.trim()) && !Number.isInteger(Number(text)))
    throw new Unfit(`${text.slice(0, 80)} is not a whole number`)
  return text
}

/**
 * The number that the server will store, with all its digits, so that it also equals the stored one in a comparison: `float` has 32
 * bits, and `float(7,2)` and `double(7,2)` round to two decimals.
 */
function encodeFloat(text: string, nativeType: string): string {
  const [, kind, decimals] = /^(float|double)(?:\(\d+,(\d+)\))?/.exec(nativeType) ?? []
  if (text.trim() === "" || !Number.isFinite(Number(text)) || (kind === "double" && decimals === undefined)) return text
  const rounded = decimals === undefined ? Number(text) : roundedEven(Number(text), Number(decimals))
  const stored = kind === "float" ? Math.fround(rounded) : rounded
  return Number.isFinite(stored) ? String(stored) : text
}

/** Rounds like C's rint: a half is rounded to the even neighbour. */
function roundedEven(number: number, decimals: number): number {
  const scaled = number * 10 ** decimals
  const below = Math.floor(scaled)
  const up = scaled - below === 0.5 ? below % 2 !== 0 : scaled - below > 0.5
  return (up ? below + 1 : below) / 10 ** decimals
}

/** The members of a SET in the order of its definition, in which the server stores and compares them. */
function encodeSet(text: string, nativeType: string): string {
  const members = [...nativeType.matchAll(/'((?:[^']|'')*)'/g)].map(([, member = ""]) => member.replaceAll("''", "'"))
  const given = text.split(",")
  return given.every((each) => members.includes(each)) ? members.filter((each) => given.includes(each)).join(",") : text
}

/** Converts a time with a zone to UTC, the session's zone; a time without a zone stays the same. */
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

/** Encodes zeros and ones as bytes. The server refuses more bits than the column has. */
function encodeBits(value: Value): Buffer {
  const digits = typeof value === "boolean" ? (value ? "1" : "0") : String(value)
  if (!/^[01]{1,64}$/.test(digits)) throw new Unfit("bits must be a text of at most 64 zeros and ones")
  const hex = BigInt(`0b${digits}`).toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")
}
