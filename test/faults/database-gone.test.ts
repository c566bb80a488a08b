import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { chooseRunAs, findBinaries, reachableBinaries } from "../../src/store/binaries.ts"
import { isAlive, type Spawned, spawnServer, stopServer } from "../../src/store/cluster.ts"
import { type Answer, ask } from "../support/ask.ts"
import { makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { until } from "../support/waiting.ts"

const GONE_MS = 30_000
const DATABASE_KILLS = 6
const KEY = "the-first-admin-key-of-the-test"
const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

async function start(env: Readonly<Record<string, string>>) {
  const data = makeDataFolder()
  cleanup.push(data.remove)
  const hub = startHubProcess(data.dir, { env: { JACKFIELD_ADMIN_KEY: KEY, ...env } })
  cleanup.push(() => hub.end("SIGKILL"))
  const url = await hub.ready
  const get = (path: string): Promise<Answer> => ask(url + path, "GET", undefined, { key: KEY })
  const create = (name: string): Promise<Answer> =>
    ask(`${url}/v1/connectors`, "POST", { name, type: "http", config: { url: "https://example.com/", auth: { kind: "bearer", token: name } } }, { key: KEY })
  return { data, hub, get, create }
}

/** Restarts the server of a test database on its old port. */
async function startAgain(database: TestDatabase): Promise<Spawned> {
  const home = join(database.folder, "..")
  const as = await chooseRunAs(home)
  const { binaries } = await reachableBinaries(await findBinaries(), as, ["/var/lib/jackfield", "/var/tmp/jackfield"])
  return spawnServer(binaries, { folder: database.folder, port: database.port, logFile: join(home, "server.log"), as, settings: { fsync: "on" } })
}

/** Asserts a 503 as in DESIGN §7 and §10: a problem with a Retry-After. */
function expectUnavailable(answer: Answer): void {
  expect(answer.status, answer.text).toBe(503)
  expect(answer.headers.get("content-type")).toContain("application/problem+json")
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0)
  expect(answer.body).toMatchObject({ status: 503, code: "store_unavailable" })
}

test("a database that is unavailable for 30 s causes 503 with Retry-After, and the hub recovers by itself", async () => {
  const database = await startTestDatabase({ settings: { fsync: "on" } })
  cleanup.push(database.stop)
  const { hub, get, create } = await start({ DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") })
  expect((await create("before")).status).toBe(201)
  await stopServer(await findBinaries(), database.folder, database.pid, 30_000)
  const begun = Date.now()
  let asked = 0
  while (Date.now() - begun < GONE_MS) {
    const one = Date.now()
    for (const answer of await Promise.all([get("/v1/connectors/before"), get("/readyz"), create(`during-${asked}`), get("/v1/me")])) expectUnavailable(answer)
    expect(await get("/healthz")).toMatchObject({ status: 200, body: { status: "ok" } })
    expect(Date.now() - one).toBeLessThan(10_000)
    asked++
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(asked).toBeGreaterThan(2)
  const again = await startAgain(database)
  cleanup.push(async () => stopServer(await findBinaries(), database.folder, again.pid, 30_000))
  expect(
    (
      await until(
        15_000,
        () => get("/readyz"),
        (answer) => answer.status === 200,
      )
    ).status,
  ).toBe(200)
  const after = await Promise.all(Array.from({ length: 20 }, () => get("/v1/connectors/before")))
  expect(new Set(after.map((answer) => answer.status))).toEqual(new Set([200]))
  expect((await create("after")).status).toBe(201)
  // Rejected writes were not made.
  expect((await get("/v1/connectors")).body.total).toBe(2)
  expect(isAlive(hub.child.pid ?? 0)).toBe(true)
  console.log(`database gone for ${GONE_MS / 1000} s: ${asked * 4} requests answered 503, then well again`)
})

test("an embedded server that is killed is restarted by the hub, and keeps acknowledged writes", async () => {
  const { data, hub, get, create } = await start({})
  let asked = 0
  for (let round = 1; round <= DATABASE_KILLS; round++) {
    expect((await create(`kept-${round}`)).status).toBe(201)
    const before = data.postmaster() ?? 0
    process.kill(before, "SIGKILL")
    const answers: Answer[] = []
    const well = await until(
      60_000,
      async () => {
        const answer = await get(`/v1/connectors/kept-${round}`)
        answers.push(answer)
        return answer
      },
      (answer) => answer.status === 200 && data.postmaster() !== before,
    )
    expect(well.status).toBe(200)
    for (const answer of answers) if (answer.status !== 200) expectUnavailable(answer)
    asked += answers.length
    expect((await get("/v1/connectors")).body.total).toBe(round)
  }
  expect(await hub.end()).toBe(0)
  expect(data.postmaster()).toBeUndefined()
  console.log(`embedded server killed ${DATABASE_KILLS} times, ${asked} requests meanwhile, lost 0`)
})

test("a hub can be stopped while its database is unavailable", async () => {
  const database = await startTestDatabase()
  cleanup.push(database.stop)
  const { hub, get } = await start({ DATABASE_URL: database.url, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") })
  await stopServer(await findBinaries(), database.folder, database.pid, 30_000)
  expectUnavailable(await get("/v1/me"))
  const begun = Date.now()
  expect(await hub.end()).toBe(0)
  expect(Date.now() - begun).toBeLessThan(10_000)
})
