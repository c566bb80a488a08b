import { type CutRecord, faultIn, type TextPosition, RecordReader as TextReader } from "../text/records.ts"
import { Quotes, quotedRecord } from "./quoted.ts"
import { type Fields, type Shape, withoutCr } from "./shape.ts"

/**
 * Reads records as RFC 4180 has them; a quote inside an unquoted field is a character like any other. A malformed record
 * costs one line: that line is rejected alone, and the next one begins a record.
 */
export const csvRecords = (shape: Shape, from?: TextPosition): TextReader<Fields> => new TextReader(shape, cutRecord(shape), from)

function cutRecord(shape: Shape): CutRecord<Fields> {
  const quotes = new Quotes()
  return (held, at, first, line) => {
    const { buffer, base } = held
    const text = buffer.toString("utf8", at, first.text)
    if (shape.quote === "" || !text.includes(shape.quote)) {
      const reason = faultIn(held, at, first.text, shape)
      const span = { line, lastLine: line, end: base + first.next }
      return reason === undefined ? { ...span, value: plainFields(withoutCr(text, shape), shape.delimiter) } : { ...span, reason }
    }
    const found = quotedRecord(shape, held, at, first, quotes)
    if (found === undefined) return undefined
    if ("malformed" in found) return { line, lastLine: line, end: base + first.next, reason: found.malformed }
    const reason = faultIn(held, at, found.end.text, shape)
    const span = { line, lastLine: line + found.breaks, end: base + found.end.next }
    return reason === undefined ? { ...span, value: found.fields } : { ...span, reason }
  }
}

function plainFields(text: string, delimiter: string): Fields {
  const fields: (string | null)[] = text.split(delimiter)
  for (let index = 0; index < fields.length; index++) if (fields[index] === "") fields[index] = null
  return fields
}
