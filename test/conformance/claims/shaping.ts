import assert from "node:assert/strict"
import type { SchemaStep, WantedStream } from "../../../src/core/streams.ts"
import { column } from "../../fixtures/fixture.ts"
import { failure } from "../../support/failure.ts"
import type { Subject } from "../context.ts"
import { ID, inSession, made, NAME, rowsIn, streamOf, wanted } from "./made.ts"

const shape = (subject: Subject, stream: WantedStream, apply: boolean): Promise<readonly SchemaStep[]> =>
  inSession(subject, (session) => session.shape(stream, apply))

const named = (steps: readonly SchemaStep[]): string[] => steps.map((step) => ("column" in step ? `${step.kind} ${step.column}` : step.kind))

/** The dry run names the steps, doing names the same ones, and afterwards there is nothing to do. */
async function shapes(subject: Subject, stream: WantedStream, steps: readonly string[]): Promise<void> {
  const dry = await shape(subject, stream, false)
  assert.deepEqual(named(dry), steps, "the dry run names the steps")
  assert.deepEqual(await shape(subject, stream, false), dry, "a dry run changes nothing")
  assert.deepEqual(await shape(subject, stream, true), dry, "doing and the dry run agree")
  assert.deepEqual(await shape(subject, stream, true), [], "afterwards there is nothing to do")
}

const write = async (subject: Subject, stream: WantedStream, row: readonly (string | number)[]): Promise<void> => {
  const report = await inSession(subject, (session) =>
    session.write(streamOf(stream), { columns: stream.columns.slice(0, row.length), rows: [row] }, { mode: "append" }),
  )
  assert.deepEqual(report, { written: 1, rejected: [], skipped: 0 }, "the row fits")
}

/** A stream that is not there is created; one that cannot be is refused with a reason. */
export async function creates(subject: Subject): Promise<void> {
  const stream = wanted(subject)
  assert.equal((await failure(rowsIn(subject, streamOf(stream)))).code, "stream_not_found")
  await shapes(subject, stream, ["create"])
  await write(subject, stream, [1, "one"])
  assert.deepEqual(await rowsIn(subject, streamOf(stream)), [{ id: 1, name: "one" }])
  await refuses(subject, { ...wanted(subject), key: ["nowhere"] }, ["refused"])
}

/** A column that is missing is added, and the rows before it have no value in it. */
export async function adds(subject: Subject): Promise<void> {
  const before = await made(subject)
  await write(subject, before, [1, "one"])
  const more = { ...before, columns: [...before.columns, { ...column("note", "string"), maxLength: 20 }, { ...column("many", "integer"), precision: 32 }] }
  await shapes(subject, more, ["add note", "add many"])
  await write(subject, more, [2, "two", "new", 7])
  assert.deepEqual(await rowsIn(subject, streamOf(more)), [
    { id: 1, name: "one", note: null, many: null },
    { id: 2, name: "two", note: "new", many: 7 },
  ])
}

/** A longer text fits after its column is widened, or a larger number; a change that loses values is refused, and nothing is done. */
export async function widens(subject: Subject): Promise<void> {
  const [narrow, wide, short, long] =
    subject.server.lengths === false
      ? ([MANY, { ...MANY, precision: 64 }, 1, "1099511627776"] as const)
      : ([NAME, { ...NAME, maxLength: 200 }, "one", LONG] as const)
  const { name } = narrow
  const before = await made(subject, [ID, narrow])
  await write(subject, before, [1, short])
  const wider = { ...before, columns: [ID, wide] }
  await shapes(subject, wider, [`widen ${name}`])
  await write(subject, wider, [2, long])
  assert.deepEqual(await shape(subject, before, true), [], "a narrower stream needs nothing")
  await refuses(subject, { ...wider, columns: [{ ...ID, type: "date" }, wide, column("more", "string")] }, ["refused id", "add more"])
  const values = (await rowsIn(subject, streamOf(wider))).map((row) => [row["id"], String(row[name])])
  assert.deepEqual(values, [
    [1, String(short)],
    [2, long],
  ])
}

const MANY = { ...column("many", "integer"), precision: 32 }
const LONG = "n".repeat(200)

/** A refused step has a reason, and no step is done. */
async function refuses(subject: Subject, stream: WantedStream, steps: readonly string[]): Promise<void> {
  const refused = await shape(subject, stream, true)
  assert.deepEqual(named(refused).toSorted(), steps.toSorted(), "the refused step is named")
  for (const step of refused) if (step.kind === "refused") assert.ok(step.reason.length > 10 && step.reason.endsWith("."), "it is refused with a reason")
  assert.deepEqual(await shape(subject, stream, false), refused, "where a step is refused, none is done")
}
