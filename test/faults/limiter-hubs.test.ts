import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import type { HubProcess } from "../support/hub-process.ts"
import { hubProcesses } from "../support/hub-processes.ts"
import { use } from "../support/use.ts"
import { mostIn, startFarServer } from "./far-server.ts"

const LIMITS = { requests: 60, perMs: 2_000, concurrency: 5 }
const KEY = "the-first-admin-key-of-the-limiter-test"
const CALLERS = 8
const RUN_MS = 30_000
const KILLS_AT_MS = [7_000, 16_000]

const database = use(() => startTestDatabase())
const hubs = use(() => hubProcesses())

const masterKey = randomBytes(32).toString("base64")

async function startHub(): Promise<HubProcess> {
  const env = { DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: masterKey, JACKFIELD_ADMIN_KEY: KEY }
  const hub = hubs.start({ env })
  await hub.ready
  return hub
}

interface Place {
  hub: HubProcess
}

/** Calls through the hub that is currently at `place`, until the end. */
async function caller(place: Place, id: string, end: number, codes: Map<string, number>): Promise<void> {
  while (performance.now() < end) {
    const code = await place.hub.call("POST", `/v1/connectors/${id}/call`, { timeoutMs: 20_000 }, { key: KEY }).then(
      ({ status, body }) => (status === 200 ? "200" : `${status} ${body.code}`),
      () => "hub killed",
    )
    codes.set(code, (codes.get(code) ?? 0) + 1)
    if (code !== "200") await sleep(100)
  }
}

test("limits of 60 per 2 s and 5 at once apply across 3 hubs, two of which are killed and replaced", async () => {
  const far = await startFarServer(25)
  const places: [Place, Place, Place] = [{ hub: await startHub() }, { hub: await startHub() }, { hub: await startHub() }]
  const config = { url: `http://127.0.0.1:${far.port}/` }
  const { body } = await places[0].hub.call("POST", "/v1/connectors", { name: "limited", type: "http", limits: LIMITS, config }, { key: KEY })
  const codes = new Map<string, number>()
  const begun = performance.now()
  const callers = places.flatMap((place) => Array.from({ length: CALLERS }, () => caller(place, body.id, begun + RUN_MS, codes)))
  for (const [index, at] of KILLS_AT_MS.entries()) {
    await sleep(at - (performance.now() - begun))
    const place = places[index] ?? places[0]
    await place.hub.end("SIGKILL")
    place.hub = await startHub()
  }
  await Promise.all(callers)
  const seen = far.starts.filter((at) => at >= begun && at < begun + RUN_MS)
  const used = seen.length / ((LIMITS.requests * RUN_MS) / LIMITS.perMs)
  const most = mostIn(far.starts, LIMITS.perMs)
  const figures = [`${seen.length} starts in ${RUN_MS / 1_000} s = ${(used * 100).toFixed(1)} % of the allowance`, `most in any 2 s: ${most}`]
  console.info(`limiter: ${[...figures, `most open: ${far.open.most}`, JSON.stringify(Object.fromEntries(codes))].join("; ")}`)
  await far.close()
  expect(most).toBeLessThanOrEqual(LIMITS.requests + 1)
  expect(far.open.most).toBeLessThanOrEqual(LIMITS.concurrency)
  // How much of the limit three complete hubs use depends on the machine; limiter.test.ts measures the limiter alone.
  expect(used).toBeGreaterThan(0.3)
})
