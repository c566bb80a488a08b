import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { ByteOffer, BytePiece, ByteReport, ReadOptions, Stream, WriteOptions } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { notACursor } from "../cursors.ts"
import { Advance } from "./advance.ts"
import type { ByteFlow, Bytes } from "./bytes.ts"
import { findStream, findTarget } from "./catalog.ts"
import { commitOnce } from "./commits.ts"
import { explainWrite } from "./denied.ts"
import { listed, Params, qualified } from "./dialect.ts"
import { explainBy } from "./errors.ts"
import { behind, conditionsOf, cursorAt, nthOf, orderOf, type ReadOrder, type Selection, valuesIn, whereOf } from "./keyset.ts"
import { notASlice } from "./slices.ts"
import type { SqlType } from "./type.ts"
import { reading, type SqlConnection, transacted } from "./wire.ts"

/** The verbs of a type whose streams pass as bytes. */
export function byteVerbs<B, C extends SqlConnection<B>>(type: SqlType<B, C>, bytes: Bytes<B, C>) {
  const { catalog, writer } = type
  return {
    offers: async (client: C, from: Stream, call: Call): Promise<readonly ByteOffer[]> =>
      await transacted(client.wire, "read", call, async () => bytes.offers(columnsOf(await findStream(catalog, client, from.path, call), from.columns))),
    readBytes: (client: C, from: Stream, offer: ByteOffer, options: ReadOptions, call: Call) => readBytes(type, bytes, client, from, offer, options, call),
    ...(writer === undefined
      ? {}
      : {
          takes: async (client: C, to: Stream, call: Call): Promise<readonly ByteOffer[]> =>
            await transacted(client.wire, "read", call, async () => {
              const stream = await findTarget(catalog, client, to.path, call)
              return await bytes.takes(client, stream, columnsOf(stream, to.columns), call)
            }),
          writeBytes: async (client: C, to: Stream, piece: BytePiece, offer: ByteOffer, how: WriteOptions, call: Call) =>
            await writeBytes(type, bytes, (await bytes.loader?.(client)) ?? client, to, piece, offer, how, call),
        }),
  }
}

/** The columns that the caller names, in the caller's order; all columns if the caller names none. */
function columnsOf(stream: Stream, wanted: readonly Pick<Column, "name">[]): readonly Column[] {
  if (wanted.length === 0) return stream.columns
  return wanted.map(({ name }) => {
    const column = stream.columns.find((each) => each.name === name)
    if (column === undefined) throw new PlatformError("query_invalid", `${stream.path.join(".")} has no column ${name}.`)
    return column
  })
}

function agreed(stream: Stream, own: readonly ByteOffer[], { format, shape }: ByteOffer): void {
  if (own.some((each) => each.format === format && each.shape === shape)) return
  const message = `${stream.path.join(".")} does not have the shape that was agreed on for its bytes (${format}); compare the offers again, or pass rows.`
  throw new PlatformError("query_invalid", message)
}

async function* readBytes<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  bytes: Bytes<B, C>,
  client: C,
  from: Stream,
  offer: ByteOffer,
  { plan, slice, after }: ReadOptions,
  call: Call,
): AsyncGenerator<BytePiece> {
  const { catalog, slicer } = type
  const work = async function* (): AsyncGenerator<BytePiece> {
    const stream = await findStream(catalog, client, from.path, call)
    const columns = columnsOf(stream, from.columns)
    agreed(stream, bytes.offers(columns), offer)
    const within = slice === undefined ? undefined : slicer?.within(stream, slice.id)
    yield* pieces(type, bytes, client, { stream, columns, plan, after, within }, offer, call)
  }
  // Each piece is a statement of its own, so the transaction must give all of them the same snapshot.
  yield* reading(client.wire, "snapshot", call, work, { snapshot: slice === undefined || slice.of === "" ? undefined : slice.of })
}

type ByteSelection<B> = Selection<B> & { readonly columns: readonly Column[] }

/** The number of rows in the first piece, the limits for later ones, and the size that a piece aims at. */
const FIRST_ROWS = 10_000
const LEAST_ROWS = 1_000
const MOST_ROWS = 1_000_000
const PIECE_BYTES = 32 * 1_048_576

/**
 * Pieces in the order of the key, each by one statement that ends at the key of its last row: that key is the piece's cursor. A read
 * since a value is one piece with a cursor, because the column may have no index. Without an order there is one piece and no cursor.
 */
async function* pieces<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  bytes: Bytes<B, C>,
  client: C,
  selection: ByteSelection<B>,
  offer: ByteOffer,
  call: Call,
): AsyncGenerator<BytePiece> {
  const order = orderOf(type.dialect, selection.stream, selection.plan)
  const since = selection.plan.kind === "since"
  // A comparison of tuples would leave out the rows that have NULL in one of the order's columns.
  const ends = order.columns.length > 0 && order.columns.every(({ nullable }, index) => !nullable || (since && index === 0))
  let [rows, after] = [since ? undefined : FIRST_ROWS, selection.after]
  do {
    const part = { ...selection, after }
    const upTo = ends ? await lastKey(type, client, part, order, rows, call) : undefined
    if (ends && upTo === undefined) return
    if (upTo !== undefined && after !== undefined)
      new Advance(selection.stream, order.columns, order.unique, valuesIn(after, order.columns, selection.stream)).to(upTo)
    const cursor = upTo && cursorAt(order, upTo)
    const flow = bytes.out(client, selectOf(type, bytes, part, order, upTo, offer), offer)
    const passed = new Passed(flow, explainBy(type.errors))
    try {
      yield { bytes: passed.bytes(), rows: () => passed.rows, cursor: () => cursor }
    } finally {
      flow.stop()
    }
    if (!passed.ended) throw new PlatformError("internal", "A piece of bytes was not read to its end before the next one was asked for.")
    if (rows !== undefined) rows = Math.min(Math.max(Math.round((rows * PIECE_BYTES) / Math.max(1, passed.length)), LEAST_ROWS), MOST_ROWS)
    after = cursor
  } while (after !== undefined && !since)
}

