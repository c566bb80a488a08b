import { randomUUID } from "node:crypto"
import { readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Kysely, PostgresDialect } from "kysely"
import { Migrator } from "kysely/migration"
import pg from "pg"
import { describe, expect, test } from "vitest"
import { backUp } from "../../src/store/backup.ts"
import { migrations } from "../../src/store/migrations/index.ts"
import { openOwner } from "../../src/store/owner.ts"
import { checkBackup, restoreBackup } from "../../src/store/restore.ts"
import { openStore } from "../../src/store/store.ts"
import { keyChecks } from "../../src/vault/key-checks.ts"
import { LocalKeys } from "../../src/vault/local-keys.ts"
import { proveVault } from "../../src/vault/proof.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"
import { keepLog } from "./seed.ts"

/** The last migration of every released version, with what a hub of that version had stored (`released/<migration>.sql`). A release adds a line and a file. */
const RELEASED: readonly (readonly [version: string, migration: string])[] = [["0.1.0", "0003-recent-calls"]]

/** Columns that a later migration took away, and where their values are now. */
const MOVED: Readonly<Record<string, string>> = { "catalogs.skipped": "catalog_skipped", "connectors.dialect": "connectors.compat" }

const MASTER = Buffer.alloc(32, 3)
const database = use(() => startTestDatabase())

const urlOf = (name: string) => database.url.replace(/postgres$/, name)

/** A database as a released version left it, with the rows of that file in `released/`. */
async function released(name: string, migration: string, file = migration): Promise<void> {
  await database.query(`create database ${name}`)
  await database.query("create schema jackfield", [], name)
  await migrateTo(name, migration)
  await database.query(readFileSync(join(import.meta.dirname, "released", `${file}.sql`), "utf8"), [], name)
}

async function migrateTo(name: string, migration: string): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: urlOf(name), max: 1 }) }) })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) }, migrationTableSchema: "jackfield" })
  const { error } = await migrator.migrateTo(migration)
  await db.destroy()
  if (error !== undefined) throw error
}

/** Every row of the tables that a released version had, as JSON of the columns that it had. */
async function rows(name: string, columns: ReadonlyMap<string, readonly string[]>): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const [table, names] of columns) {
    const list = names.map((each) => `"${each}"`).join(", ")
    found[table] = await database.query(`select ${list} from jackfield.${table} order by ${names.map((_, index) => index + 1).join(", ")}`, [], name)
  }
  return found
}

async function columnsOf(name: string): Promise<Map<string, string[]>> {
  const found = await database.query(
    `select table_name as t, array_agg(column_name::text order by ordinal_position) as c from information_schema.columns
     where table_schema = 'jackfield' and table_name not like 'kysely%' group by 1 order by 1`,
    [],
    name,
  )
  return new Map(found.map((row) => [String(row["t"]), row["c"] as string[]]))
}

/** Every row is there with every column, but for those that moved. */
async function keptAll(name: string, columns: ReadonlyMap<string, readonly string[]>, before: Record<string, unknown>): Promise<void> {
  const now = await columnsOf(name)
  const gone = [...columns].flatMap(([table, names]) => names.filter((each) => !now.get(table)?.includes(each)).map((each) => `${table}.${each}`))
  expect(gone.filter((each) => MOVED[each] === undefined)).toEqual([])
  const still = new Map([...columns].map(([table, names]) => [table, names.filter((each) => !gone.includes(`${table}.${each}`))]))
  const after = await rows(name, still)
  for (const [table, names] of still) {
    const was = (before[table] as Record<string, unknown>[]).map((row) => Object.fromEntries(names.map((each) => [each, row[each]])))
    expect(after[table], table).toEqual(was)
  }
}

