import type { Column, Value } from "../../core/values.ts"
import type { Bound } from "./statements.ts"

/** Why a value cannot go into its column, in words for a row's report. */
export class Unfit extends Error {
  override readonly name = "Unfit"
}

/** What a value is bound as when nothing is known of its place: whole numbers as such, others and texts as text, the rest as JSON. */
export function bind(value: Value): Bound {
  if (value === null || typeof value === "boolean") return value
  if (typeof value === "number") return value
  return typeof value === "string" ? wellFormed(value) : wellFormed(JSON.stringify(value))
}

/** A value in the form that the column takes; `null` is SQL's NULL. */
export function encode(value: Value, column: Pick<Column, "type" | "nativeType">): Bound {
  if (value === null) return null
  switch (column.type) {
    case "json":
      return wellFormed(JSON.stringify(value))
    case "bytes":
      return encodeBytes(value)
    case "timestamp":
      return typeof value === "string" ? encodeTimestamp(value) : bindText(value)
    default:
      if (column.nativeType.startsWith("bit(")) return encodeBits(value)
      return typeof value === "boolean" ? value : bindText(value)
  }
}

/** Numbers go as text: the server reads their digits, where a double would damage them. */
const bindText = (value: Value): string => wellFormed(typeof value === "object" ? JSON.stringify(value) : String(value))

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Unfit("text that is not valid Unicode")
  return text
}

function encodeBytes(value: Value): Buffer {
  const decoded = typeof value === "string" ? Buffer.from(value, "base64") : undefined
  if (decoded === undefined || decoded.toString("base64") !== value) throw new Unfit("bytes must be base64 text with padding")
  return decoded
}

/** The session is in UTC: a time with a zone is turned to it, one without stays as it is. */
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

/** Zeros and ones as bytes; one that is longer than its column is the server's to refuse. */
function encodeBits(value: Value): Buffer {
  const digits = typeof value === "boolean" ? (value ? "1" : "0") : String(value)
  if (!/^[01]{1,64}$/.test(digits)) throw new Unfit("bits must be text of zeros and ones, 64 at most")
  const hex = BigInt(`0b${digits}`).toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")
}

/**
 * How a value of a key is compared with its column: as the column's own type, since the server else compares 64-bit
 * integers with texts as doubles.
 */
export function placeholder({ type, nativeType }: Pick<Column, "type" | "nativeType">): string {
  switch (type) {
    case "integer":
      return nativeType.includes("unsigned") ? "CAST(? AS UNSIGNED)" : "CAST(? AS SIGNED)"
    case "decimal":
      return `CAST(? AS DECIMAL(${/\((\d+,\d+)\)/.exec(nativeType)?.[1] ?? "65,30"}))`
    case "date":
      return "CAST(? AS DATE)"
    case "time":
      return "CAST(? AS TIME(6))"
    case "timestamp":
      return "CAST(? AS DATETIME(6))"
    default:
      return "?"
  }
}
