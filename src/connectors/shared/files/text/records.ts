import { isUtf8 } from "node:buffer"
import { breathe } from "../../../../core/breathe.ts"

/** How a text is cut into lines. */
export interface TextShape {
  readonly newline: "\n" | "\r"
  /** Whether the bytes are the file's own, so that an invalid byte can be distinguished from a U+FFFD in the text. */
  readonly exact: boolean
  /** A label of the WHATWG Encoding Standard, as a message names it. */
  readonly encoding: string
}

/** The part of the text that a record takes: its lines, counted from 1, and the offset after it. */
export interface TextSpan {
  readonly line: number
  readonly lastLine: number
  readonly end: number
}

/** A record's value, or the reason why it has none. */
export type TextRecord<T> = (TextSpan & { readonly value: T }) | (TextSpan & { readonly reason: string })

/** The position after a record: the offset in the text and the number of the next line. */
export type TextPosition = readonly [offset: number, line: number]

export const isTextPosition = (value: unknown): value is TextPosition => {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [offset, line] = value as unknown[]
  return Number.isSafeInteger(offset) && (offset as number) >= 0 && Number.isSafeInteger(line) && (line as number) >= 1
}

/** The maximum size of a record in bytes; a longer one is rejected. */
export const RECORD_MAX_BYTES = 1_048_576
/** The distance within which the end of a record is searched, and so the maximum number of bytes in memory. */
export const WINDOW_BYTES = 8 * 1_048_576
export const TOO_LONG = "is longer than 1 MiB."
/** The beginning of the reason for bytes that are not characters in the file's encoding. */
export const UNDECODABLE = "has bytes that are not "

/** The maximum number of records that are cut before the reader takes any. */
const AT_ONCE = 1_000
const CR = 13
const LF = 10

/** A buffer of text in which records are searched. */
export interface Held {
  readonly buffer: Buffer
  /** Whether the buffer is the end of the text. */
  readonly last: boolean
  /** The offset of the buffer in the text. */
  readonly base: number
  /** Whether the whole buffer is valid text. */
  readonly clean: boolean
}

/** The end of a line's text and the beginning of the next line. Both are the same at the end of a text without a final newline. */
export interface LineEnd {
  readonly text: number
  readonly next: number
}

/** The record that begins at `at` and whose first line ends at `first`; undefined if its end is not in the buffer yet. */
export type CutRecord<T> = (held: Held, at: number, first: LineEnd, line: number) => TextRecord<T> | undefined

/** Cuts UTF-8 text into records of one or more lines, in constant memory and linear time. */
export class RecordReader<T> {
  readonly #shape: TextShape
  readonly #record: CutRecord<T>
  #offset: number
  #line: number
  /** The number of records since other tasks last ran. */
  #given = 0
  /** Whether the reader is inside a line that is longer than the window. */
  #skipping = false

  /** `from` is the position at which the text begins. */
  constructor(shape: TextShape, record: CutRecord<T>, from: TextPosition = [0, 1]) {
    this.#shape = shape
    this.#record = record
    ;[this.#offset, this.#line] = from
  }

  /** Reads the records of a text, in groups. */
  async *read(text: AsyncIterable<Buffer>): AsyncGenerator<TextRecord<T>[]> {
    let parts: Buffer[] = []
    let length = 0
    // An unfinished record is parsed again only when much more of it has arrived, not at every byte of a slow server.
    let wanted = 0
    for await (const part of text) {
      parts.push(part)
      length += part.length
      if (length < wanted) continue
      const rest = Buffer.concat(parts, length)
      const used = yield* this.#paced(this.#cut(rest, false))
      parts = [rest.subarray(used)]
      length -= used
      wanted = length * 1.5
    }
    yield* this.#paced(this.#cut(Buffer.concat(parts, length), true))
  }

  /** Passes the records on and lets other tasks run in between, however quickly the records are taken. */
  async *#paced(records: Generator<TextRecord<T>[], number>): AsyncGenerator<TextRecord<T>[], number> {
    for (let next = records.next(); ; next = records.next()) {
      if (next.done === true) return next.value
      yield next.value
      this.#given += next.value.length
      if (this.#given < AT_ONCE) continue
      this.#given = 0
      await breathe()
    }
  }

  /** Yields the records that are complete in the buffer; returns the number of bytes that they take. */
  *#cut(buffer: Buffer, last: boolean): Generator<TextRecord<T>[], number> {
    const held: Held = { buffer, last, base: this.#offset, clean: !buffer.includes(0) && isText(buffer, this.#shape) }
    const newline = newlineOf(this.#shape)
    let records: TextRecord<T>[] = []
    let at = 0
    while (at < buffer.length || (last && this.#skipping)) {
      const first = lineEnd(held, at, newline)
      const record = first === undefined ? undefined : this.#skipping ? this.#skipped(held, first) : this.#record(held, at, first, this.#line)
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
      at = record.end - held.base
    }
    this.#offset = held.base + at
    if (records.length > 0) yield records
    return at
  }

  /** The rest of a line that is too long to be kept. */
  #skipped(held: Held, { next }: LineEnd): TextRecord<T> {
    return { line: this.#line, lastLine: this.#line, end: held.base + next, reason: TOO_LONG }
  }
}

export const newlineOf = ({ newline }: TextShape): number => (newline === "\n" ? LF : CR)

/** The end of the line that contains `at`; undefined if it is not in the buffer yet. */
export function lineEnd({ buffer, last }: Pick<Held, "buffer" | "last">, at: number, newline: number): LineEnd | undefined {
  const found = buffer.indexOf(newline, at)
  if (found >= 0) return { text: found, next: found + 1 }
  return last ? { text: buffer.length, next: buffer.length } : undefined
}

/** The reason why the bytes of a record cannot be a row; undefined if they can. */
export function faultIn({ buffer, clean }: Held, begin: number, end: number, shape: TextShape): string | undefined {
  if (end - begin > RECORD_MAX_BYTES) return TOO_LONG
  if (clean) return undefined
  const bytes = buffer.subarray(begin, end)
  if (bytes.includes(0)) return "has a NUL character."
  return isText(bytes, shape) ? undefined : `${UNDECODABLE}${shape.encoding}.`
}

/** Whether all bytes are characters in the file's encoding. The decoder replaces others with U+FFFD. */
const isText = (bytes: Buffer, { exact, encoding }: TextShape): boolean =>
  exact ? isUtf8(bytes) : !bytes.includes("\uFFFD") && isUtf8(bytes) && !(encoding.startsWith("windows-") && hasControl(bytes))

const C2 = 0xc2

/** Whether there is a character from U+0080 to U+009F, to which the decoder maps bytes that a Windows code page does not define (WHATWG, Encoding, 9). */
function hasControl(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(C2); at >= 0; at = bytes.indexOf(C2, at + 1)) if ((bytes[at + 1] ?? 0xff) < 0xa0) return true
  return false
}

/** The length of UTF-8's byte order mark, 0 if the text does not begin with one; readers of JSON may ignore it (RFC 8259, 8.1). */
export const bomOf = (head: Buffer): number => (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0)
