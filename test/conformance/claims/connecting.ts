import assert from "node:assert/strict"
import type { ErrorCode } from "../../../src/core/errors.ts"
import { open } from "../../../src/core/session.ts"
import type { StageName } from "../../../src/core/trace.ts"
import type { Posted } from "../../fixtures/fixture.ts"
import { failure } from "../../support/failure.ts"
import { testLease } from "../../support/lease.ts"
import { closedPort as freePort, listenRaw } from "../../support/loopback.ts"
import { opened, type Subject, withSession } from "../context.ts"

const DEADLINE_MS = 700
/** A deadline that holds ends the call well before this. */
const LATE_MS = DEADLINE_MS + 2_500

/** The test names the product and passes every stage, in the order of the stages. */
export async function testPasses(subject: Subject): Promise<void> {
  await withSession(subject, subject.server.config, async (session, lease) => {
    const facts = await session.test()
    assert.ok(facts.product.length > 0)
    const { stages } = lease.trace
    assert.ok(
      stages.every(({ status }) => status === "passed"),
      JSON.stringify(stages),
    )
    const tls: readonly StageName[] = subject.server.proves === "host key" ? [] : ["tls"]
    for (const name of ["resolve", "policy", "connect", ...tls, "auth", "probe"] satisfies StageName[])
      assert.ok(
        stages.some((stage) => stage.name === name),
        `a stage ${name}`,
      )
  })
}

/** TLS in each mode, tunnels, other kinds of login. */
export async function everyWayIn(subject: Subject): Promise<void> {
  for (const [name, posted] of Object.entries(subject.server.others)) {
    const facts = await withSession(subject, posted, (session) => session.test()).catch((cause: unknown) => {
      throw new Error(`by ${name} the test fails`, { cause })
    })
    assert.ok(facts.product.length > 0)
  }
}

/** The test of that config fails with that code, in that stage, before the deadline is long over. */
async function fails(subject: Subject, posted: Posted, code: ErrorCode, stage: StageName | undefined): Promise<void> {
  const begun = performance.now()
  const lease = testLease({ deadlineMs: code === "timed_out" ? DEADLINE_MS : 10_000 })
  const work = async (): Promise<void> => {
    const session = await open(subject.connector, opened(subject.connector, posted), lease)
    await session.test().finally(() => session.close())
  }
  const error = await failure(work().finally(() => lease.close()))
  assert.equal(error.code, code, `${error.code}: ${error.message}`)
  assert.ok(error.message.endsWith("."), `a sentence: ${error.message}`)
  if (stage !== undefined) assert.equal(lease.trace.failed, stage)
  if (code === "timed_out") assert.ok(performance.now() - begun < LATE_MS, "it ends with its deadline")
}

/** A wrong secret is never active. */
export const wrongSecret = (subject: Subject): Promise<void> => fails(subject, subject.server.wrongSecret, "auth_failed", "auth")

/** Nobody listens there. */
export const closedPort = async (subject: Subject): Promise<void> =>
  fails(subject, subject.server.at({ host: "127.0.0.1", port: await freePort() }), "host_unreachable", "connect")

/** Somebody listens and says nothing. */
export async function silentServer(subject: Subject): Promise<void> {
  await using silent = await listenRaw()
  await fails(subject, subject.server.at({ host: "127.0.0.1", port: silent.port }), "timed_out", undefined)
}

/** The certificate is for another name, or the host key is another one. */
export const wrongName = (subject: Subject): Promise<void> => {
  const { wrongName: posted, proves } = subject.server
  return proves === "host key" ? fails(subject, posted, "host_key_mismatch", "auth") : fails(subject, posted, "tls_name_mismatch", "tls")
}
