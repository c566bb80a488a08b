import assert from "node:assert/strict"
import type { Batch, Cursor, ReadOptions, ReadPlan, Slice, Stream } from "../../../src/core/streams.ts"
import type { Row, Value } from "../../../src/core/values.ts"
import { column, type Posted } from "../../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../../support/batches.ts"
import { failure } from "../../support/failure.ts"
import { type Subject, withSession } from "../context.ts"
import { ID, inSession, made, narrow } from "./made.ts"

type Pages = NonNullable<Subject["server"]["pages"]>

function pagesOf({ server }: Subject): Pages {
  assert.ok(server.pages, "the fixture has a stream to page through")
  return server.pages
}

const encoded = (value: unknown): Cursor => Buffer.from(JSON.stringify(value)).toString("base64url")

/** Texts that no read of the stream gave. */
const badCursors = ({ key, columns }: Stream): readonly Cursor[] => [
  "",
  "!",
  encoded(1),
  encoded([key, []]),
  encoded([[columns.find(({ name }) => !key.includes(name))?.name ?? "no such column"], ["x"]]),
  ...(key.length > 1 ? [encoded([key.slice(1), ["1"]])] : []),
  encoded([key, key.map(() => null)]),
  encoded([key, key.map(() => "not a number")]),
  encoded([key, key.map(() => ({ a: 1 }))]),
]

/** Each bad cursor is one error for every type: a fault of the caller, at the cursor. */
export async function refusesCursors(subject: Subject): Promise<void> {
  const { stream } = pagesOf(subject)
  const [first] = await withSession(subject, subject.server.config, (session) => collect(session.read(stream)), { batchRows: 20 })
  assert.ok(first?.cursor, "a batch has a cursor")
  for (const after of [...badCursors(stream), first.cursor.slice(0, -5)]) {
    const error = await failure(inSession(subject, (session) => collect(session.read(stream, { after })))).catch((cause: unknown) => {
      throw new Error(`the cursor ${JSON.stringify(after)} is taken`, { cause })
    })
    const found = { code: error.code, at: error.faults.map(({ pointer }) => pointer) }
    assert.deepEqual(found, { code: "request_invalid", at: ["/cursor"] }, `the cursor ${JSON.stringify(after)}: ${error.message}`)
  }
}

