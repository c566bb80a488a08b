import { beforeAll, expect, it } from "vitest"
import { PlatformError } from "../../src/core/errors.ts"
import type { Principal } from "../../src/hub/base/principal.ts"
import { freePort } from "../../src/store/cluster.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub, type TestHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

let by: Principal
const database = use(() => startTestDatabase())
const node = (): TestHub => use(() => startHub({ ...nodeOn(database), JACKFIELD_ROLE: "api" }))
const nodes = [node(), node()] as const
beforeAll(async () => {
  by = await nodes[0].served.hub.identity.authenticate(nodes[0].key, undefined)
})

/** The outcome of a test that respects the breaker, on one of the nodes. */
const outcome = async (at: 0 | 1): Promise<string> => {
  try {
    const report = await nodes[at].served.hub.connectors.test(by, "closed", { breaker: true })
    return report.error?.code ?? "ok"
  } catch (error) {
    if (error instanceof PlatformError) return error.code
    throw error
  }
}
const probes = async (): Promise<number> => {
  const counts = await Promise.all(nodes.map(async ({ served }) => (await served.hub.counters.probes.get()).values[0]?.value ?? 0))
  return counts.reduce((sum, each) => sum + each, 0)
}

it("five failed connections on any node open the breaker on all nodes; after a minute, one probe is allowed across all nodes", async () => {
  const port = await freePort()
  await nodes[0].call("POST", "/v1/connectors", { name: "closed", type: "http", config: { url: `http://127.0.0.1:${port}/` } })
  for (let index = 0; index < 5; index++) expect(await outcome(index % 2 === 0 ? 0 : 1)).toBe("host_unreachable")
  const before = await probes()
  expect([await outcome(0), await outcome(1)]).toEqual(["circuit_open", "circuit_open"])
  expect(await probes()).toBe(before)
  const opens = await Promise.all(nodes.map(async ({ served }) => (await served.hub.counters.breakerOpens.get()).values[0]?.value ?? 0))
  expect(opens.reduce((sum, each) => sum + each, 0)).toBe(1)
  await database.query("update jackfield.connectors set open_until = now()")
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => outcome(index % 2 === 0 ? 0 : 1)))
  expect(outcomes.filter((each) => each === "host_unreachable").length).toBe(1)
  expect(outcomes.filter((each) => each === "circuit_open").length).toBe(11)
  expect(await probes()).toBe(before + 1)
})
