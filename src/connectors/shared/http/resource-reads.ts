import { breathe } from "../../../core/breathe.ts"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Batch, Cursor, ReadOptions, Stream } from "../../../core/streams.ts"
import type { Column, Row, Value } from "../../../core/values.ts"
import { decodeCursor, encodeCursor, leftInBatch, notACursor } from "../cursors.ts"
import { columnsOf } from "./record-columns.ts"
import type { Resource } from "./resource.ts"
import { type VisitedPage, walk } from "./walk.ts"
import { isMark, isWatermark, Watermark, type WatermarkState } from "./watermark.ts"

/** Where a read goes on: a page, how many of its records are done, and for an incremental read how far it has come. */
interface Place {
  /** Absent: the first page. */
  readonly position?: unknown
  readonly done: number
  readonly since?: WatermarkState
}

/** The columns of a resource; one request. */
export async function columnsFor<C>(resource: Resource<C>, client: C, call: Call): Promise<readonly Column[]> {
  if (resource.columns !== undefined) return await resource.columns(client, call)
  const { rows } = await resource.page(client, { position: undefined, since: undefined, ordered: false, columns: [] }, call)
  return await columnsOf([], rows)
}

/** The records of a resource page by page; where there is no schema, a record with more members than those before adds columns from there on. */
export async function* readResource<C>(resource: Resource<C>, client: C, from: Stream, options: ReadOptions, call: Call): AsyncGenerator<Batch> {
  const start = startOf(resource, options)
  const mark = markOf(resource, options, start)
  let columns = from.columns.length > 0 || resource.columns === undefined ? from.columns : await resource.columns(client, call)
  const page = (position: unknown) => resource.page(client, { position, since: mark?.from, ordered: mark !== undefined, columns }, call)
  let done = start.done
  let given = 0
  for await (const visited of walk(page, { from: start.position, counted: resource.counted ?? false, origin: resource.origin }, call)) {
    if (resource.columns === undefined) columns = await columnsOf(columns, visited.rows)
    let at = done
    do {
      const end = Math.min(at + Math.min(leftInBatch(call.batchRows, given), rowsAtOnce(visited, columns.length)), visited.rows.length)
      const from = at
      const rows = visited.rows.slice(at, end).filter((row, index) => mark?.takes(row, valueIn(resource, row, visited.orders?.[from + index])) ?? true)
      // An incremental read ends with the cursor that begins the next one, although no record may come with it.
      const ends = mark !== undefined && visited.next === undefined && end === visited.rows.length
      if (rows.length > 0 || ends) yield batchOf(columns, rows, cursorAfter(visited, end, mark))
      at = end
      given += rows.length
      // A consumer that waits for nothing, and a page of which every record is left out, must not hold up others.
      if (at < visited.rows.length) await breathe()
    } while (at < visited.rows.length)
    done = 0
  }
}

/** Values and bytes of a batch: it is taken apart and encoded in one go. */
const [BATCH_VALUES, BATCH_BYTES] = [100_000, 1_048_576]

const rowsAtOnce = ({ rows, bytes = 0 }: VisitedPage, columns: number): number =>
  Math.max(1, Math.floor(Math.min(BATCH_VALUES / Math.max(1, columns), bytes === 0 ? Number.POSITIVE_INFINITY : (rows.length * BATCH_BYTES) / bytes)))

function batchOf(columns: readonly Column[], rows: readonly Row[], cursor: Cursor): Batch {
  return { columns, rows: rows.map((row) => columns.map(({ name }) => (Object.hasOwn(row, name) ? (row[name] as Value) : null))), cursor }
}

function cursorAfter({ position, rows, next }: VisitedPage, done: number, mark: Watermark | undefined): Cursor {
  const whole = done >= rows.length
  if (whole && next === undefined && mark !== undefined) return encodeCursor({ done: 0, since: mark.next } satisfies Place)
  const at: Place = whole && next !== undefined ? { position: next, done: 0 } : { position, done }
  return encodeCursor(mark === undefined ? at : { ...at, since: mark.state })
}

/** The place in the cursor; every cursor that no read by the same plan gave is refused. */
function startOf<C>(resource: Resource<C>, { plan, after }: ReadOptions): Place {
  if (after === undefined) return { done: 0 }
  const place = decodeCursor(after, resource)
  if (typeof place !== "object" || place === null) throw notACursor(resource)
  const { position, done, since } = place as Readonly<Record<string, unknown>>
  const known = (position === undefined || resource.holds(position)) && Number.isSafeInteger(done) && (done as number) >= 0
  if (!known || (plan.kind === "since" ? !isWatermark(since) : since !== undefined)) throw notACursor(resource)
  return place as Place
}

function markOf<C>({ path, orderedBy }: Resource<C>, { plan }: ReadOptions, start: Place): Watermark | undefined {
  if (plan.kind !== "since") return undefined
  const name = path.join(".")
  if (orderedBy === undefined) throw new PlatformError("unsupported", `${name} has no column by which only new records could be read; read all of it.`)
  if (plan.column !== orderedBy)
    throw new PlatformError("unsupported", `${name} can be read incrementally only by ${orderedBy}, not by ${plan.column}; name that column.`)
  for (const bound of ["from", "until"] as const)
    if (plan[bound] !== undefined && plan[bound] !== null && !isMark(plan[bound])) {
      const message = `must be a text or a number, as ${orderedBy} is.`
      throw new PlatformError("request_invalid", `${bound} ${message}`, { faults: [{ pointer: `/plan/${bound}`, message }] })
    }
  const [from, until] = [plan.from, plan.until].map((bound) => (isMark(bound) ? bound : undefined))
  return new Watermark(start.since ?? { ...(from === undefined ? {} : { from }), given: [] }, until)
}

const valueIn = <C>({ orderedBy = "" }: Resource<C>, row: Row, order: Value = null): Value =>
  Object.hasOwn(row, orderedBy) ? (row[orderedBy] as Value) : order
