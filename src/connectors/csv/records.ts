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

/** Bytes of a record at most; a longer one is rejected, and never held. */
export const RECORD_MAX_BYTES = 1_048_576

const CR = 13
const LF = 10
type Skipped = "start" | "plain" | "quoted" | "closing"

/**
 * Cuts UTF-8 text into records as RFC 4180 has them, a quote within an unquoted field being a character like any other. What is
 * malformed costs as little as can be said for sure: a line that is no record is rejected alone and the next one begins a record, but a
 * record that is too long is rejected to where it ends. Holds one record and one piece of the file.
 */
export class RecordReader {
  readonly #shape: Shape
  readonly #newline: number
  readonly #quote: number
  readonly #delimiter: number
  #offset: number
  #line: number
  #skipping: { readonly line: number; state: Skipped } | undefined

  /** `offset` and `line` are where the text begins. */
  constructor(shape: Shape, offset = 0, line = 1) {
    this.#shape = shape
    this.#newline = shape.newline === "\n" ? LF : CR
    this.#quote = shape.quote === "" ? -1 : shape.quote.charCodeAt(0)
    this.#delimiter = shape.delimiter.charCodeAt(0)
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
      const { records, used } = this.#cut(rest, false)
      if (records.length > 0) yield records
      parts = [rest.subarray(used)]
      length -= used
      wanted = length * 1.5
    }
    const { records } = this.#cut(Buffer.concat(parts, length), true)
    if (records.length > 0) yield records
  }

  #cut(buffer: Buffer, last: boolean): { records: FileRecord[]; used: number } {
    const records: FileRecord[] = []
    const clean = isUtf8(buffer) && !buffer.includes(0) && (this.#shape.exact || !buffer.includes("\uFFFD"))
    const base = this.#offset
    let at = 0
    while (at < buffer.length || (last && this.#skipping !== undefined)) {
      const record = this.#skipping === undefined ? this.#record(buffer, at, last, clean, base) : this.#skip(buffer, at, last, base)
      if (record === undefined) {
        if (this.#skipping !== undefined) at = buffer.length
        if (this.#skipping === undefined && buffer.length - at > RECORD_MAX_BYTES) this.#skipping = { line: this.#line, state: "start" }
        else break
      } else {
        records.push(record)
        this.#line = record.lastLine + 1
        at = record.end - base
      }
    }
    this.#offset = base + at
    return { records, used: at }
  }

  /** The record that begins there; undefined when its end is not, or when it is too long. */
  #record(buffer: Buffer, at: number, last: boolean, clean: boolean, base: number): FileRecord | undefined {
    const end = lineEnd(buffer, at, this.#newline, last)
    if (end === undefined || end.text - at > RECORD_MAX_BYTES) return end === undefined ? undefined : this.#begin(buffer, at, last, base)
    const text = buffer.toString("utf8", at, end.text)
    const { quote, delimiter } = this.#shape
    const line = this.#line
    if (quote === "" || !text.includes(quote)) {
      const reason = clean ? undefined : this.#fault(buffer.subarray(at, end.text), text)
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
        if (more === undefined) return undefined
        if (more.text - at > RECORD_MAX_BYTES) return this.#begin(buffer, at, last, base)
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
    const reason = clean ? undefined : this.#fault(buffer.subarray(at, end.text), buffer.toString("utf8", at, end.text))
    const span = { line, lastLine, end: base + end.next }
    return reason === undefined ? { ...span, fields } : { ...span, reason }
  }

  #begin(buffer: Buffer, at: number, last: boolean, base: number): FileRecord | undefined {
    this.#skipping = { line: this.#line, state: "start" }
    return this.#skip(buffer, at, last, base)
  }

  /** Goes through a record that is too long to where it ends, byte by byte; undefined when that is not in this piece. */
  #skip(buffer: Buffer, at: number, last: boolean, base: number): FileRecord | undefined {
    const skipping = this.#skipping
    if (skipping === undefined) return undefined
    for (let index = at; index < buffer.length; index++) {
      const byte = buffer[index]
      if (skipping.state === "quoted") {
        if (byte === this.#quote) skipping.state = "closing"
        else if (byte === this.#newline) this.#line++
      } else if (byte === this.#newline) return this.#skipped(base + index + 1, "is longer than 1 MiB.")
      else if (byte === this.#quote && skipping.state !== "plain") skipping.state = "quoted"
      else skipping.state = byte === this.#delimiter ? "start" : "plain"
    }
    if (!last) return undefined
    const open = skipping.state === "quoted"
    return this.#skipped(base + buffer.length, open ? "opens a quote that is never closed; all to the end of the file is inside it." : "is longer than 1 MiB.")
  }

  #skipped(end: number, reason: string): FileRecord {
    const line = this.#skipping?.line ?? this.#line
    this.#skipping = undefined
    return { line, lastLine: this.#line, end, reason }
  }

  /** Without the CR of a CR LF. */
  #trimmed(text: string): string {
    return this.#newline === LF && text.endsWith("\r") ? text.slice(0, -1) : text
  }

  #fault(bytes: Buffer, text: string): string | undefined {
    if (text.includes("\u0000")) return "has a NUL character."
    if (text.includes("\uFFFD") && !(this.#shape.exact && isUtf8(bytes))) return `has bytes that are not ${this.#shape.encoding}.`
    return undefined
  }
}

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
