import { PlatformError } from "../../../../core/errors.ts"
import type { RejectedRecord } from "../../../../core/streams.ts"
import type { Value } from "../../../../core/values.ts"
import type { FirstRecords, OpenTable, RowChunk, Survey, WantedRows } from "../format.ts"
import { ColumnFacts, columnOf, converted, type Kind, kindOfColumn } from "../kinds.ts"
import { declaredFormatOf } from "../known-formats.ts"
import type { Peeked } from "../source.ts"
import { chunksOf, rejectedRecord } from "../text/chunks.ts"
import { isTextPosition, UNDECODABLE } from "../text/records.ts"
import { byteOffer, piecesOf } from "./bytes.ts"
import { cutsOf } from "./cuts.ts"
import type { CsvOptions } from "./options.ts"
import type { Fields } from "./shape.ts"
import { delimiterName, quoteName } from "./sniff/guesses.ts"
import { type Sniffed, sniff } from "./sniff/sniff.ts"
import { type CsvFile, judge, rowsOf } from "./text.ts"

/** Opens a CSV file as a table; `response_invalid` for a file that is not text, or is text of another format. */
export async function openCsv(source: Peeked, options: CsvOptions): Promise<OpenTable> {
  if (options.contentType === "checked") assertDeclared(source)
  const sniffed = await sniff(source.head, source.whole, options)
  const file: CsvFile = { source, sniffed }
  const fixed = new Map(options.columns.map(({ name, type }) => [name, type]))
  const given = sniffed.names.map((name) => fixed.get(name) ?? (options.types === "text" ? ("text" as const) : undefined))
  return {
    columns: sniffed.names.map((name, index) => columnOf(name, given[index] ?? sniffed.kinds[index])),
    fixed: true,
    facts: factsOf(sniffed),
    warnings: sniffed.warnings.slice(0, 20),
    guesses: sniffed.guesses,
    first: firstRecords(sniffed, misfitOf(sniffed.names, given)),
    missing: options.columns.flatMap(({ name }) => (sniffed.names.includes(name) ? [] : [name])),
    described: described(sniffed),
    taken: (wanted) =>
      wanted.map((column) => {
        const kind = fixed.get(column.name)
        return kind === undefined || kind === kindOfColumn(column) ? column : columnOf(column.name, kind)
      }),
    isPosition: isTextPosition,
    rows: (wanted) => rows(file, wanted),
    survey: () => survey(file, given),
    ...(sniffed.shape.exact && source.ranges ? { cuts: (most: number) => cutsOf(file, most) } : {}),
    offer: byteOffer(sniffed),
    pieces: (part) => piecesOf(file, part),
  }
}

function rows(file: CsvFile, wanted: WantedRows): AsyncGenerator<RowChunk> {
  const cells = wanted.columns.map((column) => ({
    name: column.name,
    index: file.sniffed.names.indexOf(column.name),
    kind: kindOfColumn(column),
  }))
  const rowOf = (fields: Fields): Value[] | string => {
    const row: Value[] = []
    for (const { index, name, kind } of cells) {
      const value = converted(kind, fields[index] ?? null)
      if (value === undefined) return `has no ${kind} in the column ${name}; discover again, or fix the column's type.`
      row.push(value)
    }
    return row
  }
  return chunksOf(rowsOf(file, wanted), rowOf, wanted)
}

/** Reads all values. A column keeps a given kind, and a record whose value does not fit it is rejected. */
async function* survey(file: CsvFile, given: readonly (Kind | undefined)[]): AsyncGenerator<readonly RejectedRecord[], Survey> {
  const { names, guesses } = file.sniffed
  const facts = given.map((kind) => new ColumnFacts(kind))
  const misfit = misfitOf(names, given)
  let [rows, undecodable] = [0, false]
  for await (const some of rowsOf(file, {})) {
    const rejected: RejectedRecord[] = []
    for (const record of some) {
      const reason = "reason" in record ? record.reason : misfit(record.value)
      if (reason !== undefined) {
        rejected.push(rejectedRecord({}, record, reason))
        undecodable ||= reason.startsWith(UNDECODABLE)
      } else if ("value" in record) {
        rows++
        for (let index = 0; index < facts.length; index++) {
          const text = record.value[index] ?? null
          if (given[index] === undefined) facts[index]?.join(text)
          else facts[index]?.note(text)
        }
      }
    }
    if (rejected.length > 0) yield rejected
  }
  // If all bytes of the file are UTF-8, the encoding is proven.
  const proved = file.sniffed.encoding.name === "utf-8" && !undecodable
  return {
    columns: facts.map((each, index) => each.column(names[index] ?? "")),
    rows,
    guesses: proved ? guesses.filter(({ setting }) => setting !== "encoding") : guesses,
  }
}

/** The reason why a row does not fit the columns whose kind is given; undefined if it fits. */
function misfitOf(names: readonly string[], given: readonly (Kind | undefined)[]): (fields: Fields) => string | undefined {
  if (!given.some((kind) => kind !== undefined && kind !== "text")) return () => undefined
  return (fields) => {
    const wrong = given.findIndex((kind, index) => kind !== undefined && converted(kind, fields[index] ?? null) === undefined)
    return wrong < 0 ? undefined : `has no ${given[wrong]} in the column ${names[wrong]}, whose type is fixed.`
  }
}

function assertDeclared({ contentType = "" }: Peeked): void {
  const declared = declaredFormatOf(contentType)
  if (declared === undefined) return
  throw new PlatformError(
    "response_invalid",
    `The file is not CSV: according to the server's Content-Type, ${contentType.slice(0, 100)}, it is ${declared}; check the URL and the login, or set the content type to ignored if the file is CSV.`,
  )
}

const factsOf = ({ encoding, shape, start, header, names }: Sniffed): OpenTable["facts"] => ({
  encoding: encoding.name,
  delimiter: delimiterName(shape),
  quote: quoteName(shape),
  ...(start[1] === 1 ? {} : { skippedLines: start[1] - 1 }),
  header,
  columns: names.length,
})

/** Judges the file's first records. Their offsets and lines are counted from `start`. */
function firstRecords(sniffed: Sniffed, misfit: (fields: Fields) => string | undefined): FirstRecords {
  const { records, start, header, headerEnd } = sniffed
  const judges = { ...sniffed, headerEnd: header ? headerEnd - start[0] : 0 }
  const lines = start[1] - 1
  const rejected: RejectedRecord[] = []
  let rows = 0
  for (const record of records) {
    const judged = judge(record, judges)
    if (judged === undefined) continue
    const reason = "reason" in judged ? judged.reason : misfit(judged.fields)
    if (reason === undefined) rows++
    else rejected.push({ line: record.line + lines, lastLine: record.lastLine + lines, reason })
  }
  return { rows, rejected }
}

function described(sniffed: Sniffed): string {
  const { encoding, delimiter, header } = factsOf(sniffed)
  return `${String(encoding).toUpperCase()}, delimited by ${delimiter}, ${header === true ? "with" : "without"} a header`
}
