import type { Column, Value } from "../../../../core/values.ts"
import type { Format, TableWriter } from "../format.ts"
import { type ElementRecord, elementsOf, isArrayText, isElementPosition } from "./elements.ts"
import { openRecords } from "./table.ts"

const EXTENSION = /\.json(?:\.\w+)?$/i

/** One JSON document: an array of objects, or objects one after the other. */
export const jsonFormat = (): Format => ({
  name: "json",
  looksLike(head, path) {
    const first = /^\uFEFF?\s*([[{])/.exec(head.toString("utf8", 0, 4_096))?.[1]
    return first === undefined ? 0 : first === "[" || EXTENSION.test(path) ? 0.9 : 0.6
  },
  open(source) {
    const array = isArrayText(source.head)
    return openRecords<ElementRecord>(source, {
      described: array ? "a JSON array" : "JSON objects",
      records: (text, part) => elementsOf(text, part, array),
      isPosition: isElementPosition,
      behind: ({ end, lastLine, final }) => [end, lastLine, final === true ? 1 : 0],
    })
  },
  writer: (columns) => jsonWriter(columns),
})

/** Writes an array of objects, one object per line. */
function jsonWriter(columns: readonly Column[]): TableWriter {
  const keys = columns.map(({ name }) => JSON.stringify(name))
  const object = (row: readonly Value[]): string => `{${keys.map((key, index) => `${key}:${JSON.stringify(row[index] ?? null)}`).join(",")}}`
  let begun = false
  return {
    extension: "json",
    begin: () => Buffer.from("["),
    rows(rows) {
      const text = rows.map((row, index) => `${begun || index > 0 ? ",\n" : "\n"}${object(row)}`).join("")
      begun ||= rows.length > 0
      return { bytes: Buffer.from(text), rejected: [] }
    },
    end: () => Buffer.from("\n]\n"),
  }
}
