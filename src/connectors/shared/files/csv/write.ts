import type { Column, Value } from "../../../../core/values.ts"
import type { TableWriter } from "../format.ts"
import type { Shape } from "./shape.ts"
import type { Sniffed } from "./sniff/sniff.ts"

/** The delimiter, quote and line end with which records are written. */
export type Dialect = Pick<Shape, "delimiter" | "quote"> & Pick<Sniffed, "lineEnd">

const RFC_4180: Dialect = { delimiter: ",", quote: '"', lineEnd: "\n" }

/** Writes rows as CSV with a header: null is an empty field, an empty text `""`, a nested value JSON. */
export function csvWriter(columns: readonly Column[], dialect: Dialect = RFC_4180): TableWriter {
  const encode = fieldEncoder(dialect)
  return {
    extension: "csv",
    begin: () => Buffer.from(columns.map(({ name }) => encode(name)).join(dialect.delimiter) + dialect.lineEnd),
    rows(rows) {
      const rejected: { index: number; reason: string }[] = []
      let out = ""
      for (const [index, row] of rows.entries()) {
        const line = columns.map((_, at) => encode(textOf(row[at] ?? null))).join(dialect.delimiter)
        if (line.includes("\u0000")) rejected.push({ index, reason: `${columnWithNul(columns, row)} holds a NUL character, which CSV cannot contain.` })
        else out += line + dialect.lineEnd
      }
      return { bytes: Buffer.from(out), rejected }
    },
    end: () => Buffer.alloc(0),
  }
}

/** Encodes a field of a record, in quotes if it would be misread without them. */
export function fieldEncoder({ delimiter, quote }: Dialect): (field: string | null) => string {
  if (quote === "") return (field) => field ?? ""
  const special = new RegExp(`[\\r\\n\\${delimiter === "\t" ? "t" : delimiter}${quote}]|^\\s|\\s$|^\\u001a$`)
  return (field) => {
    if (field === null) return ""
    return field === "" || special.test(field) ? quote + field.replaceAll(quote, quote + quote) + quote : field
  }
}

const textOf = (value: Value): string | null =>
  value === null || typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)

const columnWithNul = (columns: readonly Column[], row: readonly Value[]): string =>
  columns.find((_, index) => textOf(row[index] ?? null)?.includes("\u0000"))?.name ?? ""
