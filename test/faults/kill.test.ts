import { afterAll, beforeAll, expect, test } from "vitest"
import { isAlive } from "../../src/store/cluster.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { use } from "../support/use.ts"
import { type Listed, type Login, Writer } from "./ledger.ts"
import { Sundry } from "./sundry.ts"

const KILLS = 50
const KEY = "the-admin-key-of-this-very-test"
const WRITERS = 6
/** In every fourth round the embedded database is killed with the hub, so that it must recover from its write-ahead log. */
const DATABASE_TOO = 4

let data: DataFolder
const logins: Login[] = ["ann", "bob", "cid"].map((user) => ({ user, password: `the secret of ${user}` }))
const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query(logins.map(({ user, password }) => `create role ${user} login password '${password}'`).join(";"))
  data = makeDataFolder()
})
afterAll(async () => {
  await data.remove()
})

/** All connectors of the hub, by name. */
async function everything(hub: HubProcess): Promise<Map<string, Listed>> {
  const all = new Map<string, Listed>()
  let cursor: string | null = null
  do {
    const { status, body } = await hub.call("GET", `/v1/connectors?limit=100${cursor === null ? "" : `&cursor=${cursor}`}`)
    expect(status).toBe(200)
    for (const each of body.data as Listed[]) all.set(each.name, each)
    cursor = body.nextCursor
  } while (cursor !== null)
  return all
}

/** The names of connectors whose stored password no longer works. */
async function unusable(hub: HubProcess, names: readonly string[]): Promise<string[]> {
  const failed: string[] = []
  for (const name of names) {
    const { body } = await hub.call("POST", `/v1/connectors/${name}/test`)
    if (body.ok !== true) failed.push(`${name}: ${JSON.stringify(body)}`)
  }
  return failed
}

/** Asserts that the audit's chain is complete and has an entry for each acknowledged write; returns the number of entries. */
async function unbroken(hub: HubProcess, acknowledged: number): Promise<number> {
  const { status, body } = await hub.call("GET", "/v1/audit/verify")
  expect(status).toBe(200)
  expect(body).toMatchObject({ ok: true })
  expect(body.entries).toBeGreaterThanOrEqual(acknowledged)
  return body.entries as number
}

/** The connectors that do not have a version for each change. */
async function withoutVersions(hub: HubProcess, listed: ReadonlyMap<string, Listed>, names: readonly string[]): Promise<string[]> {
  const failed: string[] = []
  for (const name of names) {
    const { body } = await hub.call("GET", `/v1/connectors/${name}/versions?limit=1`)
    if (body.total !== listed.get(name)?.version || body.data[0]?.version !== body.total)
      failed.push(`${name} has ${body.total} versions instead of ${listed.get(name)?.version}`)
  }
  return failed
}

test("no acknowledged write is lost if the busy hub is killed repeatedly", { timeout: 1_800_000 }, async () => {
  const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(`w${index}`, { host: database.host, port: database.port }, logins))
  const sundries = ["s", "t"].map((prefix) => new Sundry(prefix, KEY))
  const lost: string[] = []
  let kills = 0
  let audited = 0
  for (let round = 1; round <= KILLS + 1; round++) {
    const hub = startHubProcess(data.dir, { env: { JACKFIELD_ADMIN_KEY: KEY } })
    await hub.ready
    for (const sundry of sundries) lost.push(...(await sundry.settle(hub)))
    audited = await unbroken(
      hub,
      [...writers, ...sundries].reduce((sum, each) => sum + each.acknowledged, 0),
    )
    const listed = await everything(hub)
    for (const writer of writers) lost.push(...writer.settle(listed))
    expect(lost).toEqual([])
    expect(listed.size).toBe(writers.flatMap((writer) => writer.live()).length)
    // All secrets in the last round, otherwise a few of each writer; a connector test does not change a version.
    const some = writers.flatMap((writer) => writer.live().slice(round > KILLS ? 0 : -2))
    lost.push(...(await unusable(hub, some)), ...(await withoutVersions(hub, listed, some)))
    expect(lost).toEqual([])
    if (round > KILLS) {
      expect(await hub.end()).toBe(0)
      break
    }
    const running = Promise.all([...writers.map((writer) => writer.run(hub.call)), ...sundries.map((sundry) => sundry.run(hub))])
    running.catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 700))
    const server = data.postmaster() ?? 0
    hub.child.kill("SIGKILL")
    if (round % DATABASE_TOO === 0) process.kill(server, "SIGKILL")
    expect(await hub.exited).toBe("SIGKILL")
    kills++
    await running
    if (round % DATABASE_TOO !== 0) expect(isAlive(server)).toBe(true)
  }
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
  const others = sundries.reduce((sum, sundry) => sum + sundry.acknowledged, 0)
  console.log(`kills ${kills}, acknowledged writes ${acknowledged}, uploads and keys ${others}, audit entries ${audited}, lost ${lost.length}`)
  expect(kills).toBe(KILLS)
  expect(others).toBeGreaterThan(kills / 2)
  expect(acknowledged).toBeGreaterThan(kills * WRITERS)
})
