import { isUtf8 } from "node:buffer"

/** How a text is cut into records: single characters of ASCII; `quote` "" where none is meant. */
export interface Shape {
  readonly delimiter: string
  readonly quote: string
  readonly newline: "\n" | "\r"
  /** The bytes are the file's own, so that what is no UTF-8 can be told from a U+FFFD that stands there. */
  readonly exact: boolean
  /** For messages. */
  readonly encoding: string
}

/** What one record takes in the text: lines from 1, and the offset behind it. */
interface Span {
  readonly line: number
  readonly lastLine: number
  readonly end: number
}

/** A record's fields, null for nothing at all and "" for quotes around nothing; or why it has none. */
export type FileRecord = (Span & { readonly fields: readonly (string | null)[] }) | (Span & { readonly reason: string })

/** Bytes of a record at most; a longer one is rejected. */
export const RECORD_MAX_BYTES = 1_048_576
/** How far the end of a line or of a quote is looked for, and so what is held at most: what is not closed by then opens nothing. */
export const WINDOW_BYTES = 8 * 1_048_576

/** Records that are made before any is taken. */
const AT_ONCE = 1_000
const CR = 13
const LF = 10

/**
 * Cuts UTF-8 text into records as RFC 4180 has them, a quote within an unquoted field being a character like any other. What is
 * malformed costs one line: that is rejected alone, and the next one begins a record.
 */
export class RecordReader {
  readonly #shape: Shape
  readonly #newline: number
  #offset: number
  #line: number
  /** Within a line that is longer than the window. */
  #skipping = false

  /** `offset` and `line` are where the text begins. */
  constructor(shape: Shape, offset = 0, line = 1) {
    this.#shape = shape
    this.#newline = shape.newline === "\n" ? LF : CR
    this.#offset = offset
    this.#line = line
  }

  /** The records of a text, piece by piece as they come. */
  async *read(text: AsyncIterable<Buffer>): AsyncGenerator<FileRecord[]> {
    let parts: Buffer[] = []
    let length = 0
    // An unfinished record is begun again when much more of it is there, not at every byte of a slow server.
    let wanted = 0
    for await (const part of text) {
      parts.push(part)
      length += part.length
      if (length < wanted) continue
      const rest = Buffer.concat(parts, length)
      const used = yield* this.#cut(rest, false)
      parts = [rest.subarray(used)]
      length -= used
      wanted = length * 1.5
    }
    yield* this.#cut(Buffer.concat(parts, length), true)
  }

  /** The records that are whole there, some at a time; returns how many bytes they take. */
  *#cut(buffer: Buffer, last: boolean): Generator<FileRecord[], number> {
    let records: FileRecord[] = []
    const clean = isUtf8(buffer) && !buffer.includes(0) && (this.#shape.exact || !buffer.includes("\uFFFD"))
    const base = this.#offset
    let at = 0
    while (at < buffer.length || (last && this.#skipping)) {
      const record = this.#skipping ? this.#skipped(buffer, at, last, base) : this.#record(buffer, at, last, clean, base)
      if (record === undefined) {
        if (buffer.length - at > WINDOW_BYTES) this.#skipping = true
        if (this.#skipping) at = buffer.length
        break
      }
      records.push(record)
      if (records.length >= AT_ONCE) {
        yield records
        records = []
      }
      this.#skipping = false
      this.#line = record.lastLine + 1
      at = record.end - base
    }
    this.#offset = base + at
    if (records.length > 0) yield records
    return at
  }

  /** The rest of a line of which nothing is kept. */
  #skipped(buffer: Buffer, at: number, last: boolean, base: number): FileRecord | undefined {
    const end = lineEnd(buffer, at, this.#newline, last)
    return end === undefined ? undefined : { line: this.#line, lastLine: this.#line, end: base + end.next, reason: TOO_LONG }
  }

  /** The record that begins there; undefined when its end is not there yet. */
  #record(buffer: Buffer, at: number, last: boolean, clean: boolean, base: number): FileRecord | undefined {
    const end = lineEnd(buffer, at, this.#newline, last)
    if (end === undefined) return undefined
    const text = buffer.toString("utf8", at, end.text)
    const { quote, delimiter } = this.#shape
    const line = this.#line
    if (quote === "" || !text.includes(quote)) {
      const reason = this.#fault(buffer.subarray(at, end.text), clean)
      const span = { line, lastLine: line, end: base + end.next }
      return reason === undefined ? { ...span, fields: plainFields(this.#trimmed(text), delimiter) } : { ...span, reason }
    }
    return this.#quoted(buffer, at, last, clean, base, end)
  }

  #quoted(buffer: Buffer, at: number, last: boolean, clean: boolean, base: number, first: LineEnd): FileRecord | undefined {
    const { quote, delimiter } = this.#shape
    const fields: (string | null)[] = []
    const line = this.#line
    let end = first
    let text = buffer.toString("utf8", at, end.text)
    let lastLine = line
    let index = 0
    const alone = (reason: string): FileRecord => ({ line, lastLine: line, end: base + first.next, reason })
    for (;;) {
      if (text[index] !== quote) {
        const next = text.indexOf(delimiter, index)
        const field = next < 0 ? this.#trimmed(text.slice(index)) : text.slice(index, next)
        fields.push(field === "" ? null : field)
        if (next < 0) break
        index = next + 1
        continue
      }
      let value = ""
      index++
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
        if (end.next === end.text) return alone("opens a quote that is never closed.")
        value += text.slice(index) + this.#shape.newline
        const more = lineEnd(buffer, end.next, this.#newline, last)
        if ((more?.text ?? buffer.length) - at > WINDOW_BYTES) return alone("opens a quote that is not closed within 8 MiB.")
        if (more === undefined) return undefined
        text = buffer.toString("utf8", end.next, more.text)
        end = more
        lastLine++
        index = 0
      }
      fields.push(value)
      if (this.#trimmed(text.slice(index)) === "") break
      if (text[index] !== delimiter) return alone("has text behind a closing quote, or opens one that is not closed where it should be.")
      index++
    }
    const reason = this.#fault(buffer.subarray(at, end.text), clean)
    const span = { line, lastLine, end: base + end.next }
    return reason === undefined ? { ...span, fields } : { ...span, reason }
  }

  /** Without the CR of a CR LF. */
  #trimmed(text: string): string {
    return this.#newline === LF && text.endsWith("\r") ? text.slice(0, -1) : text
  }

  #fault(bytes: Buffer, clean: boolean): string | undefined {
    if (bytes.length > RECORD_MAX_BYTES) return TOO_LONG
    if (clean) return undefined
    if (bytes.includes(0)) return "has a NUL character."
    const whole = isUtf8(bytes) && (this.#shape.exact || !bytes.includes("\uFFFD"))
    return whole ? undefined : `has bytes that are not ${this.#shape.encoding}.`
  }
}

const TOO_LONG = "is longer than 1 MiB."

/** Where a line's text ends, and where the next line begins; the same at the end of a text without a last newline. */
interface LineEnd {
  readonly text: number
  readonly next: number
}

function lineEnd(buffer: Buffer, at: number, newline: number, last: boolean): LineEnd | undefined {
  const found = buffer.indexOf(newline, at)
  if (found >= 0) return { text: found, next: found + 1 }
  return last ? { text: buffer.length, next: buffer.length } : undefined
}

function plainFields(text: string, delimiter: string): (string | null)[] {
  const fields: (string | null)[] = text.split(delimiter)
  for (let index = 0; index < fields.length; index++) if (fields[index] === "") fields[index] = null
  return fields
}
