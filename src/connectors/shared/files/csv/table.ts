import type { RejectedRecord } from "../../../../core/streams.ts"
import type { Value } from "../../../../core/values.ts"
import type { OpenTable, RowChunk, Survey, WantedRows } from "../format.ts"
import { ColumnFacts, columnOf, converted, type Kind, kindOfColumn } from "../kinds.ts"
import type { Peeked } from "../source.ts"
import { chunksOf, rejectedRecord } from "../text/chunks.ts"
import { isTextPosition } from "../text/records.ts"
import { byteOffer, piecesOf } from "./bytes.ts"
import { cutsOf } from "./cuts.ts"
import type { CsvOptions } from "./options.ts"
import type { Fields } from "./shape.ts"
import { type Sniffed, sniff } from "./sniff.ts"
import { type CsvFile, rowsOf } from "./text.ts"

/** Opens a CSV file as a table; `response_invalid` for a file that is not text. */
export async function openCsv(source: Peeked, options: CsvOptions): Promise<OpenTable> {
  const sniffed = await sniff(source.head, source.whole, options)
  const file: CsvFile = { source, sniffed }
  const fixed = new Map(options.columns.map(({ name, type }) => [name, type]))
  const given = sniffed.names.map((name) => fixed.get(name) ?? (options.types === "text" ? ("text" as const) : undefined))
  return {
    columns: sniffed.names.map((name, index) => columnOf(name, given[index] ?? sniffed.kinds[index])),
    fixed: true,
    facts: factsOf(sniffed),
    warnings: [...sniffed.warnings.slice(0, 20), ...guesses(sniffed)],
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

/** Goes through all values; a column whose kind is given keeps it, and a record that does not fit it is rejected. */
async function* survey(file: CsvFile, given: readonly (Kind | undefined)[]): AsyncGenerator<readonly RejectedRecord[], Survey> {
  const { names } = file.sniffed
  const facts = given.map((kind) => new ColumnFacts(kind))
  const strict = given.some((kind) => kind !== undefined && kind !== "text")
  const wrongIn = (fields: Fields): number => given.findIndex((kind, index) => kind !== undefined && converted(kind, fields[index] ?? null) === undefined)
  let rows = 0
  for await (const some of rowsOf(file, {})) {
    const rejected: RejectedRecord[] = []
    for (const record of some) {
      const wrong = strict && "value" in record ? wrongIn(record.value) : -1
      if ("reason" in record) rejected.push(rejectedRecord({}, record, record.reason))
      else if (wrong >= 0) rejected.push(rejectedRecord({}, record, `has no ${given[wrong]} in the column ${names[wrong]}, whose type is fixed.`))
      else {
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
  return { columns: facts.map((each, index) => each.column(names[index] ?? "")), rows }
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe" }

const factsOf = ({ encoding, shape, header, names }: Sniffed): OpenTable["facts"] => ({
  encoding: encoding.name,
  delimiter: DELIMITER_NAMES[shape.delimiter] ?? shape.delimiter,
  quote: shape.quote === "" ? "none" : shape.quote === "'" ? "single" : "double",
  header,
  columns: names.length,
})

function guesses({ encoding, names }: Sniffed): string[] {
  const only = names.length === 1 ? ["The file has one column; if that is wrong, fix the delimiter."] : []
  return encoding.guessed ? [...only, `The encoding ${encoding.name} is the most likely one, but a guess; fix it if texts look wrong.`] : only
}

function described(sniffed: Sniffed): string {
  const { encoding, delimiter, header } = factsOf(sniffed)
  return `${String(encoding).toUpperCase()}, divided by ${delimiter}, ${header === true ? "with" : "without"} a header`
}
