import { lineOf, nameInLines } from "../../core/own-lines.ts"
import type { Batch } from "../../core/streams.ts"
import type { Column, Row, Value } from "../../core/values.ts"

/** Writes a row as the text of a JSON object by column. */
export function recordWriter(columns: readonly Column[]): (row: readonly Value[]) => string {
  const keys = columns.map(({ name }, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`)
  return (row) => {
    let out = keys.length === 0 ? "{" : ""
    for (let index = 0; index < keys.length; index++) out += (keys[index] as string) + jsonOf(row[index])
    return `${out}}`
  }
}

/** A batch as NDJSON: one object a line, a newline after each. A column named like a line of the stream's own gets one more `$`. */
export function toNdjson(batch: Batch): string {
  const keys = batch.columns.map((column, index) => `${index === 0 ? "{" : ","}${JSON.stringify(nameInLines(column.name))}:`)
  const width = keys.length
  if (width === 0) return "{}\n".repeat(batch.rows.length)
  let out = ""
  for (const row of batch.rows) {
    for (let index = 0; index < width; index++) out += (keys[index] as string) + jsonOf(row[index])
    out += "}\n"
  }
  return out
}

/** Records as NDJSON, whatever their fields. */
export const recordLines = (records: readonly Row[]): string => records.map((record) => `${lineOf(record)}\n`).join("")

/** Texts that need no escape: printable ASCII without quote and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/

function jsonOf(value: Value | undefined): string {
  if (value === null || value === undefined) return "null"
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (typeof value === "string") return value.length < 64 && PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
  return JSON.stringify(value)
}

/** The header line of a CSV (RFC 4180). */
export const csvHeader = (columns: readonly Column[]): string => `${columns.map((column) => csvCell(column.name)).join(",")}\r\n`

/** A batch as CSV lines (RFC 4180): null is an empty cell, an empty text is `""`, nested values are JSON. */
export function toCsv(batch: Batch): string {
  const width = batch.columns.length
  let out = ""
  for (const row of batch.rows) {
    for (let index = 0; index < width; index++) out += (index === 0 ? "" : ",") + csvCell(row[index])
    out += "\r\n"
  }
  return out
}

function csvCell(value: Value | undefined): string {
  if (value === null || value === undefined) return ""
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
