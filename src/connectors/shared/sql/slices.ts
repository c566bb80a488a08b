import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Slice, Slicing, Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { encodeCursor } from "../cursors.ts"
import { type Catalog, findStream, wholeNumber } from "./catalog.ts"
import { type Dialect, foldedBy, listed, Params, qualified } from "./dialect.ts"
import { behind, keyValue, nthOf, type Within, withCallersKey } from "./keyset.ts"
import type { SqlConnection } from "./wire.ts"

/** How a type divides streams into slices that are read in parallel, each in its own session. */
export interface Slicer<B, C> {
  /** Disjoint slices that together make up the stream. Runs in the transaction whose snapshot they share. */
  cut(client: C, stream: Stream, most: number, call: Call): Promise<readonly Omit<Slice, "of">[]>
  /** The condition for a slice's rows; undefined for the whole stream. Throws `notASlice` for an unknown id. */
  within(stream: Stream, id: string): Within<B> | undefined
  /** Names the snapshot that the slices of the stream share: the transaction's, or a version of the table. Empty: there is none for this stream. Absent: slices do not share a snapshot. */
  snapshot?(client: C, call: Call, stream: Stream): Promise<string>
  /** SQL behind the table's name that reads it as the snapshot has it. Throws `notASlice` for a text that names none. Absent: the transaction sees to it. */
  asOf?(stream: Stream, snapshot: string): string
}

/** The id of a slice that is the whole stream. */
export const WHOLE = "whole"

export const notASlice = ({ path }: Pick<Stream, "path">, cause?: unknown): PlatformError =>
  new PlatformError("request_invalid", `The slice is not one of ${path.join(".")}; slice the stream again.`, cause === undefined ? {} : { cause })

