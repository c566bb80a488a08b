import { randomBytes } from "node:crypto"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { jackfield, json, problem, type Ran } from "../support/jackfield.ts"

let from: DataFolder
let to: DataFolder
let folder: string
let hub: HubProcess
const hubs: HubProcess[] = []
const start = (data: DataFolder, env: Readonly<Record<string, string>> = {}): HubProcess => {
  const made = startHubProcess(data.dir, { env })
  hubs.push(made)
  return made
}
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-test-backup-"))
  from = makeDataFolder()
  to = makeDataFolder()
  hub = start(from)
  await hub.ready
})
afterAll(async () => {
  for (const each of hubs) await each.end("SIGKILL")
  await from.remove()
  await to.remove()
  rmSync(folder, { recursive: true })
})

const run = (data: DataFolder, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  jackfield(args, { env: { JACKFIELD_DATA: data.dir, ...env } })
const config = { url: "https://example.com/", auth: { kind: "bearer", token: "the token that is nowhere in clear" } }

describe("backup and restore of an embedded hub", { timeout: 120_000 }, () => {
  test("while the hub runs, into another machine's folder: the same keys, connectors and secrets work there", async () => {
    const made = await hub.call("POST", "/v1/connectors", { name: "kept", type: "http", config })
    expect(made.status).toBe(201)
    const file = join(folder, "first")
    const ran = await run(from, ["backup", file, "--json"])
    expect(json(ran), ran.stderr).toMatchObject({ file, rows: expect.any(Number), masterKeys: [expect.stringMatching(/^[0-9a-f]{12}$/)] })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const bytes = readFileSync(file)
    const key = JSON.parse(readFileSync(join(from.dir, "cli.json"), "utf8")).key as string
    for (const secret of ["the token that is nowhere", key, readFileSync(join(from.dir, "master.key"), "utf8").trim()]) {
      expect(bytes.includes(secret)).toBe(false)
      expect(bytes.includes(Buffer.from(secret).toString("base64").slice(0, 20))).toBe(false)
    }
    // Later changes are not in the backup.
    expect((await hub.call("POST", "/v1/connectors", { name: "later", type: "http", config })).status).toBe(201)

    const keyless = await run(to, ["restore", file, "--json"])
    expect(keyless.code).toBe(1)
    expect(problem(keyless)).toMatchObject({ detail: expect.stringContaining("is missing, and a new key could not open") })
    const other = await run(to, ["restore", file, "--json"], { JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") })
    expect(problem(other)).toMatchObject({ code: "secret_unreadable", detail: expect.stringContaining("is not among those given") })
    expect(existsSync(join(to.dir, "postgres"))).toBe(false)

    copyFileSync(join(from.dir, "master.key"), join(to.dir, "master.key"))
    expect(await run(to, ["restore", file, "--check"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing was changed.") })
    expect(existsSync(join(to.dir, "postgres"))).toBe(false)
    const restored = await run(to, ["restore", file])
    expect(restored, restored.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("Restored. Start the hub.") })
    expect(to.postmaster()).toBeUndefined()
    const second = start(to)
    await second.ready
    expect((await second.call("GET", "/v1/connectors", undefined, { key })).body).toMatchObject({ total: 1, data: [{ id: made.body.id, name: "kept" }] })
    expect((await second.call("POST", "/v1/connectors/kept/call", { input: {}, dryRun: true }, { key })).status).toBe(200)
    expect(await run(to, ["vault", "prove"])).toMatchObject({ code: 0 })
  })

  test("restore is rejected while a hub runs, and without --replace if the hub has data; --replace removes newer data", async () => {
    const file = join(folder, "first")
    expect(problem(await run(from, ["restore", file, "--replace", "--json"]))).toMatchObject({ code: "in_use", detail: expect.stringContaining("stop it") })
    await hub.end()
    expect(problem(await run(from, ["restore", file, "--json"]))).toMatchObject({ code: "name_taken", detail: expect.stringContaining("--replace") })
    expect(await run(from, ["restore", file, "--replace"])).toMatchObject({ code: 0 })
    hub = start(from)
    expect((await hub.call("GET", "/v1/connectors")).body).toMatchObject({ total: 1, data: [{ name: "kept" }] })
  })

  test("a truncated or changed file is rejected, and the hub keeps its data", async () => {
    await hub.end()
    const whole = readFileSync(join(folder, "first"))
    for (const [name, bytes] of [
      ["cut", whole.subarray(0, -100)],
      ["changed", Buffer.from(whole).fill(0x41, 5_000, 5_010)],
    ] as const) {
      writeFileSync(join(folder, name), bytes)
      expect(problem(await run(from, ["restore", join(folder, name), "--replace", "--json"]))).toMatchObject({ code: "backup_invalid" })
    }
    const none = await run(from, ["restore", join(folder, "none"), "--json"])
    expect(none.code).toBe(5)
    expect(problem(none)).toMatchObject({ code: "not_found", next: expect.stringContaining("jackfield backup") })
    hub = start(from)
    expect((await hub.call("GET", "/v1/connectors")).body).toMatchObject({ total: 1 })
  })
})
