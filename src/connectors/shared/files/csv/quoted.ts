import { type Held, type LineEnd, lineEnd, newlineOf, WINDOW_BYTES } from "../text/records.ts"
import { type Fields, type Shape, withoutCr } from "./shape.ts"

/** A record that was read by its quotes: its fields, the end of its last line, and the number of line breaks within quotes. */
type Quoted = { readonly fields: Fields; readonly end: LineEnd; readonly breaks: number } | { readonly malformed: string }

/**
 * A failed record and the lines that it reached inside quotes. A later record that reaches one of these lines inside quotes
 * continues exactly as this one did, so it does not read them again; otherwise hostile quotes would cost 8 MiB for every line.
 */
interface Failed {
  readonly begin: number
  /** The start of the last line that was reached. */
  readonly end: number
  /** Undefined if only the window ended the record, so that the text after `end` has not been read. */
  readonly reason: string | undefined
}

export class Quotes {
  #failed: Failed | undefined

  /** The earlier failure that a record meets, if it begins at `begin` and is inside quotes where the line at `line` starts. */
  known(begin: number, line: number): Failed | undefined {
    return this.#failed !== undefined && begin > this.#failed.begin && line <= this.#failed.end ? this.#failed : undefined
  }

  failed(begin: number, end: number, reason?: string): void {
    this.#failed = { begin, end, reason }
  }
}

const AFTER_CLOSING = "has text after a closing quote, or a quote that is not closed where it should be."
const NEVER = "opens a quote that is never closed."
const NOT_WITHIN = "opens a quote that is not closed within 8 MiB."

/** `inside`: treats the text at `at` as inside quotes that were opened before. Undefined: the end is not in the buffer yet. */
export function quotedRecord(shape: Shape, held: Held, at: number, first: LineEnd, quotes?: Quotes, inside = false): Quoted | undefined {
  return new QuotedReader(shape, held, at, first, quotes).read(inside)
}

/** Reads one record field by field, and line by line if its quotes span lines. */
class QuotedReader {
  readonly #shape: Shape
  readonly #held: Held
  readonly #at: number
  readonly #first: LineEnd
  readonly #quotes: Quotes | undefined
  readonly #fields: (string | null)[] = []
  /** The current line: its beginning and end in the buffer, its text, and the position in the text. */
  #lineStart: number
  #end: LineEnd
  #text: string
  #index = 0
  #breaks = 0
  /** Lines were skipped, so that the fields are incomplete. */
  #jumped = false

  constructor(shape: Shape, held: Held, at: number, first: LineEnd, quotes: Quotes | undefined) {
    this.#shape = shape
    this.#held = held
    this.#at = at
    this.#first = first
    this.#quotes = quotes
    this.#lineStart = at
    this.#end = first
    this.#text = held.buffer.toString("utf8", at, first.text)
  }

  read(inside: boolean): Quoted | undefined {
    const { quote, delimiter } = this.#shape
    for (let opened = inside; ; opened = false) {
      if (!opened && this.#text[this.#index] !== quote) {
        if (this.#plainField()) break
        continue
      }
      if (!opened) this.#index++
      const stopped = this.#quotedField()
      if (stopped !== "closed") return stopped
      if (withoutCr(this.#text.slice(this.#index), this.#shape) === "") break
      if (this.#text[this.#index] !== delimiter) return this.#malformed(AFTER_CLOSING)
      this.#index++
    }
    if (this.#jumped) return quotedRecord(this.#shape, this.#held, this.#at, this.#first)
    return { fields: this.#fields, end: this.#end, breaks: this.#breaks }
  }

  /** An unquoted field; true at the end of the record. */
  #plainField(): boolean {
    const next = this.#text.indexOf(this.#shape.delimiter, this.#index)
    const field = next < 0 ? withoutCr(this.#text.slice(this.#index), this.#shape) : this.#text.slice(this.#index, next)
    this.#fields.push(field === "" ? null : field)
    this.#index = next + 1
    return next < 0
  }

  /** A quoted field, from after its opening quote to after its closing one; undefined if the end is not in the buffer yet. */
  #quotedField(): Quoted | "closed" | undefined {
    const { quote, newline } = this.#shape
    let value = ""
    for (;;) {
      const next = this.#text.indexOf(quote, this.#index)
      if (next < 0) {
        value += this.#text.slice(this.#index) + newline
        const passed = this.#nextLine()
        if (typeof passed !== "string") return passed
        value += passed
        continue
      }
      value += this.#text.slice(this.#index, next)
      this.#index = next + 1
      if (this.#text[this.#index] !== quote) break
      value += quote
      this.#index++
    }
    this.#fields.push(value)
    return "closed"
  }

  /** Continues, inside quotes, in the next line that has a quote or is the last one in the buffer. Returns the text of the lines before it. */
  #nextLine(): Quoted | undefined | string {
    const { buffer, base } = this.#held
    const newline = newlineOf(this.#shape)
    if (this.#end.next === this.#end.text) return this.#malformed(NEVER)
    let begin = this.#end.next
    const known = this.#quotes?.known(base + this.#at, base + begin)
    if (known?.reason !== undefined) return { malformed: known.reason }
    if (known !== undefined && known.end > base + begin) {
      this.#jumped = true
      begin = known.end - base
    }
    const quote = buffer.indexOf(this.#shape.quote, begin)
    const start = Math.max(begin, buffer.lastIndexOf(newline, quote < 0 ? buffer.length - 1 : quote) + 1)
    const end = lineEnd(this.#held, start, newline)
    if ((end?.text ?? buffer.length) - this.#at > WINDOW_BYTES) {
      this.#quotes?.failed(base + this.#at, base + start)
      return { malformed: NOT_WITHIN }
    }
    if (end === undefined) return undefined
    this.#text = buffer.toString("utf8", start, end.text)
    this.#lineStart = start
    this.#end = end
    this.#index = 0
    this.#breaks += 1 + breaksIn(buffer, newline, begin, start)
    return buffer.toString("utf8", begin, start)
  }

  #malformed(reason: string): Quoted {
    const { base } = this.#held
    this.#quotes?.failed(base + this.#at, base + this.#lineStart, reason)
    return { malformed: reason }
  }
}

/** The number of line breaks between two offsets. */
function breaksIn(buffer: Buffer, newline: number, begin: number, end: number): number {
  let breaks = 0
  for (let at = buffer.indexOf(newline, begin); at >= 0 && at < end; at = buffer.indexOf(newline, at + 1)) breaks++
  return breaks
}
