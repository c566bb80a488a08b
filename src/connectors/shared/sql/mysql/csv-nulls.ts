import type { CsvShape } from "../../csv-shape.ts"

/** The scanner's states: at the start of a field, inside a field, inside quotes, after a quote that may be the closing one, inside a line end. */
const [START, PLAIN, QUOTED, CLOSING, LINE_END] = [0, 1, 2, 3, 4]
const WORD = Buffer.from("NULL")

/**
 * Rewrites CSV so that LOAD DATA distinguishes null from an empty text (MySQL docs, LOAD DATA, Field and Line Handling): an empty field
 * becomes the word `NULL`, and an unquoted text `NULL` gets quotes. All other bytes stay the same.
 */
export async function* withNulls(bytes: AsyncIterable<Buffer>, shape: Pick<CsvShape, "delimiter" | "quote" | "lineEnd">): AsyncGenerator<Buffer> {
  const scanner = new Scanner(shape)
  for await (const chunk of bytes) yield* scanner.pass(chunk)
  yield* scanner.end()
}

class Scanner {
  readonly #delimiter: number
  readonly #quote: number
  readonly #lineEnd: Buffer
  readonly #quotedWord: Buffer
  #state = START
  #lineBegins = true
  /** The end of a chunk that may be the beginning of the word `NULL`. */
  #held: Buffer = Buffer.alloc(0)

  constructor({ delimiter, quote, lineEnd }: Pick<CsvShape, "delimiter" | "quote" | "lineEnd">) {
    this.#delimiter = delimiter.charCodeAt(0)
    this.#quote = quote.charCodeAt(0)
    this.#lineEnd = Buffer.from(lineEnd)
    this.#quotedWord = Buffer.from(`${quote}${WORD}${quote}`)
  }

  *pass(given: Buffer): Generator<Buffer> {
    const chunk = this.#held.length === 0 ? given : Buffer.concat([this.#held, given])
    this.#held = chunk.subarray(0, 0)
    let from = 0
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === START) {
        const found = this.#field(chunk, at)
        if (found === "held") break
        if (found !== undefined) {
          if (from < at) yield chunk.subarray(from, at)
          yield found
          if (found !== WORD) at += WORD.length
          from = at
        }
      }
      at = this.#on(chunk, at)
    }
    const to = chunk.length - this.#held.length
    if (from < to) yield chunk.subarray(from, to)
  }

  /** Finishes the last line, which may have no line end. */
  *end(): Generator<Buffer> {
    if (this.#held.length > 0) yield this.#held.equals(WORD) ? this.#quotedWord : this.#held
    else if (this.#state === START && !this.#lineBegins) yield WORD
  }

  /** At the start of a field: the bytes that replace it, or `held` if more bytes are needed to decide; undefined if the field stays the same. */
  #field(chunk: Buffer, at: number): Buffer | "held" | undefined {
    const byte = chunk[at]
    if (byte === this.#delimiter || byte === this.#lineEnd[0]) return WORD
    if (byte !== WORD[0]) return undefined
    const text = chunk.subarray(at, at + WORD.length + 1)
    if (text.length <= WORD.length && WORD.subarray(0, text.length).equals(text)) {
      this.#held = chunk.subarray(at)
      return "held"
    }
    const next = text[WORD.length]
    return (next === this.#delimiter || next === this.#lineEnd[0]) && text.subarray(0, WORD.length).equals(WORD) ? this.#quotedWord : undefined
  }

  /** Advances by one byte, or to the next quote if inside quotes. */
  #on(chunk: Buffer, at: number): number {
    const byte = chunk[at]
    if (this.#state === QUOTED) {
      const close = chunk.indexOf(this.#quote, at)
      if (close < 0) return chunk.length
      this.#state = CLOSING
      return close + 1
    }
    if (this.#state === LINE_END) this.#begin(true)
    else if (byte === this.#quote && (this.#state === START || this.#state === CLOSING)) this.#state = QUOTED
    else if (byte === this.#delimiter) this.#begin(false)
    else if (byte === this.#lineEnd[0]) {
      if (this.#lineEnd.length === 1) this.#begin(true)
      else this.#state = LINE_END
    } else this.#state = PLAIN
    return at + 1
  }

  #begin(line: boolean): void {
    this.#state = START
    this.#lineBegins = line
  }
}
