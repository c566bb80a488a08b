import { isUtf8 } from "node:buffer"
import type { Span } from "../format.ts"
import { RECORD_MAX_BYTES, type TextRecord, TOO_LONG } from "../text/records.ts"
import { type JsonRecord, parseRecord } from "./values.ts"

/** A record of an element. `final`: nothing after it can be read. */
export type ElementRecord = TextRecord<JsonRecord> & { readonly final?: true }

/** The position after an element: the offset, the line in which the element ends, and 1 if nothing after it can be read. */
export type ElementPosition = readonly [offset: number, line: number, final: 0 | 1]

export const isElementPosition = (value: unknown): value is ElementPosition => {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [offset, line, final] = value as unknown[]
  return Number.isSafeInteger(offset) && (offset as number) >= 0 && Number.isSafeInteger(line) && (line as number) >= 1 && (final === 0 || final === 1)
}

export const isArrayText = (head: Buffer): boolean => /^\uFEFF?\s*\[/.test(head.toString("utf8", 0, 65_536))

/** The elements of an array, or the values of a text that has several, in constant memory and linear time. */
export async function* elementsOf(text: (from: number) => AsyncIterable<Buffer>, part: Span, array: boolean): AsyncGenerator<ElementRecord[]> {
  const [offset, line, final] = isElementPosition(part.after) ? part.after : ([0, 1, 0] as const)
  if (final === 1) return
  const elements = new Elements(array, offset, line)
  for await (const piece of text(offset)) {
    elements.take(piece)
    if (elements.found.length > 0) yield elements.found.splice(0)
  }
  elements.end()
  if (elements.found.length > 0) yield elements.found
}

const [TAB, LF, CR, SPACE, QUOTE, COMMA, BACKSLASH] = [9, 10, 13, 32, 34, 44, 92] as const
const [ARRAY, OBJECT] = [91, 123] as const
const [ARRAY_END, OBJECT_END] = [93, 125] as const
const isSpace = (byte: number): boolean => byte === SPACE || byte === LF || byte === CR || byte === TAB

type Place = "before the array" | "before an element" | "before a first element" | "after an element" | "in an element" | "after the array" | "lost"

/** Finds the beginning and end of elements by brackets and strings alone; an element's own text is parsed once it is complete. */
class Elements {
  readonly found: ElementRecord[] = []
  readonly #array: boolean
  #place: Place
  #offset: number
  #line: number
  #reason = ""
  /** This field and the next ones belong to the element that is being read. */
  #depth = 0
  #inString = false
  #escaped = false
  #firstLine = 0
  #parts: Buffer[] = []
  #length = 0

  constructor(array: boolean, offset: number, line: number) {
    this.#array = array
    this.#place = !array ? "before an element" : offset === 0 ? "before the array" : "after an element"
    this.#offset = offset
    this.#line = line
  }

  take(piece: Buffer): void {
    let at = 0
    while (at < piece.length) at = this.#place === "in an element" ? this.#inside(piece, at) : this.#between(piece, at)
    this.#offset += piece.length
  }

  /** Handles the end of the text. */
  end(): void {
    const { found } = this
    if (this.#place === "in an element") {
      // A number or a word may end at the end of the text.
      if (!this.#array && this.#depth === 0 && !this.#inString) this.#finish(0)
      else this.#lose("is cut off: the file ends inside it.", this.#firstLine)
    } else if (this.#array && this.#place !== "after the array" && this.#place !== "lost")
      this.#lose("is the last one, and the array is not closed: the file is cut off.", this.#line)
    if (this.#place === "lost") found.push({ line: this.#firstLine, lastLine: this.#line, end: this.#offset, reason: this.#reason, final: true })
  }

  #lose(reason: string, line: number): void {
    this.#place = "lost"
    this.#reason = reason
    this.#firstLine = line
    this.#parts = []
  }

  /** Takes one byte between elements; returns the offset at which to continue. */
  #between(piece: Buffer, at: number): number {
    const byte = piece[at] as number
    if (byte === LF) this.#line++
    if (this.#place === "lost") return this.#toNextLine(piece, at)
    if (isSpace(byte)) return at + 1
    switch (this.#place) {
      case "before the array":
        this.#place = "before a first element"
        return at + 1
      case "after an element":
        if (byte === COMMA || byte === ARRAY_END) this.#place = byte === COMMA ? "before an element" : "after the array"
        else this.#lose("has no comma between two elements; nothing after it can be read.", this.#line)
        return at + 1
      case "after the array":
        this.#lose("has text after the end of the array, which cannot be read.", this.#line)
        return at + 1
      default:
        if (byte === ARRAY_END && this.#place === "before a first element") this.#place = "after the array"
        else if (byte === COMMA || byte === ARRAY_END || byte === OBJECT_END)
          this.#lose("has no element where one should be; nothing after it can be read.", this.#line)
        else {
          this.#place = "in an element"
          this.#firstLine = this.#line
          return at
        }
        return at + 1
    }
  }

  #toNextLine(piece: Buffer, at: number): number {
    const next = piece.indexOf(LF, at + 1)
    return next < 0 ? piece.length : next
  }

  /** Advances to the end of the element or of the piece; returns the offset at which it stopped. */
  #inside(piece: Buffer, from: number): number {
    let at = from
    for (; at < piece.length; at++) {
      const byte = piece[at] as number
      if (byte === LF) this.#line++
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) {
          this.#inString = false
          if (this.#depth === 0) return this.#close(piece, from, at + 1)
        }
      } else if (byte === QUOTE) this.#inString = true
      else if (byte === ARRAY || byte === OBJECT) this.#depth++
      else if (byte === ARRAY_END || byte === OBJECT_END) {
        if (this.#depth === 0) return this.#close(piece, from, at)
        if (--this.#depth === 0) return this.#close(piece, from, at + 1)
      } else if (this.#depth === 0 && (byte === COMMA || isSpace(byte))) {
        // The line break is counted again as a byte between elements.
        if (byte === LF) this.#line--
        return this.#close(piece, from, at)
      }
    }
    this.#keep(piece.subarray(from))
    return at
  }

  #keep(bytes: Buffer): void {
    this.#length += bytes.length
    if (this.#length <= RECORD_MAX_BYTES) this.#parts.push(bytes)
    else this.#parts = []
  }

  #close(piece: Buffer, from: number, to: number): number {
    this.#keep(piece.subarray(from, to))
    this.#finish(to)
    return to
  }

  #finish(to: number): void {
    const span = { line: this.#firstLine, lastLine: this.#line, end: this.#offset + to }
    const bytes = Buffer.concat(this.#parts)
    const record = this.#length > RECORD_MAX_BYTES ? TOO_LONG : isUtf8(bytes) ? parseRecord(bytes.toString("utf8")) : "has bytes that are not utf-8."
    this.found.push(typeof record === "string" ? { ...span, reason: record } : { ...span, value: record })
    this.#place = this.#array ? "after an element" : "before an element"
    ;[this.#parts, this.#length, this.#depth, this.#inString, this.#escaped] = [[], 0, 0, false, false]
  }
}
