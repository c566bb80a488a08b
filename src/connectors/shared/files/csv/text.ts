import type { Span } from "../format.ts"
import type { Peeked } from "../source.ts"
import { section } from "../source.ts"
import { beginOf, endOf } from "../text/chunks.ts"
import type { TextRecord } from "../text/records.ts"
import { asUtf8 } from "./encoding.ts"
import { csvRecords } from "./records.ts"
import type { Fields } from "./shape.ts"
import { isBlank, type Sniffed } from "./sniff.ts"

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

/** What a record of the file is: a row's fields, a reason why it is no row, or undefined for the header and blank lines. */
export type Judged = { readonly fields: Fields } | { readonly reason: string } | undefined

export function judge(record: TextRecord<Fields>, { names, headerEnd }: Sniffed): Judged {
  if ("reason" in record) return record
  if (record.end <= headerEnd || (names.length > 1 && isBlank(record.value))) return undefined
  const many = record.value.length
  if (many === names.length) return { fields: record.value }
  return { reason: `has ${many} field${many === 1 ? "" : "s"}, and the file has ${names.length} columns.` }
}

/** All records of a part of the file, the header and blank lines among them. */
export async function* recordsOf(file: CsvFile, part: Span, noted: (bytes: Buffer) => void = () => undefined): AsyncGenerator<TextRecord<Fields>[]> {
  const [begin, end] = [beginOf(part), endOf(part)]
  if (end !== undefined && begin[0] >= end) return
  async function* text(): AsyncGenerator<Buffer> {
    for await (const bytes of textOf(file, begin[0], end)) {
      noted(bytes)
      yield bytes
    }
  }
  yield* csvRecords(file.sniffed.shape, begin).read(text())
}

/** The records of a part that are not skipped: each with the fields of a row, or with the reason why it is no row. */
export async function* rowsOf(file: CsvFile, part: Span): AsyncGenerator<readonly TextRecord<Fields>[]> {
  for await (const some of recordsOf(file, part)) {
    const out: TextRecord<Fields>[] = []
    for (const record of some) {
      const judged = judge(record, file.sniffed)
      if (judged === undefined) continue
      if ("fields" in judged || "reason" in record) out.push(record)
      else out.push({ line: record.line, lastLine: record.lastLine, end: record.end, reason: judged.reason })
    }
    if (out.length > 0) yield out
  }
}