/** A flow of bytes: their number so far, and the server's count of rows once the flow has ended. */
class Passed {
  readonly #flow: ByteFlow
  readonly #explain: (error: unknown) => PlatformError | undefined
  length = 0
  ended = false

  constructor(flow: ByteFlow, explain: (error: unknown) => PlatformError | undefined) {
    this.#flow = flow
    this.#explain = explain
  }

  get rows(): number {
    return this.#flow.rows() ?? 0
  }

  async *bytes(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#flow.bytes) {
        this.length += chunk.length
        yield chunk
      }
    } catch (error) {
      throw this.#explain(error) ?? error
    }
    if (this.#flow.rows() === undefined)
      throw new PlatformError("protocol_invalid", "The server sent bytes without the count of their rows; check host and port.")
    this.ended = true
  }
}

/** The key of the n-th row from here, or of the last row if there are fewer; undefined if no row is left. */
async function lastKey<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  { wire }: C,
  selection: ByteSelection<B>,
  order: ReadOrder,
  rows: number | undefined,
  call: Call,
): Promise<readonly Value[] | undefined> {
  const params = new Params<B>(dialect)
  const where = whereOf(conditionsOf(dialect, selection, order, params))
  const select = `SELECT ${listed(dialect, order.columns)} FROM ${qualified(dialect, selection.stream.path)}${where} ORDER BY `
  const ascending = `${select}${listed(dialect, order.columns)}`
  const descending = `${select}${order.columns.map(({ name }) => `${dialect.ident(name)} DESC`).join(", ")}`
  const first = async (sql: string): Promise<readonly Value[] | undefined> => (await wire.run(sql, params.all, call)).rows[0]
  try {
    const found = rows === undefined ? undefined : await first(nthOf(dialect, ascending, rows - 1))
    return found ?? (await first(nthOf(dialect, descending, 0)))
  } catch (error) {
    if (dialect.order.isBadKey?.(error) !== true) throw error
    if (selection.after !== undefined) throw notACursor(selection.stream, error)
    throw selection.within === undefined ? error : notASlice(selection.stream, error)
  }
}

function selectOf<B, C extends SqlConnection<B>>(
  { dialect }: SqlType<B, C>,
  bytes: Bytes<B, C>,
  selection: ByteSelection<B>,
  order: ReadOrder,
  upTo: readonly Value[] | undefined,
  offer: ByteOffer,
): string {
  const params: Params<B> = new Params<B>({
    bound: (n) => bytes.literal(params.all[n - 1] as B),
    compared: (n, column) => bytes.literal(params.all[n - 1] as B, column),
  })
  const bound = upTo?.map((value, index) => dialect.encode(value, order.columns[index] as Column))
  const conditions = [
    ...conditionsOf(dialect, selection, order, params),
    ...(bound === undefined ? [] : [`NOT (${behind(dialect, params, order.columns, bound)})`]),
  ]
  const ordered = order.columns.length === 0 ? "" : ` ORDER BY ${listed(dialect, order.columns)}`
  return `SELECT ${bytes.list(selection.columns, offer)} FROM ${qualified(dialect, selection.stream.path)}${whereOf(conditions)}${ordered}`
}

async function writeBytes<B, C extends SqlConnection<B>>(
  type: SqlType<B, C>,
  bytes: Bytes<B, C>,
  client: C,
  to: Stream,
  piece: BytePiece,
  offer: ByteOffer,
  { mode, commit }: WriteOptions,
  call: Call,
): Promise<ByteReport> {
  const { catalog, dialect } = type
  const name = to.path.join(".")
  if (mode !== "append") throw new PlatformError("unsupported", `Bytes can only be appended to ${name}; write rows to upsert.`)
  const write = async (): Promise<ByteReport> => {
    const stream = await findTarget(catalog, client, to.path, call)
    const columns = columnsOf(stream, to.columns)
    agreed(stream, await bytes.takes(client, stream, columns, call), offer)
    let length = 0
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of piece.bytes) {
        length += chunk.length
        yield chunk
      }
    }
    const written = await bytes.in(client, qualified(dialect, stream.path), columns, offer, counted(), call)
    if (written !== piece.rows())
      throw new PlatformError(
        "response_invalid",
        `${name} took ${written} rows of a piece of ${piece.rows()}, so nothing of it was written; pass rows instead.`,
      )
    return { written, bytes: length }
  }
  try {
    if (commit === undefined) return await transacted(client.wire, "write", call, write)
    const report = await commitOnce(type, client, to, commit, call, write)
    // The source requires its piece to be read to the end.
    if (report.already === true) for await (const _ of piece.bytes);
    return report
  } catch (error) {
    throw await explainWrite(type, client, error, { to, columns: to.columns, mode, deletes: false }, call)
  }
}
