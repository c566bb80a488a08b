import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch, Cursor, ReadOptions, RejectedRecord, Stream } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { columnOf, converted, type Kind, kindNamed } from "./kinds.ts"
import { type FileRecord, RecordReader } from "./records.ts"
import { type Client, type OpenFile, openFile } from "./source.ts"

/** A batch ends here, however few rows it has: each may be a MiB. */
const BATCH_BYTES = 4 * 1_048_576

/** The records of a file behind its header: each with the fields of a row, or with why it is none. Blank lines are neither. */
export async function* recordsOf(file: OpenFile, from?: Place): AsyncGenerator<readonly FileRecord[]> {
  const { shape, names, header } = file.format
  const width = names.length
  let named = header && from === undefined
  for await (const some of new RecordReader(shape, from?.offset, from?.line).read(file.text(from?.offset))) {
    const out: FileRecord[] = []
    for (const record of some) {
      if ("reason" in record) out.push(record)
      else if (width > 1 && record.fields.length === 1 && record.fields[0] === null) continue
      else if (named) named = false
      else if (record.fields.length === width) out.push(record)
      else out.push({ ...record, reason: `has ${record.fields.length} field${record.fields.length === 1 ? "" : "s"}, and the file has ${width} columns.` })
    }
    if (out.length > 0) yield out
  }
}

/** The rows of the file; batches of what is not converted yet are never held. The cursor is an offset in the text. */
export async function* read(client: Client, from: Stream, { after: cursor }: ReadOptions, call: Call): AsyncGenerator<Batch> {
  const file = await openFile(client, call)
  try {
    if (from.path.length !== 1 || from.path[0] !== file.name)
      throw new PlatformError(
        "stream_not_found",
        `The connector reads the file ${JSON.stringify([file.name])}, and nothing else; take the path from its catalog.`,
      )
    const { columns, cells } = columnsOf(client, file, from.columns)
    let place = cursor === undefined ? undefined : placeOf(cursor, file)
    let total = place?.rows ?? 0
    let [rows, rejected, begun] = [[] as Value[][], [] as RejectedRecord[], place?.offset ?? 0]
    const most = call.maxRows ?? Number.POSITIVE_INFINITY
    let emitted = 0
    const batch = (): Batch => {
      const next = { columns, rows, cursor: cursorOf(place ?? { offset: 0, line: 1, rows: 0 }, file), ...(rejected.length === 0 ? {} : { rejected }) }
      ;[rows, rejected, begun] = [[], [], place?.offset ?? 0]
      return next
    }
    for await (const some of recordsOf(file, place))
      for (const record of some) {
        const row = rowOf(record, cells)
        if (Array.isArray(row)) {
          rows.push(row)
          total++
          emitted++
        } else rejected.push(row)
        place = { offset: record.end, line: record.lastLine + 1, rows: total }
        if (rows.length >= call.batchRows || rejected.length >= call.batchRows || record.end - begun >= BATCH_BYTES) yield batch()
        if (emitted >= most) {
          if (rows.length + rejected.length > 0) yield batch()
          return
        }
      }
    if (rows.length + rejected.length > 0) yield batch()
  } finally {
    await file.close()
  }
}

/** A column of the answer: where it stands in the file, and of which kind it is. */
interface Cell {
  readonly index: number
  readonly name: string
  readonly kind: Kind
}

function rowOf(record: FileRecord, cells: readonly Cell[]): Value[] | RejectedRecord {
  const { line, lastLine } = record
  if ("reason" in record) return { line, lastLine, reason: record.reason }
  const row: Value[] = []
  for (const { index, name, kind } of cells) {
    const value = converted(kind, record.fields[index] ?? null)
    if (value === undefined) return { line, lastLine, reason: `has no ${kind} in the column ${name}; discover again, or fix the column's type.` }
    row.push(value)
  }
  return row
}

/** The catalog's columns where it has any, else the file's by its first part; what the config fixes goes over both. */
function columnsOf({ config }: Client, { format, name: file }: OpenFile, known: readonly Column[]): { columns: Column[]; cells: Cell[] } {
  const wanted =
    known.length > 0 ? known.map(({ name, nativeType }) => ({ name, kind: kindNamed(nativeType) })) : format.names.map((name) => ({ name, kind: undefined }))
  const fixed = fixedKinds(config)
  const cells = wanted.map(({ name, kind }) => {
    const index = format.names.indexOf(name)
    if (index < 0) throw new PlatformError("query_invalid", `The file ${file} has no column ${name}; discover again to see those that it has.`)
    return { index, name, kind: fixed.get(name) ?? kind ?? (config.types === "text" ? "text" : format.kinds[index]) ?? "text" }
  })
  return { columns: cells.map(({ name, kind }) => columnOf(name, kind)), cells }
}

/** The kinds that the config fixes, by column. */
export const fixedKinds = (config: Client["config"]): ReadonlyMap<string, Kind> => new Map(config.columns.map(({ name, type }) => [name, type]))

/** Where a read goes on: behind a record. */
interface Place {
  readonly offset: number
  /** Of the next record. */
  readonly line: number
  /** Before it. */
  readonly rows: number
}

const cursorOf = ({ offset, line, rows }: Place, { mark }: OpenFile): Cursor =>
  Buffer.from(JSON.stringify([offset, line, rows, mark.slice(0, 16)])).toString("base64url")

function placeOf(cursor: Cursor, { name, mark }: OpenFile): Place {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"))
  } catch (cause) {
    throw noCursor(name, cause)
  }
  const [offset, line, rows, of] = Array.isArray(parts) ? (parts as unknown[]) : []
  if (!isCount(offset) || !isCount(line) || !isCount(rows)) throw noCursor(name, undefined)
  if (of !== mark.slice(0, 16))
    throw new PlatformError("query_invalid", `The file ${name} is another than the one that was read so far; read it from its beginning.`)
  return { offset, line, rows }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const noCursor = (name: string, cause: unknown): PlatformError =>
  new PlatformError("query_invalid", `That is no cursor of the file ${name}; take the one of a batch before.`, { cause })
