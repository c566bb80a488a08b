import assert from "node:assert/strict"
import { PlatformError } from "../../../src/core/errors.ts"
import { HARD } from "../../fixtures/fixture.ts"
import { collect, valuesOf } from "../../support/batches.ts"
import { failure } from "../../support/failure.ts"
import { within } from "../../support/waiting.ts"
import { type Subject, withSession } from "../context.ts"

/** What is hard to carry arrives as it was sent. */
export async function hardRow(subject: Subject): Promise<void> {
  const found = await withSession(subject, subject.server.config, (session) => subject.server.hard(session))
  assert.deepEqual(found, HARD)
}

/** What the system refuses is our caller's fault, by name; and the session goes on. */
export async function badStatement(subject: Subject): Promise<void> {
  const { bad } = subject.server
  await withSession(subject, subject.server.config, async (session) => {
    for (let time = 0; time < 2; time++) {
      const error = await failure(bad.run(session))
      assert.equal(error.code, "query_invalid", `${error.code}: ${error.message}`)
      assert.ok(error.message.includes(bad.names), error.message)
    }
    await session.test()
  })
}

/** Cut off by the caller, by whatever way in, and by the deadline: the server stops working on it within two seconds. */
export async function cancelled(subject: Subject): Promise<void> {
  const { slow, config, others } = subject.server
  const gone = (when: string): Promise<void> => within(2_000, async () => (await slow.running()) === 0, `it is gone from the server ${when}`)
  await gone("before it begins")
  for (const [way, posted] of [["the usual way", config] as const, ...Object.entries(others)])
    await withSession(subject, posted, async (session, lease) => {
      const ended = failure(slow.run(session))
      await within(5_000, async () => (await slow.running()) === 1, "it runs on the server")
      lease.abort(new PlatformError("cancelled", "The caller went away."))
      assert.equal((await ended).code, "cancelled")
      await gone(`by ${way}`)
    })
  const late = await failure(withSession(subject, config, (session) => slow.run(session), { deadlineMs: 1_500 }))
  assert.equal(late.code, "timed_out")
  await gone("after the deadline")
}

/** After a reset nothing of the use before is left, and the session works as it did. */
export async function resetsClean(subject: Subject): Promise<void> {
  const { traces, config, bad } = subject.server
  assert.ok(traces, "the fixture has a query that shows a session's state")
  await withSession(subject, config, async (session) => {
    const look = () => valuesOf(session.query(traces.look))
    const before = await look()
    if (traces.leave !== undefined) {
      await collect(session.query(traces.leave))
      assert.notDeepEqual(await look(), before, "the use leaves a trace")
    }
    await session.reset()
    assert.deepEqual(await look(), before, "after a reset the session is as it was")
    await failure(bad.run(session))
    await session.reset()
    assert.deepEqual(await look(), before, "a session that is reset after an error goes on")
  })
}
