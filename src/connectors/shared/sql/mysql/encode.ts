import type { Column, Value } from "../../../../core/values.ts"
import { asText, bytesOf, Unfit, wellFormed } from "../../unfit.ts"

/** What is bound: text and bytes as they are, NULL, and the numbers of a caller's parameters. */
export type MysqlBound = string | number | boolean | Buffer | null

/** A parameter, of whose place nothing is known: numbers and texts as they are, the rest as JSON. */
export function param(value: Value): MysqlBound {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value
  return asText(value)
}

/** A value in the form that the column takes; null is SQL's NULL. Numbers go as text: the server reads their digits, where a double would damage them. */
export function encode(value: Value, column: Pick<Column, "type" | "nativeType">): MysqlBound {
  if (value === null) return null
  if (column.type === "json") return wellFormed(JSON.stringify(value))
  if (column.type === "bytes") return bytesOf(value)
  if (column.type === "timestamp" && typeof value === "string") return encodeTimestamp(value)
  if (column.nativeType.startsWith("bit(")) return encodeBits(value)
  return typeof value === "boolean" ? value : asText(value)
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
