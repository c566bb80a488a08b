import { randomBytes } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { jackfield, json, problem, type Ran } from "../support/jackfield.ts"

let data: DataFolder
let hub: HubProcess
beforeAll(async () => {
  data = makeDataFolder()
  hub = startHubProcess(data.dir)
  await hub.ready
})
afterAll(async () => {
  await hub.end("SIGKILL")
  await data.remove()
})

const vault = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  jackfield(["vault", ...args], { env: { JACKFIELD_DATA: data.dir, ...env } })

const create = (name: string) =>
  hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: "https://example.com/", auth: { kind: "bearer", token: `the token of ${name}` } } })

describe("vault, next to a running hub with the embedded database,", { timeout: 90_000 }, () => {
  test("counts values, rotates the data keys and proves them, while the hub continues to work", async () => {
    expect((await create("one")).status).toBe(201)
    const before = await vault(["status"])
    expect(before.stdout).toMatch(
      /^Master key [0-9a-f]{12} \(current\): 1 data key, 1 hub key\.\nData keys: 1 active with 1 value, 0 retired with 0 values\.\n/,
    )
    const rotated = await vault(["rotate", "--data"])
    expect(rotated.stderr + rotated.stdout).toContain("Data keys: 1 new for 1 workspace, 1 value resealed, 1 old key removed.")
    expect(rotated.stdout).toContain("Proof: 1 value, 1 data key and 1 hub key opened; nothing failed.")
    expect(rotated.code).toBe(0)
    expect((await hub.call("POST", "/v1/connectors/one/call", { input: {}, dryRun: true })).status).toBe(200)
    expect((await create("two")).status).toBe(201)
    expect(json(await vault(["prove", "--json"]))).toMatchObject({ ok: true, values: 2, failures: [] })
    expect(rotated.stdout + rotated.stderr + before.stdout).not.toContain("the token of")
  })

  test("fails if no keys to rotate are given, and if nothing changed", async () => {
    expect(await vault(["rotate"])).toMatchObject({ code: 2, stderr: expect.stringContaining("--master, --data or both") })
    const ran = await vault(["rotate", "--master"])
    expect(ran.stdout).toContain("Nothing changed")
    expect(ran.code).toBe(1)
  })

  test("rotates the master key: after a restart, only the new key opens the secrets", async () => {
    const old = readFileSync(join(data.dir, "master.key"), "utf8").trim()
    const fresh = randomBytes(32).toString("base64")
    const both = { JACKFIELD_MASTER_KEY: fresh, JACKFIELD_MASTER_KEY_PREVIOUS: old }
    await hub.end()
    hub = startHubProcess(data.dir, { env: both })
    await hub.ready
    const refused = await vault(["prove", "--json"], { JACKFIELD_MASTER_KEY: fresh })
    expect(refused.code).toBe(1)
    const ran = await vault(["rotate", "--master", "--data", "--json"], both)
    expect(json(ran), ran.stderr).toMatchObject({ ok: true, master: { dataKeys: 1, hubKeys: 1 }, data: { newKeys: 1 }, proof: { ok: true } })
    for (const secret of [old, fresh]) expect(ran.stdout + ran.stderr).not.toContain(secret)
    await hub.end()
    // The hub is not running now: the command starts the database itself and stops it again.
    writeFileSync(join(data.dir, "master.key"), `${fresh}\n`)
    const alone = await vault(["prove"])
    expect(alone, alone.stderr).toMatchObject({ code: 0 })
    expect(data.postmaster()).toBeUndefined()
    const wrong = startHubProcess(data.dir, { env: { JACKFIELD_MASTER_KEY: old } })
    expect(await wrong.exited).toBe(1)
    expect(wrong.stderr()).toContain("opens none of this hub's secrets")
    hub = startHubProcess(data.dir)
    expect((await hub.call("POST", "/v1/connectors/two/call", { input: {}, dryRun: true })).status).toBe(200)
  })

  test("reports a missing hub and an invalid environment", async () => {
    const none = await jackfield(["vault", "status", "--json"], {
      env: { JACKFIELD_DATA: join(data.dir, "none"), JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") },
    })
    expect(none.code).toBe(5)
    expect(problem(none).detail).toContain("contains no hub database")
    const two = await vault(["status", "--json"], { JACKFIELD_MASTER_KEY: "x", JACKFIELD_MASTER_KEY_FILE: "y" })
    expect(two.code).toBe(2)
    expect(problem(two).detail).toContain("are both set")
  })
})
