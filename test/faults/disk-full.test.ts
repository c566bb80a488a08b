import { execFileSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { findBinaries } from "../../src/store/binaries.ts"
import { isAlive, stopServer } from "../../src/store/cluster.ts"
import { startHubProcess } from "../support/hub-process.ts"
import { jackfield } from "../support/jackfield.ts"
import { until } from "../support/waiting.ts"

const KEY = "the-first-admin-key-of-the-test"
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step()
})

/** A separate disk of that size in MiB. Only root may mount it; other users see how to run this test. */
function smallDisk(mebibytes: number): string {
  if (process.getuid?.() !== 0)
    throw new Error("This test mounts a small tmpfs, which only root may: run it as root, or in a container (`docker run --cap-add SYS_ADMIN …`).")
  const folder = mkdtempSync(join(tmpdir(), "jackfield-test-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=711`, "tmpfs", folder])
  chmodSync(folder, 0o711)
  cleanup.push(() => {
    execFileSync("umount", ["--lazy", folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Fills a disk except for a number of bytes. */
function fill(folder: string, leave: number): void {
  const { bavail, bsize } = statfsSync(folder)
  for (let left = bavail * bsize - leave, piece = 0; left > 0; piece++) {
    const bytes = Math.min(left, 8_388_608)
    writeFileSync(join(folder, `ballast-${piece}`), Buffer.alloc(bytes))
    left -= bytes
  }
}

function unfill(folder: string): void {
  for (let piece = 0; existsSync(join(folder, `ballast-${piece}`)); piece++) rmSync(join(folder, `ballast-${piece}`))
}

test("with a full disk under the database, writes are rejected clearly, reads continue or wait, no acknowledged write is lost, and the hub recovers once there is space", {
  timeout: 240_000,
}, async () => {
  const disk = smallDisk(160)
  const dir = join(disk, "data")
  mkdirSync(dir, { mode: 0o711 })
  const hub = startHubProcess(dir, { env: { JACKFIELD_ADMIN_KEY: KEY } })
  const cluster = join(dir, "postgres", "cluster")
  cleanup.push(async () => {
    await hub.end("SIGKILL")
    const pid = existsSync(join(cluster, "postmaster.pid")) ? Number(readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n")[0]) : 0
    if (pid > 1 && isAlive(pid)) await stopServer(await findBinaries(), cluster, pid, 30_000)
  })
  const url = await hub.ready
  const upload = async (name: string, bytes: number): Promise<number> => {
    const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/octet-stream" }
    const answer = await fetch(`${url}/v1/uploads?name=${name}`, { method: "POST", headers, body: Buffer.alloc(bytes, name) })
    const text = await answer.text()
    if (answer.status !== 201) expect(JSON.parse(text), text).toMatchObject({ code: expect.stringMatching(/^(store_unavailable|internal)$/) })
    expect(text).not.toContain(dir)
    return answer.status
  }
  const create = (name: string) =>
    hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: "https://example.com/", auth: { kind: "bearer", token: name } } }, { key: KEY })
  expect((await create("before")).status).toBe(201)
  expect(await upload("small", 1_000)).toBe(201)
  fill(disk, 4_000_000)
  const kept = ["small"]
  let refused = 0
  for (let round = 0; round < 30 && refused < 3; round++) {
    const status = await upload(`u${round}`, 2_000_000).catch(() => 0)
    if (status === 201) kept.push(`u${round}`)
    else refused++
    if (status !== 0 && status !== 201) expect(status).toBe(503)
  }
  expect(refused).toBe(3)
  expect((await hub.call("GET", "/healthz", undefined, { key: KEY })).status).toBe(200)
  expect(isAlive(hub.child.pid ?? 0)).toBe(true)
  // A backup to the full disk fails with that reason and leaves nothing behind.
  const backup = await jackfield(["backup", join(disk, "backup"), "--json"], { env: { JACKFIELD_DATA: dir } })
  expect(backup.code).not.toBe(0)
  expect(existsSync(join(disk, "backup"))).toBe(false)
  expect(existsSync(join(disk, "backup.part"))).toBe(false)
  unfill(disk)
  const well = await until(
    60_000,
    () => create("after").catch(() => undefined),
    (answer) => answer?.status === 201 || answer?.status === 409,
  )
  expect([201, 409]).toContain(well?.status)
  const names = (await hub.call("GET", "/v1/uploads?limit=100", undefined, { key: KEY })).body.data.map((each: { name: string }) => each.name)
  expect(names.sort()).toEqual(kept.sort())
  expect((await hub.call("GET", "/v1/connectors/before", undefined, { key: KEY })).status).toBe(200)
  expect((await hub.call("GET", "/v1/audit/verify", undefined, { key: KEY })).body).toMatchObject({ ok: true })
  expect(await hub.end()).toBe(0)
  console.log(`disk full: ${kept.length} uploads acknowledged and there, ${refused} refused, then well again`)
})

test("a first start on a full disk fails with that reason, and leaves nothing that a later start would take for complete", { timeout: 120_000 }, async () => {
  const disk = smallDisk(20)
  const dir = join(disk, "data")
  mkdirSync(dir, { mode: 0o711 })
  const hub = startHubProcess(dir, { env: { JACKFIELD_ADMIN_KEY: KEY } })
  expect(await hub.exited).toBe(1)
  expect(hub.stderr()).toMatch(/^jackfield: .*(disk has space|No space left)/)
  expect(existsSync(join(dir, "postgres"))).toBe(false)
})

test("a restore to a disk that is too small is rejected before anything is changed", { timeout: 120_000 }, async () => {
  const big = mkdtempSync(join(tmpdir(), "jackfield-test-from-"))
  chmodSync(big, 0o711)
  cleanup.push(() => rmSync(big, { recursive: true, force: true }))
  const hub = startHubProcess(join(big, "data"), { env: { JACKFIELD_ADMIN_KEY: KEY } })
  const url = await hub.ready
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/octet-stream" }
  expect((await fetch(`${url}/v1/uploads?name=large`, { method: "POST", headers, body: Buffer.alloc(12_000_000, "x") })).status).toBe(201)
  await hub.end()
  expect(await jackfield(["backup", join(big, "backup")], { env: { JACKFIELD_DATA: join(big, "data") } })).toMatchObject({ code: 0 })
  const disk = smallDisk(16)
  const ran = await jackfield(["restore", join(big, "backup"), "--json"], {
    env: { JACKFIELD_DATA: join(disk, "data"), JACKFIELD_MASTER_KEY_FILE: join(big, "data", "master.key") },
  })
  expect(JSON.parse(ran.stderr)).toMatchObject({ code: "store_unavailable", detail: expect.stringContaining("free some space first") })
  expect(existsSync(join(disk, "data"))).toBe(false)
})
