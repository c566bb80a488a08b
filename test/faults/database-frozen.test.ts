import { randomBytes } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { afterEach, expect, test } from "vitest"
import { type Answer, ask } from "../support/ask.ts"
import { makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { until } from "../support/waiting.ts"

const KEY = "the-first-admin-key-of-the-test"
/** The maximum time for an answer: a statement is abandoned after 30 s, and its rollback must not double that. */
const BOUND_MS = 40_000
const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

/** A server's processes: PostgreSQL starts each in a session of its own, so that no process group contains them all. */
function family(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return /^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1] === String(pid)
      } catch {
        return false
      }
    })
  return [pid, ...children.map(Number)]
}

test("a frozen database causes 503 in bounded time, and the hub recovers by itself when the database continues", { timeout: 240_000 }, async () => {
  const database = await startTestDatabase({ settings: { fsync: "on" } })
  cleanup.push(database.stop)
  const data = makeDataFolder()
  cleanup.push(data.remove)
  const hub = startHubProcess(data.dir, {
    env: { JACKFIELD_ADMIN_KEY: KEY, DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") },
  })
  cleanup.push(() => hub.end("SIGKILL"))
  const url = await hub.ready
  const get = (path: string): Promise<Answer> => ask(url + path, "GET", undefined, { key: KEY })
  const create = (name: string): Promise<Answer> =>
    ask(`${url}/v1/connectors`, "POST", { name, type: "http", config: { url: "https://example.com/" } }, { key: KEY })
  expect((await create("before")).status).toBe(201)
  const frozen = family(database.pid)
  const thaw = () => {
    // A process that has ended in the meantime cannot be continued.
    for (const pid of frozen.filter((each) => existsSync(`/proc/${each}`))) process.kill(pid, "SIGCONT")
  }
  for (const pid of frozen) process.kill(pid, "SIGSTOP")
  cleanup.push(async () => thaw())
  const begun = Date.now()
  const answers = await Promise.all([...Array.from({ length: 30 }, (_, index) => get(index % 2 === 0 ? "/v1/connectors" : "/readyz")), create("during")])
  const tookMs = Date.now() - begun
  for (const answer of answers) {
    expect(answer.status, answer.text).toBe(503)
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0)
  }
  expect(tookMs).toBeLessThan(BOUND_MS)
  expect(await get("/healthz")).toMatchObject({ status: 200 })
  thaw()
  const well = await until(
    20_000,
    () => get("/readyz"),
    (answer) => answer.status === 200,
  )
  expect(well.status).toBe(200)
  const after = await Promise.all(Array.from({ length: 20 }, () => get("/v1/connectors/before")))
  expect(new Set(after.map((answer) => answer.status))).toEqual(new Set([200]))
  expect((await create("after")).status).toBe(201)
  console.log(`frozen: ${answers.length} requests answered 503 within ${Math.round(tookMs / 1000)} s, then well again`)
})
