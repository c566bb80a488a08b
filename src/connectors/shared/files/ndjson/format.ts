import type { Column, Value } from "../../../../core/values.ts"
import type { Format, Span, TableWriter } from "../format.ts"
import { openRecords } from "../json/table.ts"
import { type JsonRecord, parseRecord } from "../json/values.ts"
import { beginOf } from "../text/chunks.ts"
import { bomOf, type CutRecord, faultIn, isTextPosition, RecordReader, type TextRecord, type TextShape } from "../text/records.ts"

const SHAPE: TextShape = { newline: "\n", exact: true, encoding: "utf-8" }

/** One JSON object per line (NDJSON, JSON Lines). */
export const ndjsonFormat = (): Format => ({
  name: "ndjson",
  looksLike: (head) => (looksLikeLines(head) ? 0.95 : 0),
  open: (source) =>
    openRecords(source, {
      described: "one JSON object per line",
      records: (text, part) => linesOf(text, part),
      isPosition: isTextPosition,
    }),
  writer: (columns) => ndjsonWriter(columns),
})

/** The maximum number of lines that are examined. */
const LOOKED_AT = 20

/** Whether most of the first lines that are not blank are objects; a broken one among them does not matter. The last one may be cut off, unless it is the only one. */
function looksLikeLines(head: Buffer): boolean {
  const lines = head
    .subarray(bomOf(head))
    .toString("utf8")
    .split("\n", 10 * LOOKED_AT)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, LOOKED_AT)
  const whole = lines.length > 1 && typeof parseRecord(lines.at(-1) ?? "") === "string" ? lines.slice(0, -1) : lines
  return whole.filter((line) => typeof parseRecord(line) !== "string").length * 2 > whole.length
}

/** Blank lines have no value. */
const cutLine: CutRecord<JsonRecord | undefined> = (held, at, first, line) => {
  const span = { line, lastLine: line, end: held.base + first.next }
  const fault = faultIn(held, at, first.text, SHAPE)
  if (fault !== undefined) return { ...span, reason: fault }
  const text = held.buffer.toString("utf8", at, first.text).trim()
  const record = text === "" ? undefined : parseRecord(text)
  return typeof record === "string" ? { ...span, reason: record } : { ...span, value: record }
}

async function* linesOf(text: (from: number) => AsyncIterable<Buffer>, part: Span): AsyncGenerator<TextRecord<JsonRecord>[]> {
  const begin = beginOf(part)
  for await (const some of new RecordReader(SHAPE, cutLine, begin).read(text(begin[0]))) {
    const out = some.filter((record): record is TextRecord<JsonRecord> => "reason" in record || record.value !== undefined)
    if (out.length > 0) yield out
  }
}

/** Writes one object per line. */
function ndjsonWriter(columns: readonly Column[]): TableWriter {
  const keys = columns.map(({ name }) => JSON.stringify(name))
  const object = (row: readonly Value[]): string => `{${keys.map((key, index) => `${key}:${JSON.stringify(row[index] ?? null)}`).join(",")}}\n`
  return {
    extension: "ndjson",
    begin: () => Buffer.alloc(0),
    rows: (rows) => ({ bytes: Buffer.from(rows.map(object).join("")), rejected: [] }),
    end: () => Buffer.alloc(0),
  }
}