const texts = (rows: readonly (readonly Value[])[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted()

/** Cuts the stream, reads each slice with `read`, and compares all of them with the whole. */
async function cut(subject: Subject, read: (slice: Slice, stream: Stream) => Promise<Value[][]>): Promise<void> {
  const { stream, rows, slices = 2 } = pagesOf(subject)
  await inSession(subject, async (session) => {
    await using slicing = await session.slices(stream, { kind: "all" }, 4)
    const many = slicing.slices.length
    assert.ok(many >= slices && many <= 4, `between ${slices} and 4 slices, and not ${many}`)
    const parts = (await Promise.all(slicing.slices.map((slice) => read(slice, stream)))).flat()
    assert.equal(parts.length, rows, "the slices have as many rows as the stream")
    assert.deepEqual(texts(parts), texts(await inSession(subject, (other) => valuesOf(other.read(stream)))), "the slices are the whole stream")
    for (const id of ["", "!", encoded([1]), encoded([["x"], [1]])])
      assert.equal((await failure(read({ id, of: "" }, stream))).code, "request_invalid", `the slice ${JSON.stringify(id)} is refused`)
  })
}

/** Slices are disjoint and together the whole stream; each is read in a session and over a lease of its own. */
export const slicesAreTheWhole = (subject: Subject): Promise<void> =>
  cut(subject, (slice, stream) => inSession(subject, (session) => valuesOf(session.read(stream, { slice }))))

/** A slice that was cut off goes on from its last cursor. */
export const resumesBySlice = (subject: Subject): Promise<void> =>
  cut(subject, async (slice, stream) => {
    const first = await firstBatch(subject, subject.server.config, stream, { slice })
    const rest = await inSession(subject, (session) => valuesOf(session.read(stream, { slice, after: first?.cursor })))
    return [...(first?.rows ?? []).map((row) => [...row]), ...rest]
  })

async function firstBatch(subject: Subject, posted: Posted, stream: Stream, options: Partial<ReadOptions>): Promise<Batch | undefined> {
  const work = async (batches: AsyncIterable<Batch>): Promise<Batch | undefined> => {
    for await (const batch of batches) return batch
    return undefined
  }
  return await withSession(subject, posted, (session) => work(session.read(stream, options)), { batchRows: 5 })
}

type Since = NonNullable<Subject["server"]["since"]>

/** Rows since a value: in the order of the column and then the key, within the bounds, without rows that have no value. */
export async function readsSince(subject: Subject): Promise<void> {
  const since = subject.server.since ?? (await changes(subject))
  const { stream, column: by, from, until, posted = subject.server.config } = since
  const read = async (options: Partial<ReadOptions>): Promise<Row[]> =>
    narrow(subject, stream, await withSession(subject, posted, (session) => rowsOf(session.read(stream, options))))
  const dated = (await read({})).filter((row) => row[by] !== null && row[by] !== undefined)
  const all = dated.toSorted((a, b) => byEach(a, b, [by, ...stream.key]))
  const within = all.filter((row) => before(row[by], from) === false && before(row[by], until))
  assert.ok(within.length > 10 && within.length < all.length, "the bounds take some of the rows")
  assert.deepEqual(await read({ plan: { kind: "since", column: by } }), all, "without bounds every row with a value is read, in order")
  const plan: ReadPlan = { kind: "since", column: by, from, until }
  assert.deepEqual(await read({ plan }), within, "from is included and until is not")
  const first = await firstBatch(subject, posted, stream, { plan })
  const many = first?.rows.length ?? 0
  assert.ok(first?.cursor !== undefined && many > 0 && many < within.length, "a batch is a part, and has a cursor")
  assert.deepEqual(await read({ plan, after: first.cursor }), within.slice(many), "a read goes on behind its cursor")
  if (subject.server.since === undefined) await findsNewRows(subject, since)
}

const before = (value: Value | undefined, other: Value): boolean => (value as string | number) < (other as string | number)

const byEach = (a: Row, b: Row, names: readonly string[]): number => {
  const name = names.find((each) => a[each] !== b[each])
  return name === undefined ? 0 : before(a[name], b[name] ?? null) ? -1 : 1
}

const CHANGED = { ...column("changed", "timestamp"), zoned: true }
const hour = (many: number): string => new Date(Date.UTC(2024, 0, 1, many)).toISOString().replace(".000", "")

/** A stream whose rows share values of the column, every tenth of which has none. */
async function changes(subject: Subject): Promise<Since> {
  const stream = await made(subject, [ID, CHANGED])
  const rows = Array.from({ length: 40 }, (_, index): Value[] => [index + 1, (index + 1) % 10 === 0 ? null : hour(Math.floor((index + 1) / 3))])
  const report = await inSession(subject, (session) => session.write(stream, { columns: stream.columns, rows: rows.toReversed() }, { mode: "append" }))
  assert.equal(report.written, 40)
  return { stream, column: CHANGED.name, from: hour(2), until: hour(7) }
}

/** The last cursor of a read finds the rows that came after it, and no others. */
async function findsNewRows(subject: Subject, { stream, column: by }: Since): Promise<void> {
  const plan: ReadPlan = { kind: "since", column: by }
  const read = (after?: Cursor) => inSession(subject, (session) => collect(session.read(stream, { plan, after })))
  const cursor = (await read()).at(-1)?.cursor
  const rowsBehind = async (): Promise<unknown[]> => (await read(cursor)).flatMap(({ rows }) => rows.map(([id]) => Number(id)))
  assert.deepEqual(await rowsBehind(), [], "behind the last cursor there is nothing")
  const rows = [
    [41, hour(50)],
    [42, hour(0)],
  ]
  await inSession(subject, (session) => session.write(stream, { columns: stream.columns, rows }, { mode: "append" }))
  assert.deepEqual(await rowsBehind(), [41], "behind the last cursor there are the new rows")
}
