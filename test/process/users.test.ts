import { chmodSync, chownSync, existsSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { canReach } from "../../src/store/binaries.ts"
import { isAlive } from "../../src/store/cluster.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startHubProcess } from "../support/hub-process.ts"

const NOBODY = 65534
const root = process.getuid?.() === 0
const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts")

/** Starts a hub, writes, stops it, starts it again and asserts that the write exists; returns the user that PostgreSQL ran as. */
async function expectToWork(data: DataFolder, uid?: number): Promise<number | undefined> {
  const options = uid === undefined ? {} : { uid }
  const first = startHubProcess(data.dir, options)
  await first.ready
  const server = data.postmaster() ?? 0
  const ranAs = statSync(`/proc/${server}`, { throwIfNoEntry: false })?.uid
  expect(isAlive(server)).toBe(true)
  expect((await first.call("POST", "/v1/connectors", { name: "kept", type: "http", config: { url: "https://example.com/" } })).status).toBe(201)
  expect(await first.end()).toBe(0)
  expect(isAlive(server)).toBe(false)
  const second = startHubProcess(data.dir, options)
  await second.ready
  expect((await second.call("GET", "/v1/connectors/kept")).status).toBe(200)
  expect(await second.end()).toBe(0)
  for (const secret of ["cli.json", "master.key"]) expect(statSync(join(data.dir, secret)).mode & 0o777, secret).toBe(0o600)
  expect(statSync(join(data.home(), "hub.json")).mode & 0o777).toBe(0o600)
  return ranAs
}

test("the test's own user can start a hub", { timeout: 90_000 }, async () => {
  const data = makeDataFolder()
  const ranAs = await expectToWork(data)
  if (root && ranAs !== undefined) expect(ranAs).not.toBe(0)
  await data.remove()
})

test.skipIf(!root)("root can start a hub whose data is below a folder of mode 0700", { timeout: 90_000 }, async () => {
  const data = makeDataFolder({ hidden: true })
  const ranAs = await expectToWork(data)
  if (ranAs !== undefined) expect(ranAs).toBe(NOBODY)
  expect(data.home()).not.toBe(join(data.dir, "postgres"))
  expect(statSync(dirname(data.dir)).mode & 0o777).toBe(0o700)
  const home = data.home()
  await data.remove()
  expect(existsSync(home)).toBe(false)
})

test.skipIf(!root)("an unprivileged user can start a hub in its own data folder of mode 0700", { timeout: 90_000 }, async (context) => {
  const data = makeDataFolder()
  chownSync(data.dir, NOBODY, NOBODY)
  chmodSync(data.dir, 0o700)
  const reachable = canReach(MAIN, "r", { uid: NOBODY, gid: NOBODY })
  if (reachable) {
    const ranAs = await expectToWork(data, NOBODY)
    if (ranAs !== undefined) expect(ranAs).toBe(NOBODY)
    expect(data.home()).toBe(join(data.dir, "postgres"))
  }
  await data.remove()
  context.skip(!reachable, "another user cannot read this checkout")
})
