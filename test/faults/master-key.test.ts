import { createHash, randomBytes } from "node:crypto"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { use } from "../support/use.ts"

let data: DataFolder
const right = randomBytes(32).toString("base64")
const wrong = randomBytes(32).toString("base64")
const database = use(() => startTestDatabase())
beforeAll(async () => {
  data = makeDataFolder()
})
afterAll(async () => {
  await data.remove()
})

/** A digest of everything in the database except the addresses of nodes. */
async function content(): Promise<string> {
  const hash = createHash("sha256")
  for (const { t } of await database.query(
    "select relname::text as t from pg_class where relnamespace = 'jackfield'::regnamespace and relkind = 'r' order by 1",
  )) {
    const where = t === "settings" ? "where key not like 'node/%'" : ""
    const rows = await database.query(`select x::text as row from jackfield."${t}" x ${where} order by 1`)
    hash.update(`${t}: ${rows.map((each) => each["row"]).join("\n")}\n`)
  }
  return hash.digest("hex")
}

test("a hub with the wrong master key does not start, names the next step, and changes nothing; with the right key it works", {
  timeout: 180_000,
}, async () => {
  const start = (env: Readonly<Record<string, string>>) =>
    startHubProcess(data.dir, { env: { DATABASE_URL: database.url, JACKFIELD_ADMIN_KEY: "the-admin-key-of-this-test", ...env } })
  const first = start({ JACKFIELD_MASTER_KEY: right })
  await first.ready
  const call = { key: "the-admin-key-of-this-test" }
  const made = await first.call(
    "POST",
    "/v1/connectors",
    { name: "kept", type: "http", config: { url: "https://example.com/", auth: { kind: "bearer", token: "t" } } },
    call,
  )
  expect(made.status).toBe(201)
  await first.end()
  const before = await content()
  const file = join(data.dir, "other.key")
  writeFileSync(file, `${wrong}\n`)
  for (const env of [
    { JACKFIELD_MASTER_KEY: wrong },
    { JACKFIELD_MASTER_KEY_FILE: file },
    { JACKFIELD_MASTER_KEY: wrong, JACKFIELD_MASTER_KEY_PREVIOUS: randomBytes(32).toString("base64") },
  ]) {
    const hub = start(env)
    expect(await hub.exited).toBe(1)
    expect(hub.stderr()).toMatch(
      /^jackfield: The master key \([0-9a-f]{12}\) opens none of this hub's secrets; start with the key .*JACKFIELD_MASTER_KEY_PREVIOUS\.\n$/,
    )
    for (const key of [right, wrong]) expect(hub.stdout() + hub.stderr()).not.toContain(key)
    expect(await content()).toBe(before)
  }
  const again = start({ JACKFIELD_MASTER_KEY: wrong, JACKFIELD_MASTER_KEY_PREVIOUS: right })
  expect((await again.call("PATCH", "/v1/connectors/kept", { title: "Kept" }, call)).status).toBe(200)
  expect(await again.end()).toBe(0)
})

test("an embedded hub whose master.key is missing does not create a new one", { timeout: 180_000 }, async () => {
  const own = makeDataFolder()
  try {
    const first = startHubProcess(own.dir)
    await first.ready
    await first.end()
    rmSync(join(own.dir, "master.key"))
    for (let round = 0; round < 2; round++) {
      const hub = startHubProcess(own.dir)
      expect(await hub.exited).toBe(1)
      expect(hub.stderr()).toMatch(/^jackfield: The master key .*master\.key is missing, .*restore the file from your copy/)
    }
    expect(own.postmaster()).toBeUndefined()
  } finally {
    await own.remove()
  }
})
