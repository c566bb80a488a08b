import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Batch, ReadOptions, Stream } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import type { RowChunk } from "../format.ts"
import { converted, kindOfColumn, settled } from "../kinds.ts"
import type { Layout } from "../layout.ts"
import { cursorOf } from "../marks.ts"
import type { FileClient } from "../open-file.ts"
import { type OpenPart, partsOf, placed } from "./parts.ts"
import { streamFiles } from "./stream-files.ts"
import { LOOKED_AT, leftOut, look, StreamSurvey } from "./survey.ts"

/** The rows of a stream's files, one file after the other. A cursor consists of a file, its mark and a position in it. */
export const read = (client: FileClient, from: Stream, options: ReadOptions, call: Call): AsyncGenerator<Batch> =>
  placed(from, options, batches(client, from, options, call))

async function* batches(client: FileClient, from: Stream, { slice, after }: ReadOptions, call: Call): AsyncGenerator<Batch> {
  const asked = from.columns.length > 0
  const wanted = asked || client.layout.per !== "folder" ? from.columns : await columnsOf(client, from, call)
  const most = call.maxRows ?? Number.POSITIVE_INFINITY
  let [rowsBefore, begun] = [0, false]
  for await (const part of partsOf(client, from, slice, after, call))
    for await (const batch of batchesOf(client.layout, part, wanted, { asked, begun, rowsBefore, maxRows: most - rowsBefore, call })) {
      begun = true
      yield batch
      rowsBefore += batch.rows.length
      if (rowsBefore >= most) return
    }
}

/** The columns of a folder's stream if there is no catalog: those of its first files. */
async function columnsOf(client: FileClient, from: Stream, call: Call): Promise<readonly Column[]> {
  const { layout } = client
  const stream = new StreamSurvey(layout.nameOf(from))
  for await (const entry of streamFiles(client, stream.name, undefined, call)) {
    stream.count(entry, layout.partitionsOf(entry.path))
    if (stream.files > LOOKED_AT) break
    try {
      const looking = look({ ...client, survey: "heads" }, entry, call)
      const looked = await looking.next()
      if (looked.done === true) stream.add(looked.value)
    } catch (error) {
      if (leftOut(error) === undefined) throw error
    }
  }
  return stream.columns()
}

interface Limits {
  /** Whether the caller named the columns. */
  readonly asked: boolean
  /** Whether a batch of another file was yielded before. */
  readonly begun: boolean
  readonly rowsBefore: number
  readonly maxRows: number
  readonly call: Call
}

/** The batches of one file; the cursor of the last one marks the file as read. The first file has a batch even without rows, for its columns. */
async function* batchesOf(
  layout: Layout,
  part: OpenPart,
  wanted: readonly Column[],
  { asked, begun, rowsBefore, maxRows, call }: Limits,
): AsyncGenerator<Batch> {
  const { file, ...span } = part
  const columns = file.table.taken(wanted.length > 0 ? wanted : settled(file.table.columns))
  const { own, complete } = cellsOf(layout, part, columns, asked)
  const many = layout.per === "folder"
  const batch = ({ rows, rejected }: RowChunk, position: unknown): Batch => ({
    columns,
    rows: complete === undefined ? rows : rows.map(complete),
    cursor: cursorOf(file, position),
    ...(rejected.length === 0 ? {} : { rejected: many ? rejected.map((record) => ({ file: file.path, ...record })) : rejected }),
  })
  let given = 0
  let held: RowChunk | undefined
  for await (const chunk of file.table.rows({ ...span, columns: own, guessed: !asked, batchRows: call.batchRows, rowsBefore, maxRows })) {
    if (held !== undefined) yield batch(held, held.position)
    given += chunk.rows.length
    // The limit is reached: whether more rows would follow is not checked.
    if (given >= maxRows) return yield batch(chunk, chunk.position)
    held = chunk
  }
  if (held !== undefined || !begun) yield batch(held ?? { rows: [], rejected: [], position: null }, null)
}

type Complete = (row: Value[]) => Value[]

/** The file's own columns, and a function that adds the folders' values to its rows, with null for columns that the file lacks. */
function cellsOf(
  layout: Layout,
  { file }: OpenPart,
  columns: readonly Column[],
  asked: boolean,
): { readonly own: readonly Column[]; readonly complete?: Complete } {
  const { path, table } = file
  const partitions = new Map(layout.partitionsOf(path).map(({ name, value }) => [name, value]))
  const names = new Set(table.columns.map(({ name }) => name))
  const lacks = (name: string): boolean => table.fixed && !names.has(name)
  const missing = columns.find(({ name }) => !partitions.has(name) && lacks(name))
  if (missing !== undefined && layout.per !== "folder")
    throw new PlatformError("query_invalid", `The file ${path} has no column ${missing.name}; discover again to see its columns.`)
  const more = asked || layout.per !== "folder" || !table.fixed ? undefined : [...names].find((name) => !columns.some((column) => column.name === name))
  if (more !== undefined)
    throw new PlatformError(
      "query_invalid",
      `The file ${path} has the column ${more}, which the first files of its stream do not have; discover first, so that the read uses the catalog.`,
    )
  const own = columns.filter(({ name }) => !partitions.has(name) && !lacks(name))
  if (own.length === columns.length) return { own }
  const cells = columns.map((column) => (partitions.has(column.name) ? partitionCell(path, column, partitions.get(column.name) ?? null) : own.indexOf(column)))
  return { own, complete: (row) => cells.map((cell) => (typeof cell === "number" ? (row[cell] ?? null) : cell.value)) }
}

function partitionCell(path: string, column: Column, text: string | null): { readonly value: Value } {
  const value = converted(kindOfColumn(column), text)
  if (value !== undefined) return { value }
  throw new PlatformError(
    "query_invalid",
    `A folder of ${path} gives the column ${column.name} the value ${text}, which does not fit its type ${column.type}; discover again.`,
  )
}
