import { randomUUID } from "node:crypto"
import fc from "fast-check"
import { sql } from "kysely"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { ConnectorLimits } from "../../src/limits/connector-limits.ts"
import type { Limits } from "../../src/limits/limits.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { keepLog, type Seeded, seedWorkspace } from "./seed.ts"

let store: Store
let at: Seeded

const database = use(() => startTestDatabase())
beforeAll(async () => {
  store = await openStore({ dataDir: "unused", databaseUrl: database.url, log: keepLog() })
  at = await seedWorkspace(store)
})
afterAll(async () => {
  await store.close()
})
const clear = () => database.query("delete from jackfield.limiter_rates; delete from jackfield.limiter_starts; delete from jackfield.limiter_slots")
beforeEach(clear)

const HOUR = 3_600_000

/** Start times (ms of the store's clock) for that many asked at once; those that would come later than the budget are left out. */
async function take(rates: readonly (readonly [requests: number, windowMs: number])[], budgets: readonly number[]): Promise<number[]> {
  const { rows } = await store.inWorkspace(at.workspaceId, (tx) =>
    sql<{ granted: boolean; at_ms: number }>`select * from jackfield.limiter_take_starts(${at.workspaceId}::uuid, ${at.connectorId}::uuid,
      ${rates.map(([requests]) => requests)}::bigint[], ${rates.map(([, windowMs]) => windowMs)}::float8[], ${budgets}::float8[])`.execute(tx),
  )
  return rows.filter(({ granted }) => granted).map(({ at_ms }) => at_ms)
}

/** Shares an entry: up to a thousandth of the window later than it must. */
const most = (starts: readonly number[], windowMs: number): number =>
  Math.max(...starts.map((from) => starts.filter((start) => start >= from && start < from + windowMs * 0.999).length))

describe("starts", () => {
  test("never more than the rate in any window, whatever is asked for and when, and none later than it must", async () => {
    const rate = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 40, max: 400 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(rate, { minLength: 1, maxLength: 2 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
        async (rates, batches) => {
          await clear()
          const starts: number[] = []
          for (const count of batches) {
            const budgets = Array.from({ length: count }, () => HOUR)
            const batch = await take(rates, budgets)
            for (const [index, start] of batch.entries()) {
              starts.push(start)
              // Asked for at once: each is only as late as the one before it or a rate demands.
              const bounds = rates.map(([requests, windowMs]) => (starts.at(-1 - requests) ?? Number.NEGATIVE_INFINITY) + windowMs * 1.002)
              if (index > 0) expect(start).toBeLessThanOrEqual(Math.max(...bounds, batch[index - 1] ?? 0) + 0.01)
            }
          }
          expect(starts).toEqual([...starts].sort((a, b) => a - b))
          for (const [requests, windowMs] of rates) expect(most(starts, windowMs)).toBeLessThanOrEqual(requests)
        },
      ),
      { numRuns: 60 },
    )
  })

  test("a burst up to the rate goes at once, the next one a window later", async () => {
    const starts = await take([[3, HOUR]], [0, 0, 0, 0, 2 * HOUR])
    expect(starts).toHaveLength(4)
    expect((starts[2] ?? 0) - (starts[0] ?? 0)).toBe(0)
    expect((starts[3] ?? 0) - (starts[0] ?? 0)).toBeCloseTo(HOUR, 0)
  })

  test("who cannot wait so long takes nothing from those who can", async () => {
    await take([[1, HOUR]], [0])
    expect(await take([[1, HOUR]], [0, 10, HOUR, 0, 2 * HOUR])).toHaveLength(2)
  })

  test("a limit that is lowered holds for what was granted before", async () => {
    await take([[5, HOUR]], [0, 0, 0])
    expect(await take([[2, HOUR]], [0])).toHaveLength(0)
    expect(await take([[4, HOUR]], [0, 0])).toHaveLength(1)
  })

  test("the log stays short however many starts there are", async () => {
    for (let batch = 0; batch < 5; batch++)
      await take(
        [[1_000_000, HOUR]],
        Array.from({ length: 100 }, () => 0),
      )
    const [row] = await database.query("select count(*)::int as entries, max(upto)::int as upto from jackfield.limiter_starts")
    expect(row).toEqual({ entries: 1, upto: 500 })
  })
})

