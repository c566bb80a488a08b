import { PlatformError } from "../../../../core/errors.ts"
import type { ByteOffer, RejectedRecord } from "../../../../core/streams.ts"
import { csvShape } from "../../csv-shape.ts"
import type { Span, TablePiece } from "../format.ts"
import { rejectedRecord } from "../text/chunks.ts"
import type { TextPosition, TextRecord } from "../text/records.ts"
import type { Fields } from "./shape.ts"
import type { Sniffed } from "./sniff/sniff.ts"
import { type CsvFile, judge, recordsOf, startIn } from "./text.ts"
import { type Dialect, fieldEncoder } from "./write.ts"

/** A piece ends at this size, or after this many rejected records. */
const PIECE_BYTES = 8 * 1_048_576
const PIECE_REJECTED = 1_000
const CR = 13
const LF = 10

export const byteOffer = ({ names: columns, shape: { delimiter, quote }, lineEnd }: Sniffed): ByteOffer => ({
  format: "csv",
  shape: csvShape({ columns, delimiter, encoding: "utf-8", header: false, lineEnd, null: "", quote }),
})

/**
 * The rows of a part of the file as bytes. Rows pass unchanged; only a row with a different line end from the offered one,
 * or with quotes in its values, is rewritten. Records that are not rows are left out and reported.
 */
export async function* piecesOf(file: CsvFile, part: Span): AsyncGenerator<TablePiece> {
  const runs = new Runs(file, part)
  try {
    while (await runs.more()) {
      const piece = runs.piece()
      yield piece
      if (!piece.drained) throw new PlatformError("internal", "A piece of bytes was not read to its end before the next one was requested.")
    }
  } finally {
    await runs.close()
  }
}

/** Reads the records of a part and returns the bytes between them. */
class Runs {
  readonly #dialect: Dialect
  readonly #sniffed: Sniffed
  readonly #part: Span
  readonly #oddField: RegExp
  readonly #encode: (field: string | null) => string
  readonly #records: AsyncIterator<TextRecord<Fields>[]>
  /** Text that was read but not returned yet, and the offset at which it begins. */
  #unread: Buffer[] = []
  #window: Buffer = Buffer.alloc(0)
  #base: number
  #next: TextRecord<Fields>[] | undefined
  #position: TextPosition

  constructor(file: CsvFile, part: Span) {
    const { shape, lineEnd } = file.sniffed
    this.#dialect = { delimiter: shape.delimiter, quote: shape.quote, lineEnd }
    this.#sniffed = file.sniffed
    this.#part = part
    this.#encode = fieldEncoder(this.#dialect)
    this.#oddField = new RegExp(`[\\r\\n${shape.quote}]`)
    this.#position = startIn(file, part)
    this.#base = this.#position[0]
    this.#records = recordsOf(file, part, (bytes) => this.#unread.push(bytes))[Symbol.asyncIterator]()
  }

  async close(): Promise<void> {
    await this.#records.return?.()
  }

  async more(): Promise<boolean> {
    if (this.#next === undefined) {
      const next = await this.#records.next()
      this.#next = next.done === true ? undefined : next.value
    }
    return this.#next !== undefined
  }

  piece(): TablePiece & { readonly drained: boolean } {
    const rejected: RejectedRecord[] = []
    const count = { rows: 0, drained: false }
    const bytes = this.#bytes(rejected, count)
    return {
      bytes,
      rows: () => count.rows,
      rejected: () => rejected,
      position: () => this.#position,
      get drained() {
        return count.drained
      },
    }
  }

  async *#bytes(rejected: RejectedRecord[], count: { rows: number; drained: boolean }): AsyncGenerator<Buffer> {
    let length = 0
    while (length < PIECE_BYTES && rejected.length < PIECE_REJECTED && (await this.more())) {
      const some = this.#next ?? []
      this.#next = undefined
      const out = this.#passed(some, rejected)
      count.rows += out.rows
      for (const run of out.runs) {
        length += run.length
        yield run
      }
    }
    count.drained = true
  }

  /** The bytes of the rows among some records, in as few buffers as possible. */
  #passed(some: readonly TextRecord<Fields>[], rejected: RejectedRecord[]): { readonly runs: Buffer[]; readonly rows: number } {
    const last = some.at(-1)?.end ?? this.#base
    const window = this.#upTo(last)
    const odd = this.#isOdd(window.subarray(0, last - this.#base))
    const runs: Buffer[] = []
    let [rows, begin, end] = [0, 0, 0]
    const flush = (): void => {
      if (begin < end) runs.push(window.subarray(begin, end))
    }
    for (const record of some) {
      const [from, to] = [end, record.end - this.#base]
      const judged = judge(record, this.#sniffed)
      const anew = judged !== undefined && "fields" in judged ? this.#anew(window, from, to, judged.fields, odd, record) : undefined
      if (judged === undefined || "reason" in judged || anew !== undefined) {
        flush()
        begin = to
        if (anew !== undefined) runs.push(anew)
      }
      if (judged !== undefined && "reason" in judged) rejected.push(rejectedRecord(this.#part, record, judged.reason))
      else if (judged !== undefined) rows++
      end = to
      this.#position = [record.end, record.lastLine + 1]
    }
    flush()
    this.#window = window.subarray(end)
    this.#base += end
    return { runs, rows }
  }

  /** Rewrites a row that another reader could misread; undefined if its bytes can stay as they are. */
  #anew(window: Buffer, from: number, to: number, fields: Fields, odd: boolean, record: TextRecord<Fields>): Buffer | undefined {
    const { delimiter, lineEnd } = this.#dialect
    const same = window.toString("latin1", Math.max(from, to - lineEnd.length), to) === lineEnd && !(lineEnd === "\n" && window[to - 2] === CR)
    const shortened = "value" in record && record.value.length !== fields.length
    if (same && !shortened && !(odd && fields.some((field) => field !== null && this.#oddField.test(field)))) return undefined
    return Buffer.from(fields.map(this.#encode).join(delimiter) + lineEnd)
  }

  /** Whether the text may have a quote or a line break inside an unquoted field. */
  #isOdd(text: Buffer): boolean {
    if (this.#dialect.quote !== "" && text.includes(this.#dialect.quote)) return true
    if (this.#dialect.lineEnd === "\r") return text.includes("\n")
    for (let at = text.indexOf(CR); at >= 0; at = text.indexOf(CR, at + 1)) if (text[at + 1] !== LF) return true
    return false
  }

  /** The text from the base to an offset at least. */
  #upTo(offset: number): Buffer {
    if (this.#unread.length > 0 && this.#base + this.#window.length < offset) {
      this.#window = Buffer.concat([this.#window, ...this.#unread])
      this.#unread = []
    }
    return this.#window
  }
}