/** Cuts a stream; the transaction that keeps the snapshot is held until the slicing is disposed of. */
export async function sliceStream<B, C extends SqlConnection<B>>(
  { catalog, dialect }: { readonly catalog: Catalog<C>; readonly dialect: Dialect<B> },
  slicer: Slicer<B, C>,
  client: C,
  from: Stream,
  most: number,
  call: Call,
): Promise<Slicing> {
  const { transactions } = client.wire
  const end = async (): Promise<void> => await transactions?.rollback()
  try {
    await transactions?.begin("snapshot", call)
    const stream = withCallersKey(dialect, await findStream(catalog, client, from.path, call), foldedBy(dialect, from))
    const of = (await slicer.snapshot?.(client, call, stream)) ?? ""
    const parts = await slicer.cut(client, stream, Math.max(1, Math.floor(most)), call)
    return { slices: parts.map((part) => ({ ...part, of })), consistent: of !== "", [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

type KeyValues = readonly Value[]

/** Slices by ranges of the key, for systems without a better way. Scans the index once, or takes a sample of the keys where that costs less. */
export const keySlicer = <B, C extends SqlConnection<B>>(dialect: Dialect<B>, sampled?: Sampled): Slicer<B, C> => ({
  cut: async (client, stream, most, call) => {
    const key = keyOf(dialect, stream)
    if (key.length === 0 || most === 1) return [{ id: WHOLE }]
    const rows = stream.estimatedRows || (await countRows(dialect, client, stream, call))
    const step = Math.max(1, Math.ceil(rows / most))
    const bounds = await (sampled === undefined
      ? boundsByStep(dialect, client, stream, key, most, step, call)
      : boundsBySample(dialect, client, stream, key, most, rows, sampled, call))
    return bounds.map((after, index) => ({ id: encodeCursor([after, bounds[index + 1] ?? null]), estimatedRows: Math.min(step, rows) }))
  },

  within: (stream, id) => {
    if (id === WHOLE) return undefined
    const key = keyOf(dialect, stream)
    const [after, upTo] = rangeIn(stream, id, key)
    const bound = (values: KeyValues): B[] => key.map((column, index) => keyValue(dialect, values[index], column, () => notASlice(stream)))
    const [low, high] = [after && bound(after), upTo && bound(upTo)]
    return (params) => {
      const conditions = [...(low ? [behind(dialect, params, key, low)] : []), ...(high ? [`NOT (${behind(dialect, params, key, high)})`] : [])]
      return conditions.length === 0 ? "1 = 1" : conditions.join(" AND ")
    }
  },
})

/** SQL for so many of a hundred rows of a table, chosen by chance. */
export type Sampled = (table: string, percent: number) => string

/** Keys of a sample at most. */
const SAMPLE = 10_000

type Bounds = readonly (KeyValues | null)[]

/** The first bound is none; each other one is the key of a row, `step` rows further on. */
async function boundsByStep<B, C extends SqlConnection<B>>(
  dialect: Dialect<B>,
  client: C,
  stream: Stream,
  key: readonly Column[],
  most: number,
  step: number,
  call: Call,
): Promise<Bounds> {
  const bounds: (KeyValues | null)[] = [null]
  while (bounds.length < most) {
    const next = await keyAt(dialect, client, stream, key, bounds.at(-1) ?? null, step - 1, call)
    if (next === undefined) break
    bounds.push(next)
  }
  return bounds
}

/** The same, with bounds that a sample of the keys puts about as far apart. One that comes twice counts once. */
async function boundsBySample<B, C extends SqlConnection<B>>(
  dialect: Dialect<B>,
  { wire }: C,
  stream: Stream,
  key: readonly Column[],
  most: number,
  rows: number,
  sampled: Sampled,
  call: Call,
): Promise<Bounds> {
  const percent = Math.min(100, Math.ceil((SAMPLE * 100 * 1_000) / Math.max(1, rows)) / 1_000)
  const table = percent === 100 ? qualified(dialect, stream.path) : sampled(qualified(dialect, stream.path), percent)
  const names = listed(dialect, key)
  const keys = (await wire.run(`SELECT ${names} FROM ${table} ORDER BY ${names}`, [], call)).rows
  const cuts = Array.from({ length: most - 1 }, (_, index) => keys[Math.floor(((index + 1) * keys.length) / most)])
  const distinct = new Map(cuts.filter((each) => each !== undefined).map((each) => [JSON.stringify(each), each]))
  return [null, ...distinct.values()]
}

/** The key, if ranges of it are disjoint and cover all rows; otherwise empty. */
function keyOf<B>({ order }: Dialect<B>, stream: Stream): readonly Column[] {
  const key = stream.key.flatMap((name) => stream.columns.filter((column) => column.name === name))
  return key.every((column) => order.resumes(column) && !column.nullable) ? key : []
}

async function countRows<B, C extends SqlConnection<B>>(dialect: Dialect<B>, { wire }: C, { path }: Stream, call: Call): Promise<number> {
  const { rows } = await wire.run(`SELECT COUNT(*) FROM ${qualified(dialect, path)}`, [], call)
  return wholeNumber(rows[0]?.[0])
}

/** The key of the row that is `skip` rows further on. */
async function keyAt<B, C extends SqlConnection<B>>(
  dialect: Dialect<B>,
  { wire }: C,
  stream: Stream,
  key: readonly Column[],
  after: KeyValues | null,
  skip: number,
  call: Call,
): Promise<KeyValues | undefined> {
  const params = new Params<B>(dialect)
  const values = after?.map((value, index) => dialect.encode(value, key[index] as Column))
  const where = values === undefined ? "" : ` WHERE ${behind(dialect, params, key, values)}`
  const ordered = `SELECT ${listed(dialect, key)} FROM ${qualified(dialect, stream.path)}${where} ORDER BY ${listed(dialect, key)}`
  const { rows } = await wire.run(nthOf(dialect, ordered, skip), params.all, call)
  return rows[0]
}

function rangeIn(stream: Stream, id: string, key: readonly Column[]): (KeyValues | null)[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(id, "base64url").toString("utf8"))
  } catch (error) {
    throw notASlice(stream, error)
  }
  const isBound = (bound: unknown): bound is KeyValues | null => bound === null || (Array.isArray(bound) && bound.length === key.length)
  if (key.length === 0 || !Array.isArray(parsed) || parsed.length !== 2 || !parsed.every(isBound)) throw notASlice(stream)
  return parsed
}