describe("the limiter", () => {
  const limits = (concurrency: number | undefined, rates: Limits["rates"] = []): Limits => ({ rates, concurrency })
  const options = (waitMs: number, signal = new AbortController().signal) => ({ waitMs, signal })
  const held = async () => (await database.query("select id from jackfield.limiter_slots where held")).length
  const settled = (count: number) => until(5_000, held, (many) => many === count)

  test("two processes never hold more slots than there are, and each gets its turn", async () => {
    const processes = [new ConnectorLimits(store), new ConnectorLimits(store)]
    let open = 0
    let highest = 0
    const served = [0, 0]
    const caller = async (index: number) => {
      for (let turn = 0; turn < 15; turn++) {
        const grant = await processes[index]?.take(at.workspaceId, at.connectorId, limits(3), options(20_000))
        highest = Math.max(highest, ++open)
        await new Promise((resolve) => setTimeout(resolve, 5))
        open--
        served[index] = (served[index] ?? 0) + 1
        grant?.release()
      }
    }
    await Promise.all([0, 0, 0, 0, 1, 1, 1, 1].map(caller))
    expect([highest, served]).toEqual([3, [60, 60]])
    expect(await settled(0)).toBe(0)
  })

  test("a slot that its process no longer renews is another's in time", async () => {
    await store.inWorkspace(at.workspaceId, (tx) =>
      tx
        .insertInto("limiter_slots")
        .values({ id: randomUUID(), workspace_id: at.workspaceId, connector_id: at.connectorId, held: true, expires_at: new Date(Date.now() + 700) })
        .execute(),
    )
    const begun = performance.now()
    const limiter = new ConnectorLimits(store)
    await expect(limiter.take(at.workspaceId, at.connectorId, limits(1), options(100))).rejects.toMatchObject({ code: "rate_limited" })
    const grant = await limiter.take(at.workspaceId, at.connectorId, limits(1), options(10_000))
    expect(performance.now() - begun).toBeGreaterThan(500)
    grant.release()
  })

  test("a call whose slot was lost is told to end", async () => {
    const grant = await new ConnectorLimits(store).take(at.workspaceId, at.connectorId, limits(1), options(1_000))
    await database.query("delete from jackfield.limiter_slots")
    await new Promise((resolve) => grant.signal.addEventListener("abort", resolve))
    expect(grant.signal.reason).toMatchObject({ code: "store_unavailable" })
    grant.release()
  })

  test("a running call keeps its slot", async () => {
    const grant = await new ConnectorLimits(store).take(at.workspaceId, at.connectorId, limits(1), options(1_000))
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect([grant.signal.aborted, await held()]).toEqual([false, 1])
    grant.release()
    grant.release()
    expect(await settled(0)).toBe(0)
  })

  test("who goes away while waiting leaves nothing behind", async () => {
    const limiter = new ConnectorLimits(store)
    const first = await limiter.take(at.workspaceId, at.connectorId, limits(1), options(1_000))
    const going = new AbortController()
    const second = limiter.take(at.workspaceId, at.connectorId, limits(1), options(10_000, going.signal))
    setTimeout(() => going.abort(), 100)
    await expect(second).rejects.toMatchObject({ code: "cancelled" })
    first.release()
    expect(await settled(0)).toBe(0)
    expect(await database.query("select id from jackfield.limiter_slots")).toEqual([])
  })

  test("a rate that is used up says when to come again, and a late request counts from when it went", async () => {
    const limiter = new ConnectorLimits(store)
    const rates = [{ requests: 1, perMs: 10_000 }]
    const grant = await limiter.take(at.workspaceId, at.connectorId, limits(undefined, rates), options(1_000))
    const refused = () => limiter.take(at.workspaceId, at.connectorId, limits(undefined, rates), options(0)).catch((error: unknown) => error)
    expect(await refused()).toMatchObject({ code: "rate_limited", details: { retryAfterSeconds: 11 } })
    const before = await database.query("select at from jackfield.limiter_starts")
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    grant.sent()
    const moved = async () => Number((await database.query("select at from jackfield.limiter_starts"))[0]?.["at"]) - Number(before[0]?.["at"])
    expect(await until(5_000, moved, (by) => by !== 0)).toBeGreaterThan(900)
  })

  test("without limits no row is touched", async () => {
    const grant = await new ConnectorLimits(store).take(at.workspaceId, at.connectorId, limits(undefined), options(0))
    grant.release()
    expect(await database.query("select connector_id from jackfield.limiter_rates")).toEqual([])
  })
})
