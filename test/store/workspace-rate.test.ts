import { afterAll, beforeAll, expect, test } from "vitest"
import { PlatformError } from "../../src/core/errors.ts"
import { WorkspaceRate } from "../../src/limits/workspace-rate.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { keepLog, seedWorkspace } from "./seed.ts"

let stores: readonly Store[]

const database = use(() => startTestDatabase())
beforeAll(async () => {
  const open = () => openStore({ dataDir: "unused", databaseUrl: database.url, log: keepLog() })
  stores = [await open(), await open()]
})
afterAll(async () => {
  for (const store of stores) await store.close()
})

/** Takes as many at once, by turns on two nodes; how many were taken, and what the others were told. */
async function takeAll(workspaceId: string, name: string, count: number): Promise<{ taken: number; waits: readonly unknown[] }> {
  const logs = stores.map((store) => new WorkspaceRate(store, name, { requests: 40, perMs: 60_000 }))
  const results = await Promise.allSettled(Array.from({ length: count }, (_, n) => logs[n % 2]?.take(workspaceId)))
  const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []))
  return { taken: count - refused.length, waits: refused.map((error) => (error instanceof PlatformError ? error.details["retryAfterSeconds"] : error)) }
}

test("two nodes take exactly as many together; another name and another workspace have their own", async () => {
  const [one, other] = [await seedWorkspace(stores[0] as Store), await seedWorkspace(stores[0] as Store)]
  const { taken, waits } = await takeAll(one.workspaceId, "tests", 50)
  expect([taken, waits.length]).toEqual([40, 10])
  for (const wait of waits) expect(wait).toSatisfy((seconds) => typeof seconds === "number" && seconds >= 1 && seconds <= 60)
  expect((await takeAll(one.workspaceId, "others", 5)).taken).toBe(5)
  expect((await takeAll(other.workspaceId, "tests", 5)).taken).toBe(5)
  await database.query(`update jackfield.recent_calls set calls = (select array_agg(c - interval '60 seconds') from unnest(calls) c) where name = 'tests'`)
  expect((await takeAll(one.workspaceId, "tests", 41)).taken, "the window went on").toBe(40)
})
