import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { checkBackup } from "../../src/store/restore.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { jackfield } from "../support/jackfield.ts"
import { use } from "../support/use.ts"

const KILLS = 20
const ROOT = join(import.meta.dirname, "..", "..")
const master = { JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") }

let folder: string
const database = use(() => startTestDatabase())
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-test-restore-"))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
})

const envOf = (name: string) => ({ ...master, DATABASE_URL: database.url.replace(/postgres$/, name) })

/** Fills a hub's database with `count` connectors named after it, and with ballast, so that a copy takes a while. */
async function filled(name: string, count: number): Promise<void> {
  await database.query(`create database ${name}`)
  const hub = await startHub({ ...envOf(name), JACKFIELD_ADMIN_KEY: "the-admin-key-of-this-very-test" })
  for (let index = 0; index < count; index++) {
    const config = { url: "https://example.com/", auth: { kind: "bearer", token: `${name} ${index}` } }
    const made = await hub.call("POST", "/v1/connectors", { name: `${name}-${index}`, type: "http", config }, { key: "the-admin-key-of-this-very-test" })
    expect(made.status).toBe(201)
  }
  await hub.stop()
  await database.query("insert into jackfield.settings select 'ballast/' || n, to_jsonb(repeat(md5(n::text), 200)) from generate_series(1, 4000) n", [], name)
}

/** One line that describes the hub's data: tables with their rows and digests. */
async function state(name: string): Promise<string> {
  const tables = await database.query(
    "select relname::text as t from pg_class where relnamespace = 'jackfield'::regnamespace and relkind = 'r' and relname not like 'kysely%' and relname <> 'owner_settings' order by 1",
    [],
    name,
  )
  const found: string[] = []
  for (const { t } of tables) {
    const [row] = await database.query(
      `select count(*) || ' ' || md5(coalesce(string_agg(x::text, '|' order by x::text), '')) as d from jackfield."${t}" x`,
      [],
      name,
    )
    found.push(`${t} ${row?.["d"]}`)
  }
  return found.join("\n")
}

const command = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  spawn(process.execPath, [join(ROOT, "bin", "jackfield.mjs"), ...args], { cwd: "/", env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: "ignore" })

/** Waits until no session of a killed command is left; its open transactions are rolled back by then. */
async function settled(name: string): Promise<void> {
  for (let wait = 0; wait < 500; wait++) {
    const open = await database.query("select from pg_stat_activity where datname = $1 and application_name like 'jackfield%'", [name])
    if (open.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error("a session of a killed command stayed")
}

test(`a restore that is killed ${KILLS} times leaves either the old data or the restored data, never a mixture`, async () => {
  await filled("source", 6)
  const file = join(folder, "backup")
  expect(await jackfield(["backup", file], { env: envOf("source") })).toMatchObject({ code: 0 })
  const fresh = await state("source")
  let target = "target_0"
  await filled(target, 3)
  let old = await state(target)
  let within = 0
  let done = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = command(["restore", file, "--replace"], envOf(target))
    const exited = new Promise<NodeJS.Signals | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)))
    const busy = async () => (await database.query("select from pg_stat_activity where datname = $1 and backend_xid is not null", [target])).length > 0
    for (let wait = 0; wait < 600 && child.exitCode === null && !(await busy()); wait++) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500))
    child.kill("SIGKILL")
    if ((await exited) === "SIGKILL") within++
    await settled(target)
    const now = await state(target)
    expect([old, fresh].includes(now), now).toBe(true)
    if (now !== fresh) continue
    done++
    target = `target_${done}`
    await filled(target, 3)
    old = await state(target)
  }
  expect(await jackfield(["restore", file, "--replace"], { env: envOf(target) })).toMatchObject({ code: 0 })
  expect(await state(target)).toBe(fresh)
  expect(await jackfield(["vault", "prove"], { env: envOf(target) })).toMatchObject({ code: 0 })
  console.log(`killed ${within} times within a restore, ${done} restores were done all the same; then restored, and every secret opens`)
  expect(within - done).toBeGreaterThan(KILLS / 2)
})

test("a backup that is killed leaves no file that looks like one", async () => {
  for (let kill = 0; kill < 5; kill++) {
    const file = join(folder, `killed-${kill}`)
    const child = command(["backup", file], envOf("source"))
    const exited = new Promise((resolve) => child.once("exit", resolve))
    for (let wait = 0; wait < 600 && child.exitCode === null && !existsSync(`${file}.part`); wait++) await new Promise((resolve) => setTimeout(resolve, 2))
    child.kill("SIGKILL")
    await exited
    if (existsSync(file)) await checkBackup(file)
    // The same command again is not hindered by what the killed one left.
    else expect(await jackfield(["backup", file], { env: envOf("source") })).toMatchObject({ code: 0 })
    await checkBackup(file)
  }
})