describe.each(RELEASED)("a database of %s", (version, migration) => {
  const name = `of_${version.replaceAll(".", "_")}`

  test("had something in every table, or the test would prove nothing", async () => {
    await released(name, migration)
    for (const table of (await columnsOf(name)).keys()) expect((await database.query(`select from jackfield.${table} limit 1`, [], name)).length, table).toBe(1)
  })

  test("is backed up as it is, and restored into the newest schema with every row", { timeout: 60_000 }, async () => {
    const columns = await columnsOf(name)
    const before = await rows(name, columns)
    const file = join(tmpdir(), `jackfield-test-${randomUUID()}`)
    const from = await openOwner({ dataDir: "unused", databaseUrl: urlOf(name), log: keepLog() })
    await backUp(from.connection, { file, keys: keyChecks, signal: new AbortController().signal })
    await from.close()
    await database.query(`create database ${name}_restored`)
    const to = await openOwner({ dataDir: "unused", databaseUrl: urlOf(`${name}_restored`), log: keepLog() })
    const checked = await checkBackup(file)
    expect(checked.header.migrations.at(-1)).toBe(migration)
    await restoreBackup(to, file, checked, false)
    await keptAll(`${name}_restored`, columns, before)
    expect(await proveVault(to.db, new LocalKeys(MASTER), new AbortController().signal)).toMatchObject({ ok: true, values: 3, dataKeys: 2, hubKeys: 1 })
    await to.close()
    rmSync(file)
    const store = await openStore({ dataDir: "unused", databaseUrl: urlOf(`${name}_restored`), log: keepLog() })
    expect(store.migrated).toEqual([])
    await store.close()
  })

  test("goes up to the newest schema with every row, and everything in it is usable", { timeout: 60_000 }, async () => {
    const columns = await columnsOf(name)
    const before = await rows(name, columns)
    const newest = Object.keys(migrations).sort()
    const store = await openStore({ dataDir: "unused", databaseUrl: urlOf(name), log: keepLog() })
    expect(store.migrated).toEqual(newest.slice(newest.indexOf(migration) + 1))
    await store.close()
    await keptAll(name, columns, before)

    const owner = await openOwner({ dataDir: "unused", databaseUrl: urlOf(name), log: keepLog() })
    expect(await proveVault(owner.db, new LocalKeys(MASTER), new AbortController().signal)).toMatchObject({ ok: true, values: 3, dataKeys: 2, hubKeys: 1 })
    await owner.close()
    const hub = await startHub({ DATABASE_URL: urlOf(name), JACKFIELD_MASTER_KEY: MASTER.toString("base64") })
    const key = "the-first-key-of-release-0.1.0"
    try {
      expect((await hub.call("GET", "/v1/me", undefined, { key })).body).toMatchObject({ role: "admin", operator: true })
      expect((await hub.call("POST", "/v1/sessions", { email: "ann@example.test", password: "a password of 0.1.0" }, { key: null })).status).toBe(201)
      expect((await hub.call("GET", "/v1/connectors", undefined, { key })).body).toMatchObject({ total: 3 })
      expect((await hub.call("POST", "/v1/connectors/crm/call", { input: {}, dryRun: true }, { key })).status).toBe(200)
      expect((await hub.call("GET", "/v1/connectors/orders/catalog", undefined, { key })).body).toMatchObject({
        version: 1,
        complete: false,
        counts: { streams: 1, skipped: 1 },
        skipped: [{ path: ["public", "closed"], reason: "no right to read it" }],
      })
      const changed = await hub.call("PATCH", "/v1/connectors/orders", { title: "Orders, newer" }, { key })
      expect(changed).toMatchObject({ status: 200, body: { title: "Orders, newer", config: { password: { set: true } } } })
      expect((await hub.call("POST", "/v1/connectors", { name: "newer", type: "http", config: { url: "https://example.com/" } }, { key })).status).toBe(201)
      expect((await hub.call("DELETE", "/v1/connectors/draft", undefined, { key })).status).toBe(204)
      expect((await hub.call("POST", "/v1/workspaces", { name: "third" }, { key })).status).toBe(201)
    } finally {
      await hub.stop()
    }
  })
})

test("a connector that 0.1.0 made through a compatible API is shown there as before, also after a restore of its first version", {
  timeout: 60_000,
}, async () => {
  const file = "0003-recent-calls-compat"
  const before = JSON.parse(readFileSync(join(import.meta.dirname, "released", `${file}.json`), "utf8")) as { path: string; answer: unknown }[]
  expect(before).toHaveLength(10)
  await released("through_apis", "0003-recent-calls", file)
  // The versions are of 0005: since then a hub has written their changes too.
  await migrateTo("through_apis", "0011-people")
  const changes = [
    { pointer: "/title", change: "changed", before: "a", after: "kaireon string" },
    { pointer: "/dialect", change: "changed", before: null, after: "kaireon" },
    { pointer: "/document", change: "changed" },
  ]
  await database.query(
    "update jackfield.connector_versions set changes = $1 where connector_id = (select id from jackfield.connectors where name = 'kaireon-string')",
    [JSON.stringify(changes)],
    "through_apis",
  )
  const key = "the-first-key-of-release-0.1.0"
  const hub = await startHub({ DATABASE_URL: urlOf("through_apis"), JACKFIELD_MASTER_KEY: MASTER.toString("base64") })
  const call = (method: string, path: string) => hub.call(method, path, undefined, { key, headers: { "x-apikey": key } })
  try {
    for (const { path, answer } of before) expect((await call("GET", path)).body, path).toMatchObject(answer as object)
    const versions = await call("GET", "/v1/connectors/kaireon-string/versions")
    expect(versions.body.data[0].changes).toEqual(changes.map((each) => (each.pointer === "/dialect" ? { ...each, pointer: "/compat" } : each)))
    for (const { path, answer } of before) {
      const id = await idOf(answer)
      expect((await call("POST", `/v1/connectors/${id}/versions/1/restore`)).status, path).toBe(200)
      expect(settled((await call("GET", path)).body), path).toEqual(settled(answer))
    }
  } finally {
    await hub.stop()
  }

  async function idOf(answer: unknown): Promise<string> {
    const { id, data } = answer as { id?: string | number; data?: { id: string } }
    const [row] = await database.query("select id from jackfield.connectors where $1 in (id::text, serial::text)", [String(data?.id ?? id)], "through_apis")
    return String(row?.["id"])
  }
})

/** An answer without the members that a restore changes, and without the hub's own port. */
const settled = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (name, value: unknown) => (/^(updated_?at|icon)$/i.test(name) ? undefined : value)))

test("a hub that is older than the database refuses, says which version it wants, and changes nothing", async () => {
  await database.query("create database newer")
  await (await openStore({ dataDir: "unused", databaseUrl: urlOf("newer"), log: keepLog() })).close()
  await database.query("insert into jackfield.kysely_migration values ('9999-later', now()::text); create table jackfield.later ()", [], "newer")
  const before = await database.query("select name from jackfield.kysely_migration order by 1", [], "newer")
  await expect(openStore({ dataDir: "unused", databaseUrl: urlOf("newer"), log: keepLog() })).rejects.toMatchObject({
    code: "store_unavailable",
    message: expect.stringMatching(/newer version \(9999-later; this one supports up to \d{4}-[a-z-]+\)/),
  })
  expect(await database.query("select name from jackfield.kysely_migration order by 1", [], "newer")).toEqual(before)
})
