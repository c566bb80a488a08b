import assert from "node:assert/strict"
import { PlatformError } from "../../../src/core/errors.ts"
import type { Batch, Commit, Stream, WriteReport } from "../../../src/core/streams.ts"
import type { Row, Value } from "../../../src/core/values.ts"
import { collect, rowsOf } from "../../support/batches.ts"
import { type Subject, withSession } from "../context.ts"
import { ID, inSession, made, NAME, narrow, rowsIn } from "./made.ts"

const batchOf = (stream: Stream, rows: readonly (readonly Value[])[], ops?: Batch["ops"]): Batch => ({
  columns: stream.columns,
  rows,
  ...(ops === undefined ? {} : { ops }),
})

/** Checks the counts, and that each rejected row has a reason that a person can read. */
function assertReport({ rejected, ...counts }: WriteReport, expected: { written: number; skipped: number; rejected: readonly number[] }): void {
  assert.deepEqual({ ...counts, rejected: rejected.map(({ index }) => index) }, expected, "the report accounts for every row")
  for (const { index, reason } of rejected) assert.ok(reason.length > 10, `row ${index} is rejected with a reason`)
}

/** An append writes the good rows, and names each bad one by its index and the reason. */
export async function appendsRowByRow(subject: Subject): Promise<void> {
  const stream = await made(subject, [ID, { ...NAME, nullable: false }])
  const long = subject.server.lengths === false ? "x" : 5
  const [key, name] = subject.server.empties === false ? ["x", ["x", "no number"]] : [null, [3, null]]
  const rows = [[1, "one"], ["x", "no number"], [key, "no key"], [2, "two"], name, [4], [long, "n".repeat(100)], [6, "six"]]
  const report = await inSession(subject, (session) => session.write(stream, batchOf(stream, rows), { mode: "append" }))
  assertReport(report, { written: 3, skipped: 0, rejected: [1, 2, 4, 5, 6] })
  const expected = [
    { id: 1, name: "one" },
    { id: 2, name: "two" },
    { id: 6, name: "six" },
  ]
  assert.deepEqual(await rowsIn(subject, stream), expected, "the good rows are there, and no others")
}

/** Of rows with equal keys an upsert writes the last one, and counts the others as skipped. */
export async function lastOfEqualKeysWins(subject: Subject): Promise<void> {
  const stream = await made(subject)
  const upsert = (rows: readonly (readonly Value[])[]) => inSession(subject, (session) => session.write(stream, batchOf(stream, rows), { mode: "upsert" }))
  await upsert([
    [1, "there"],
    [2, "there"],
  ])
  const report = await upsert([
    [1, "first"],
    [3, "first"],
    ["x", "bad"],
    [1, "second"],
    [3, "last"],
    [1, "last"],
  ])
  const expected = [
    { id: 1, name: "last" },
    { id: 2, name: "there" },
    { id: 3, name: "last" },
  ]
  assert.deepEqual(await rowsIn(subject, stream), expected, "the last of the rows with one key is there")
  assertReport(report, { written: 2, skipped: 3, rejected: [2] })
}

/** The last op of a key wins, and the delete of a row that is gone already counts as written. */
export async function deletes(subject: Subject): Promise<void> {
  const stream = await made(subject)
  const there = [1, 2, 3].map((id) => [id, "there"])
  await inSession(subject, (session) => session.write(stream, batchOf(stream, there), { mode: "upsert" }))
  const rows = [
    [1, "changed"],
    [1, null],
    [2, null],
    [2, "back"],
    [999, null],
    [50, "new"],
  ]
  const batch = batchOf(stream, rows, ["upsert", "delete", "delete", "upsert", "delete", "upsert"])
  const report = await inSession(subject, (session) => session.write(stream, batch, { mode: "upsert" }))
  const expected = [
    { id: 2, name: "back" },
    { id: 3, name: "there" },
    { id: 50, name: "new" },
  ]
  assert.deepEqual(await rowsIn(subject, stream), expected, "deleted rows are gone, and the others are there")
  assertReport(report, { written: 4, skipped: 2, rejected: [] })
}

/** Characters that end a name, or separate or comment, in one system or another. */
const MARKED = ['co"l', "a.b", "or der", "select", "it's", "ba`ck", "x]--;/*"] as const

/** The names, without characters that the system does not take in any. */
const oddNames = ({ server: { unnamedColumns } }: Subject): readonly string[] =>
  MARKED.map((name) => (unnamedColumns === undefined ? name : name.replace(unnamedColumns, "_")))

