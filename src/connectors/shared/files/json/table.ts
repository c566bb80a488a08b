import { PlatformError } from "../../../../core/errors.ts"
import type { RejectedRecord } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import type { OpenTable, Position, Span, Survey, WantedRows } from "../format.ts"
import { columnOf, type Kind, kindOfColumn } from "../kinds.ts"
import { type Peeked, section } from "../source.ts"
import { chunksOf, endOf, rejectedRecord } from "../text/chunks.ts"
import { bomOf, type TextRecord } from "../text/records.ts"
import { convertedJson, fieldOf, type JsonRecord, joinedJson } from "./values.ts"

/** The maximum number of columns in a file. */
const MOST_COLUMNS = 10_000
const SHOWN = 5

/** How a file holds its records. */
export interface RecordFile<R extends TextRecord<JsonRecord>> {
  readonly described: string
  isPosition(position: Position): boolean
  /** The records of a part; `text` gives the file's text from an offset to the end of the part. */
  records(text: (from: number) => AsyncIterable<Buffer>, part: Span): AsyncIterable<R[]>
  /** The position at which a read resumes after a record; by default, the next line. */
  behind?(record: R): Position
}

/** A file of JSON records as a table: its columns are the fields of its records. */
export async function openRecords<R extends TextRecord<JsonRecord>>(source: Peeked, file: RecordFile<R>): Promise<OpenTable> {
  const bom = bomOf(source.head)
  const text = (to?: number) => (from: number) => source.open(bom + from, to === undefined ? undefined : bom + to)
  const all = (part: Span): AsyncIterable<R[]> => file.records(text(endOf(part)), part)
  const columns = new Fields()
  // The last record may be cut off by the end of the head, so it does not count if it is rejected.
  const rejected: RejectedRecord[] = []
  let [rows, last] = [0, undefined as R | undefined]
  for await (const some of file.records((from) => section(once(source.head), bom + from), {}))
    for (const record of some) {
      last = record
      if ("reason" in record) {
        rejected.push(rejectedRecord({}, record, record.reason))
        continue
      }
      columns.join(record.value)
      rows++
    }
  if (!source.whole && last !== undefined && "reason" in last) rejected.pop()
  return {
    columns: columns.all(),
    fixed: false,
    facts: { columns: columns.size },
    warnings: [],
    guesses: [],
    first: { rows, rejected },
    described: file.described,
    taken: (wanted) => wanted,
    isPosition: (position) => file.isPosition(position),
    rows: (wanted) => chunksOf<JsonRecord, R>(all(wanted), rowsBy(wanted, columns), wanted, file.behind),
    survey: () => survey(all({})),
  }
}

async function* once(part: Buffer): AsyncGenerator<Buffer> {
  yield part
}

function rowsBy(wanted: WantedRows, known: Fields): (record: JsonRecord) => Value[] | string {
  const cells = wanted.columns.map((column) => ({ name: column.name, kind: kindOfColumn(column) }))
  const names = new Set(cells.map(({ name }) => name))
  // If the columns come from the head alone, a field that only a later record has would be dropped silently.
  const unknown = wanted.guessed === true ? (record: JsonRecord) => Object.keys(record).find((name) => !names.has(name) && !known.has(name)) : undefined
  return (record) => {
    const more = unknown?.(record)
    if (more !== undefined) return `has the field ${more}, which no record in the first part of the file has; discover first.`
    const row: Value[] = []
    for (const { name, kind } of cells) {
      const value = convertedJson(kind, fieldOf(record, name))
      if (value === undefined) return `has no ${kind} in the field ${name}; discover again.`
      row.push(value)
    }
    return row
  }
}

async function* survey(records: AsyncIterable<readonly TextRecord<JsonRecord>[]>): AsyncGenerator<readonly RejectedRecord[], Survey> {
  const columns = new Fields()
  let rows = 0
  for await (const some of records) {
    const rejected: RejectedRecord[] = []
    for (const record of some) {
      if ("reason" in record) rejected.push(rejectedRecord({}, record, record.reason))
      else {
        columns.join(record.value)
        rows++
      }
    }
    if (rejected.length > 0) yield rejected
  }
  return { columns: columns.all(), rows }
}

/** The fields of records that were seen, in the order of their first appearance. */
class Fields {
  readonly #kinds = new Map<string, Kind | undefined>()

  get size(): number {
    return this.#kinds.size
  }

  has(name: string): boolean {
    return this.#kinds.has(name)
  }

  join(record: JsonRecord): void {
    for (const name of Object.keys(record)) this.#kinds.set(name, joinedJson(this.#kinds.get(name), fieldOf(record, name)))
    if (this.size > MOST_COLUMNS) {
      const shown = [...this.#kinds.keys()].slice(0, SHOWN).join(", ")
      throw new PlatformError(
        "response_invalid",
        `The records have more than ${MOST_COLUMNS} different fields (${shown}, …); at most ${MOST_COLUMNS} can be read.`,
      )
    }
  }

  all(): Column[] {
    return [...this.#kinds].map(([name, kind]) => columnOf(name, kind))
  }
}
