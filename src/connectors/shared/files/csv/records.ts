import { type CutRecord, faultIn, type TextPosition, RecordReader as TextReader } from "../text/records.ts"
import { Quotes, quotedRecord } from "./quoted.ts"
import { COMMENT, type Fields, type Shape, withoutCr } from "./shape.ts"

/**
 * Reads records as RFC 4180 defines them; a quote inside an unquoted field is an ordinary character. A malformed record
 * costs one line: only that line is rejected, and the next one begins a record.
 */
export const csvRecords = (shape: Shape, from?: TextPosition): TextReader<Fields> => new TextReader(shape, cutRecord(shape), from)

const BYTE_ORDER_MARK = Buffer.from("\uFEFF")
/** Ctrl-Z, which old programs write after the end of a text. */
const CONTROL_Z = "\u001a"

function cutRecord(shape: Shape): CutRecord<Fields> {
  const quotes = new Quotes()
  const comment = Buffer.from(shape.comment)
  return (held, at, first, line) => {
    const { buffer, base } = held
    const lone = { line, lastLine: line, end: base + first.next }
    if (comment.length > 0 && startsAt(buffer, at, comment)) return { ...lone, value: COMMENT }
    if (base + at > 0 && startsAt(buffer, at, BYTE_ORDER_MARK)) return { ...lone, reason: JOINED }
    const text = buffer.toString("utf8", at, first.text)
    if (shape.quote === "" || !text.includes(shape.quote)) {
      const reason = faultIn(held, at, first.text, shape)
      if (reason !== undefined) return { ...lone, reason }
      const fields = text === CONTROL_Z && held.last && first.next === buffer.length ? COMMENT : plainFields(withoutCr(text, shape), shape.delimiter)
      return { ...lone, value: fields }
    }
    const found = quotedRecord(shape, held, at, first, quotes)
    if (found === undefined) return undefined
    if ("malformed" in found) return { ...lone, reason: found.malformed }
    const reason = faultIn(held, at, found.end.text, shape)
    const span = { line, lastLine: line + found.breaks, end: base + found.end.next }
    return reason === undefined ? { ...span, value: found.fields } : { ...span, reason }
  }
}

const JOINED = "begins with a byte order mark, as if two files had been joined; remove the mark."

const startsAt = (buffer: Buffer, at: number, bytes: Buffer): boolean =>
  buffer.length >= at + bytes.length && bytes.equals(buffer.subarray(at, at + bytes.length))

function plainFields(text: string, delimiter: string): Fields {
  const fields: (string | null)[] = text.split(delimiter)
  for (let index = 0; index < fields.length; index++) if (fields[index] === "") fields[index] = null
  return fields
}