/** Names with quotes, dots and spaces, and keywords, are names in every statement. */
export async function quotesNames(subject: Subject): Promise<void> {
  const odd = oddNames(subject)
  const columns = odd.map((name, index) => (index < 2 ? { ...ID, name } : { ...NAME, name }))
  const stream = await made(subject, columns, odd.slice(0, 2), `we"ird.na\`me's; --`)
  const named = (values: readonly Value[]): Row => Object.fromEntries(odd.map((name, index) => [name, values[index] ?? null]))
  const texts = ["a", "b", "c", "d", "e"]
  const rows = [1, 2, 3].map((id): Value[] => [id, id * 10, ...texts])
  const write = (given: readonly (readonly Value[])[], mode: "append" | "upsert", ops?: Batch["ops"]) =>
    inSession(subject, (session) => session.write(stream, batchOf(stream, given, ops), { mode }))
  assertReport(await write(rows, "append"), { written: 3, skipped: 0, rejected: [] })
  const changed = [2, 20, ...texts.toReversed()]
  assertReport(await write([changed], "upsert"), { written: 1, skipped: 0, rejected: [] })
  if (subject.connector.deletes === true) assertReport(await write(rows.slice(2), "upsert", ["delete"]), { written: 1, skipped: 0, rejected: [] })
  const left = [rows[0] ?? [], changed, ...(subject.connector.deletes === true ? [] : [rows[2] ?? []])].map(named)
  assert.deepEqual(await rowsIn(subject, stream), left, "the rows are there by their names")
  await readsOddNames(subject, stream, left)
}

/** The same rows from a cursor, and by a column. */
async function readsOddNames(subject: Subject, stream: Stream, rows: readonly Row[]): Promise<void> {
  const [first] = await withSession(subject, subject.server.config, (session) => collect(session.read(stream)), { batchRows: 1 })
  const rest = narrow(subject, stream, await inSession(subject, (session) => rowsOf(session.read(stream, { after: first?.cursor }))))
  assert.deepEqual(rest, rows.slice(1), "the rows behind a cursor are there")
  if (subject.connector.plans?.includes("since") !== true) return
  const plan = { kind: "since", column: oddNames(subject)[1] ?? "", from: 20 } as const
  const since = narrow(subject, stream, await inSession(subject, (session) => rowsOf(session.read(stream, { plan }))))
  assert.deepEqual(since, rows.slice(1), "the rows since a value are there")
}

const commitOf = (run: string, sequence = 0): Commit => ({ run, part: "p", sequence })

/** A batch that comes twice with its commit is written once, and the repeat gives the first report. */
export async function commitsOnce(subject: Subject): Promise<void> {
  const stream = await made(subject, [ID, NAME], [])
  const batch = batchOf(stream, [
    [1, "one"],
    ["x", "bad"],
    [2, "n".repeat(100)],
  ])
  const write = (commit: Commit) => inSession(subject, (session) => session.write(stream, batch, { mode: "append", commit }))
  const last = (run: string) => inSession(subject, (session) => session.committed(stream, { run, part: "p" }))
  const rows = async (): Promise<number> => (await rowsIn(subject, stream)).length
  assert.equal(await last("r1"), undefined, "nothing is committed before the first write")
  const once = await write(commitOf("r1"))
  assertReport(once, { written: 1, skipped: 0, rejected: [1, 2] })
  assert.deepEqual(await write(commitOf("r1")), { ...once, already: true }, "the repeat gives the first report")
  assert.equal(await rows(), 1, "the batch is written once")
  assert.deepEqual(await write(commitOf("r1", 1)), once, "the next batch is another one")
  assert.deepEqual([await last("r1"), await last("r2"), await rows()], [1, undefined, 2], "the last sequence is known")

  const three = await Promise.all([1, 2, 3].map(() => write(commitOf("r2"))))
  assert.equal(three.filter(({ already }) => already).length, 2, "of three at once two are repeats")
  assert.equal(await rows(), 3, "of three at once one is written")

  await loseWhileWriting(subject, stream, batch, commitOf("r3"))
  const { already: _, ...again } = await write(commitOf("r3"))
  assert.deepEqual(again, once, "the repeat after a lost session gives the same report")
  assert.equal(await rows(), 4, "after a session was lost the batch is written once")
}

/** Writes in a session that ends in the middle, so that its caller does not know whether the rows are there. */
async function loseWhileWriting(subject: Subject, stream: Stream, batch: Batch, commit: Commit): Promise<void> {
  await withSession(subject, subject.server.config, async (session, lease) => {
    const writing = session.write(stream, batch, { mode: "append", commit }).catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    lease.abort(new PlatformError("connection_lost", "The connection is gone."))
    await writing
  })
}
