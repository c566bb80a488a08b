import { PlatformError } from "../../../../../core/errors.ts"
import type { Guess } from "../../../../../core/streams.ts"
import { joined, type Kind } from "../../kinds.ts"
import { textFormatOf } from "../../known-formats.ts"
import type { TextPosition, TextRecord } from "../../text/records.ts"
import type { CsvOptions } from "../options.ts"
import type { Fields, Shape } from "../shape.ts"
import { asUtf8, type Encoding, encodingOf } from "./encoding.ts"
import { DELIMITERS, guessesOf, QUOTES } from "./guesses.ts"
import { headerOf } from "./header.ts"
import { newlineIn, skippedHead } from "./lines.ts"
import { namesOf } from "./names.ts"
import { fieldsOf, preambleOf } from "./preamble.ts"
import { spellingsOf } from "./spellings.ts"
import { bestOf, type Table, tableOf } from "./tables.ts"
import { trailingOf } from "./trailing.ts"

/** How a file is read, according to the options and to its first part. */
export interface Sniffed {
  readonly encoding: Encoding
  readonly shape: Shape
  /** The end of the first record; the ends of the others may differ in a CR. */
  readonly lineEnd: "\n" | "\r\n" | "\r"
  /** The position after the lines that are skipped at the beginning of the text. */
  readonly start: TextPosition
  readonly header: boolean
  /** The offset after the header; without a header, the offset of `start`. */
  readonly headerEnd: number
  /** The columns' names: unique, none empty. */
  readonly names: readonly string[]
  /** Whether a row may end in a delimiter that does not begin another field. */
  readonly dropsTrailing: boolean
  /** The columns' kinds by the first part alone; undefined if it has no value in the column. */
  readonly kinds: readonly (Kind | undefined)[]
  /** The first records after `start`, including the header. Their offsets and lines are counted from `start`. */
  readonly records: readonly TextRecord<Fields>[]
  readonly guesses: readonly Guess[]
  /** Messages for people about names that differ from those in the file, and about the text itself. */
  readonly warnings: readonly string[]
}

const MOST_COLUMNS = 10_000

/** Recognizes the format. `sample` is the file's beginning, decompressed; `whole`: the sample is the whole file. */
export async function sniff(sample: Buffer, whole: boolean, options: CsvOptions): Promise<Sniffed> {
  const encoding = await encodingOf(sample, options.encoding, whole)
  const parts: Buffer[] = []
  for await (const part of asUtf8(once(sample), encoding)) parts.push(part)
  const all = Buffer.concat(parts)
  const other = textFormatOf(all.toString("utf8"), whole)
  if (other !== undefined) throw new PlatformError("response_invalid", `The file is not CSV: it is ${other}.`)
  const { newline, mixed } = newlineIn(all)
  const { offset, line, delimiter } = skippedHead(all, newline, options.skipLines)
  const body = all.subarray(offset)
  const text = body.toString("utf8")
  const quote = options.quote === "auto" ? quoteOf(text) : QUOTES[options.quote]
  const common = { newline, exact: encoding.name === "utf-8", encoding: encoding.name, quote, comment: options.commentPrefix ?? "" } as const
  const delimiters = options.delimiter !== "auto" ? [DELIMITERS[options.delimiter]] : delimiter === undefined ? Object.values(DELIMITERS) : [delimiter]
  const { best, other: nearly } = bestOf(await tablesOf(body, whole, delimiters, common), text)

  const preamble = options.skipLines === undefined && options.header !== "no" ? preambleOf(best) : 0
  const before = best.records[preamble - 1]
  const start = [offset + (before?.end ?? 0), line + (before?.lastLine ?? 0)] as const
  const records = best.records.slice(preamble).map((record) => relativeTo(record, before))
  if (records.length === 0)
    throw new PlatformError(
      "response_invalid",
      "The file has no records: all of its lines are blank, skipped or comments; check the number of lines to skip and the comment prefix.",
    )
  const fields = fieldsOf(records)
  const [first] = fields
  const guess = options.header === "auto" ? headerOf(fields) : { header: options.header === "yes", certain: true }
  const header = guess.header && first !== undefined
  const rows = header ? fields.slice(1) : fields
  const trailing = trailingOf(header ? first : undefined, rows, options.trailingDelimiter)
  const width = header ? first.length - (trailing === "header" ? 1 : 0) : best.width
  if (width > MOST_COLUMNS)
    throw new PlatformError("response_invalid", `The file has ${width} columns, but at most ${MOST_COLUMNS} can be read; check the delimiter.`)
  const { names, warnings } = namesOf(header ? first.slice(0, width) : [], width)
  const firstEnd = records.find((record) => "value" in record)?.end ?? 0
  const endsAt = start[0] + firstEnd
  const crLf = newline === "\n" && all[endsAt - 1] === 10 && all[endsAt - 2] === 13
  const kinds = kindsOf(rows, width)
  const spellings = options.types === "auto" ? spellingsOf(names, kinds, rows) : []
  return {
    encoding,
    shape: best.shape,
    lineEnd: crLf ? "\r\n" : newline,
    start,
    header,
    headerEnd: start[0] + (header ? firstEnd : 0),
    names,
    dropsTrailing: options.trailingDelimiter === "drop" || trailing === "rows",
    kinds,
    records,
    guesses: [
      ...guessesOf({
        options,
        encoding,
        shape: best.shape,
        named: delimiter !== undefined,
        nearly,
        width,
        header,
        certain: guess.certain,
        skipped: start[1] - line,
        trailing,
      }),
      ...spellings,
    ],
    warnings: [
      ...(encoding.warning === undefined ? [] : [encoding.warning]),
      ...(mixed ? [`The file has different line ends; ${newline === "\n" ? "a CR alone" : "an LF"} is taken for a part of a value, not for a line end.`] : []),
      ...warnings,
    ],
  }
}

async function* once(part: Buffer): AsyncGenerator<Buffer> {
  yield part
}

async function tablesOf(body: Buffer, whole: boolean, delimiters: readonly string[], common: Omit<Shape, "delimiter">): Promise<Table[]> {
  const tables = await Promise.all(delimiters.map((delimiter) => tableOf(body, whole, { ...common, delimiter })))
  const found = tables.filter((table) => table !== undefined)
  if (found.length > 0) return found
  throw new PlatformError(
    "response_invalid",
    `The first ${Math.round(body.length / 1024)} KiB of the file contain no whole record; check that the file is CSV and that its quotes are closed.`,
  )
}

/** The record with its offset and lines counted from the end of another one. */
const relativeTo = (record: TextRecord<Fields>, before: TextRecord<Fields> | undefined): TextRecord<Fields> =>
  before === undefined ? record : { ...record, line: record.line - before.lastLine, lastLine: record.lastLine - before.lastLine, end: record.end - before.end }

/** The quote that opens and closes fields; the double quote if there is none. */
function quoteOf(text: string): string {
  if (/(?:^|[,;\t|])"/m.test(text)) return '"'
  const opening = text.match(/(?:^|[,;\t|])'/gm)?.length ?? 0
  const closing = text.match(/'(?=[,;\t|\r]|$)/gm)?.length ?? 0
  return opening > 1 && opening === closing ? "'" : '"'
}

function kindsOf(rows: readonly Fields[], width: number): (Kind | undefined)[] {
  const kinds: (Kind | undefined)[] = Array.from({ length: width }, () => undefined)
  for (const fields of rows)
    if (fields.length === width || (fields.length === width + 1 && fields[width] === null))
      for (let index = 0; index < width; index++) kinds[index] = joined(kinds[index], fields[index] ?? null)
  return kinds
}
