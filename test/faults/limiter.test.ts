import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import { openStore } from "../../src/store/store.ts"
import { seedWorkspace } from "../store/seed.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { mostIn, startFarServer } from "./far-server.ts"

const LIMITS = { requests: 60, perMs: 2_000, concurrency: 5 }
const RUN_MS = 30_000
const KILL_AT_MS = 8_000

const database = use(() => startTestDatabase())

test("limits of 60 per 2 s and 5 at once apply across 3 processes, one of which is killed and replaced", async () => {
  const store = await openStore({ dataDir: "unused", databaseUrl: database.url, log: { info: () => undefined, warn: () => undefined } })
  const { workspaceId, connectorId } = await seedWorkspace(store)
  await store.close()
  // The seed leaves a state that the limiter itself would never write.
  await database.query("delete from jackfield.limiter_starts; delete from jackfield.limiter_slots")
  const far = await startFarServer(25, { closes: true })
  const children: ChildProcess[] = []
  const start = () => {
    const file = join(import.meta.dirname, "limiter-child.ts")
    const child = spawn(process.execPath, [file, database.url, workspaceId, connectorId, String(far.port), JSON.stringify(LIMITS)], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    children.push(child)
    return new Promise<ChildProcess>((resolve) => child.stdout?.once("data", () => resolve(child)))
  }
  try {
    const [victim] = await Promise.all([start(), start(), start()])
    const begun = performance.now()
    await sleep(KILL_AT_MS)
    victim?.kill("SIGKILL")
    await start()
    await sleep(RUN_MS - (performance.now() - begun))
    const seen = far.starts.filter((at) => at >= begun && at < begun + RUN_MS)
    const used = seen.length / ((LIMITS.requests * RUN_MS) / LIMITS.perMs)
    const most = mostIn(far.starts, LIMITS.perMs)
    console.info(
      `limiter: ${seen.length} starts in ${RUN_MS / 1_000} s = ${(used * 100).toFixed(1)} % of the allowance; most in any 2 s: ${most}; most open: ${far.open.most}`,
    )
    expect(most).toBeLessThanOrEqual(LIMITS.requests + 1)
    expect(far.open.most).toBeLessThanOrEqual(LIMITS.concurrency)
    expect(used).toBeGreaterThanOrEqual(0.93)
  } finally {
    for (const child of children) child.kill("SIGKILL")
    await far.close()
  }
})
