import type { Span } from "../format.ts"
import type { Peeked } from "../source.ts"
import { section } from "../source.ts"
import { beginOf, endOf } from "../text/chunks.ts"
import type { TextPosition, TextRecord } from "../text/records.ts"
import { csvRecords } from "./records.ts"
import { type Fields, isBlank } from "./shape.ts"
import { asUtf8 } from "./sniff/encoding.ts"
import type { Sniffed } from "./sniff/sniff.ts"

/** A CSV file whose format is known. */
export interface CsvFile {
  readonly source: Peeked
  readonly sniffed: Sniffed
}

/** The file's text as UTF-8, without its byte order mark. Offsets are those of the text; in a UTF-8 file they are the bytes' own. */
export function textOf({ source, sniffed: { encoding, shape } }: CsvFile, from: number, to: number | undefined): AsyncIterable<Buffer> {
  if (shape.exact) return source.open(encoding.bom + from, to === undefined ? undefined : encoding.bom + to)
  return section(asUtf8(source.open(), encoding), from, to)
}

/** The fields of a row, the reason why a record is not a row, or undefined for the header, comments and blank lines. */
export type Judged = { readonly fields: Fields } | { readonly reason: string } | undefined

export function judge(record: TextRecord<Fields>, { names, headerEnd, dropsTrailing }: Pick<Sniffed, "names" | "headerEnd" | "dropsTrailing">): Judged {
  if ("reason" in record) return record
  const many = record.value.length
  if (record.end <= headerEnd || many === 0 || (names.length > 1 && isBlank(record.value))) return undefined
  if (many === names.length) return { fields: record.value }
  if (dropsTrailing && many === names.length + 1 && record.value[names.length] === null) return { fields: record.value.slice(0, names.length) }
  return { reason: `has ${many} field${many === 1 ? "" : "s"}, and the file has ${names.length} column${names.length === 1 ? "" : "s"}.` }
}

/** The position where reading a part begins: the part at the beginning of the file starts after the skipped lines. */
export const startIn = ({ sniffed }: CsvFile, part: Span): TextPosition =>
  part.start === undefined && part.after === undefined ? sniffed.start : beginOf(part)

/** All records of a part of the file, including the header, comments and blank lines. */
export async function* recordsOf(file: CsvFile, part: Span, noted: (bytes: Buffer) => void = () => undefined): AsyncGenerator<TextRecord<Fields>[]> {
  const [begin, end] = [startIn(file, part), endOf(part)]
  if (end !== undefined && begin[0] >= end) return
  async function* text(): AsyncGenerator<Buffer> {
    for await (const bytes of textOf(file, begin[0], end)) {
      noted(bytes)
      yield bytes
    }
  }
  yield* csvRecords(file.sniffed.shape, begin).read(text())
}

/** The records of a part that are not skipped: each with the fields of a row, or with the reason why it is not one. */
export async function* rowsOf(file: CsvFile, part: Span): AsyncGenerator<readonly TextRecord<Fields>[]> {
  for await (const some of recordsOf(file, part)) {
    const out: TextRecord<Fields>[] = []
    for (const record of some) {
      const judged = judge(record, file.sniffed)
      if (judged === undefined) continue
      const span = { line: record.line, lastLine: record.lastLine, end: record.end }
      out.push("reason" in judged ? { ...span, reason: judged.reason } : { ...span, value: judged.fields })
    }
    if (out.length > 0) yield out
  }
}
