import {
  type CutRecord,
  faultIn,
  type Held,
  type LineEnd,
  lineEnd,
  newlineOf,
  type TextPosition,
  RecordReader as TextReader,
  type TextShape,
  WINDOW_BYTES,
} from "../text/records.ts"

/** How a text is cut into records: single characters of ASCII; `quote` is "" where fields are not quoted. */
export interface Shape extends TextShape {
  readonly delimiter: string
  readonly quote: string
}

/** Null for an empty field, "" for quotes around nothing. */
export type Fields = readonly (string | null)[]

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

/** A record by its quotes: its fields, the end of its last line, and how many line breaks its quotes hold. */
type Quoted = { readonly fields: Fields; readonly end: LineEnd; readonly breaks: number } | { readonly malformed: string }

/**
 * A failed record and the lines that it reached inside quotes. A later record that reaches one of these lines inside quotes
 * goes on exactly as this one did, so it need not read them again: hostile quotes would otherwise cost 8 MiB for every line.
 */
interface Failed {
  readonly begin: number
  /** The start of the last line that was reached. */
  readonly end: number
  /** Undefined: only the window ended it, and the text after `end` is still to be read. */
  readonly reason: string | undefined
}

export class Quotes {
  #failed: Failed | undefined

  /** What is known of a record that begins at one offset and is inside quotes where the line at another one starts. */
  known(begin: number, line: number): Failed | undefined {
    return this.#failed !== undefined && begin > this.#failed.begin && line <= this.#failed.end ? this.#failed : undefined
  }

  failed(begin: number, end: number, reason?: string): void {
    this.#failed = { begin, end, reason }
  }
}

const BEHIND = "has text behind a closing quote, or opens one that is not closed where it should be."
const NEVER = "opens a quote that is never closed."
const NOT_WITHIN = "opens a quote that is not closed within 8 MiB."

/** `inside`: the text at `at` is taken to stand inside quotes that were opened before. Undefined: the end is not in the buffer yet. */
export function quotedRecord(shape: Shape, held: Held, at: number, first: LineEnd, quotes?: Quotes, inside = false): Quoted | undefined {
  const { quote, delimiter, newline } = shape
  const { buffer, base } = held
  const fields: (string | null)[] = []
  let [end, lineStart] = [first, at]
  let text = buffer.toString("utf8", at, end.text)
  let [breaks, index, opened, jumped] = [0, 0, inside, false]
  const malformed = (reason: string): Quoted => {
    quotes?.failed(base + at, base + lineStart, reason)
    return { malformed: reason }
  }
  for (;;) {
    if (!opened && text[index] !== quote) {
      const next = text.indexOf(delimiter, index)
      const field = next < 0 ? withoutCr(text.slice(index), shape) : text.slice(index, next)
      fields.push(field === "" ? null : field)
      if (next < 0) break
      index = next + 1
      continue
    }
    if (!opened) index++
    opened = false
    let value = ""
    for (;;) {
      const next = text.indexOf(quote, index)
      if (next >= 0) {
        value += text.slice(index, next)
        index = next + 1
        if (text[index] !== quote) break
        value += quote
        index++
        continue
      }
      if (end.next === end.text) return malformed(NEVER)
      const known = quotes?.known(base + at, base + end.next)
      if (known?.reason !== undefined) return { malformed: known.reason }
      if (known !== undefined && known.end > base + end.next) {
        jumped = true
        end = { text: known.end - base - 1, next: known.end - base }
      }
      value += text.slice(index) + newline
      const more = lineEnd(held, end.next, newlineOf(shape))
      if ((more?.text ?? buffer.length) - at > WINDOW_BYTES) {
        quotes?.failed(base + at, base + end.next)
        return { malformed: NOT_WITHIN }
      }
      if (more === undefined) return undefined
      text = buffer.toString("utf8", end.next, more.text)
      lineStart = end.next
      end = more
      breaks++
      index = 0
    }
    fields.push(value)
    if (withoutCr(text.slice(index), shape) === "") break
    if (text[index] !== delimiter) return malformed(BEHIND)
    index++
  }
  return jumped ? quotedRecord(shape, held, at, first) : { fields, end, breaks }
}

/** Without the CR of a CR LF. */
const withoutCr = (text: string, { newline }: Shape): string => (newline === "\n" && text.endsWith("\r") ? text.slice(0, -1) : text)

function plainFields(text: string, delimiter: string): Fields {
  const fields: (string | null)[] = text.split(delimiter)
  for (let index = 0; index < fields.length; index++) if (fields[index] === "") fields[index] = null
  return fields
}
