import type { CsvShape } from "../../csv-shape.ts"

/** Where the scanner stands: at the beginning of a field, inside one, inside quotes, behind a quote that may end them, or inside a line end. */
const [START, PLAIN, QUOTED, CLOSING, LINE_END] = [0, 1, 2, 3, 4]
const WORD = Buffer.from("NULL")

/**
 * The same CSV as LOAD DATA tells null from an empty text (MySQL docs, LOAD DATA, Field and Line Handling): an empty field becomes the
 * word `NULL`, and a text that is that word gets quotes. All other bytes pass as they are.
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
  /** The beginning of a field that may be the word, and ends with its chunk. */
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

  /** The last line may have no end. */
  *end(): Generator<Buffer> {
    if (this.#held.length > 0) yield this.#held.equals(WORD) ? this.#quotedWord : this.#held
    else if (this.#state === START && !this.#lineBegins) yield WORD
  }

  /** At the beginning of a field: the bytes that stand for it, or that more must come to tell; undefined: it passes as it is. */
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

  /** Goes on by one byte, or to the next quote inside quotes. */
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
