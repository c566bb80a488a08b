import { createHash, randomUUID } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { backUp, NOT_IN_BACKUPS } from "../../src/store/backup.ts"
import { MAGIC } from "../../src/store/backup-file.ts"
import { type Owner, openOwner } from "../../src/store/owner.ts"
import { checkBackup, restoreBackup } from "../../src/store/restore.ts"
import { OURS } from "../../src/store/schema-version.ts"
import { openStore } from "../../src/store/store.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { use } from "../support/use.ts"
import { keepLog, ROWS, seedWorkspace } from "./seed.ts"

let folder: string
const owners: Owner[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-test-backup-"))
})
const database = use(() => startTestDatabase())
beforeAll(async () => {
  // An owner that is no superuser: row-level security binds it too.
  await database.query("create role owner login createrole password 'pw'")
})
afterAll(async () => {
  for (const owner of owners) await owner.close()
  rmSync(folder, { recursive: true })
})

const url = (name: string) => `postgres://owner:pw@127.0.0.1:${database.port}/${name}`
const open = (name: string) => openStore({ dataDir: "unused", databaseUrl: url(name), log: keepLog() })

/** An empty database with its owner's connection. */
async function fresh(): Promise<{ name: string; owner: Owner }> {
  const name = `hub_${randomUUID().slice(0, 8)}`
  await database.query(`create database ${name} owner owner`)
  const owner = await openOwner({ dataDir: "unused", databaseUrl: url(name), log: keepLog() })
  owners.push(owner)
  return { name, owner }
}

/** A hub's database with rows in every table; no hub runs on it. */
async function seeded(): Promise<{ name: string; owner: Owner }> {
  const made = await fresh()
  const store = await open(made.name)
  const first = await seedWorkspace(store)
  await seedWorkspace(store)
  await store.asHub(async (tx) => {
    await tx.insertInto("egress_rules").values({ id: randomUUID(), cidr: "10.0.0.0/8" }).execute()
    await tx.insertInto("sessions").values({ id: randomUUID(), user_id: first.userId, expires_at: new Date() }).execute()
    await tx.insertInto("settings").values({ key: "kept", value: '{"a":[1,"zwei\\n"]}' }).execute()
    await tx.insertInto("settings").values({ key: "node/x", value: '{"at":1}' }).execute()
  })
  await store.close()
  return made
}

const write = async (owner: Owner, name = randomUUID()) => {
  const file = join(folder, name)
  const done = await backUp(owner.connection, { file, keys: async () => [], signal: new AbortController().signal })
  return { file, done }
}

/** Rows and a digest of the content of every table, and every sequence's next value, as the catalog has them. */
async function content(name: string): Promise<Record<string, unknown>> {
  const tables = await database.query(
    "select c.relname::text as t from pg_class c where c.relnamespace = 'jackfield'::regnamespace and c.relkind in ('r', 'p') order by 1",
    [],
    name,
  )
  const found: Record<string, unknown> = {}
  for (const { t } of tables) {
    if (NOT_IN_BACKUPS.includes(String(t))) continue
    const where = t === "settings" ? "where key not like 'node/%'" : ""
    const [row] = await database.query(
      `select count(*)::int as rows, md5(coalesce(string_agg(x::text, '|' order by x::text), '')) as digest from jackfield."${t}" x ${where}`,
      [],
      name,
    )
    found[String(t)] = row
  }
  for (const { s } of await database.query(
    "select relname::text as s from pg_class where relnamespace = 'jackfield'::regnamespace and relkind = 'S' order by 1",
    [],
    name,
  ))
    found[`sequence ${s}`] = (await database.query(`select last_value::text as last, is_called from jackfield."${s}"`, [], name))[0]
  return found
}

/** Everything about the schema that a restored one must have again. */
const schema = (name: string) =>
  database.query(
    `select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) as what from pg_constraint where connamespace = 'jackfield'::regnamespace
     union all select 'index ' || pg_get_indexdef(indexrelid) from pg_index where indrelid in (select oid from pg_class where relnamespace = 'jackfield'::regnamespace)
     union all select 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') from pg_policies where schemaname = 'jackfield'
     union all select 'trigger ' || tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal
     union all select 'security ' || relname || ' ' || relrowsecurity::text || relforcerowsecurity::text from pg_class where relnamespace = 'jackfield'::regnamespace and relkind = 'r'
     union all select 'routine ' || oid::regprocedure from pg_proc where pronamespace = 'jackfield'::regnamespace
     union all select 'migration ' || name from jackfield.kysely_migration order by 1`,
    [],
    name,
  )

describe("a backup", () => {
  test("has every table of the schema, each with every row, but for what is the database's own", async () => {
    const { name, owner } = await seeded()
    const { file, done } = await write(owner)
    const tables = await database.query(
      "select relname::text as t from pg_class where relnamespace = 'jackfield'::regnamespace and relkind in ('r', 'p') order by 1",
      [],
      name,
    )
    expect([...done.tables.map((table) => table.name), ...NOT_IN_BACKUPS].sort()).toEqual(tables.map((row) => row["t"]).sort())
    const there = await content(name)
    for (const { name: table, rows } of done.tables) expect(there[table], table).toMatchObject({ rows })
    for (const table of [...Object.keys(ROWS), "users", "sessions", "egress_rules", "settings"]) expect(there[table], table).not.toMatchObject({ rows: 0 })
    const checked = await checkBackup(file)
    expect(checked.rows).toBe(done.tables.reduce((sum, table) => sum + table.rows, 0))
    const bytes = readFileSync(file, "latin1")
    const [login] = await database.query("select value->>'password' as password from jackfield.owner_settings", [], name)
    expect(bytes).not.toContain(login?.["password"])
    expect(bytes).not.toContain("node/x")
  })

  test("is of one moment, however much is written meanwhile", async () => {
    const { name, owner } = await seeded()
    const store = await open(name)
    await database.query("insert into jackfield.settings select 'ballast/' || n, to_jsonb(repeat(md5(n::text), 100)) from generate_series(1, 3000) n", [], name)
    const state = { stop: false, made: 0 }
    const writing = Promise.all(
      [1, 2, 3].map(async () => {
        for (; !state.stop; state.made++) await seedWorkspace(store)
      }),
    )
    const files: string[] = []
    for (let round = 0; round < 4; round++) files.push((await write(owner)).file)
    state.stop = true
    await writing
    await store.close()
    expect(state.made).toBeGreaterThan(4)
    for (const file of files) {
      const rows = new Map((await checkBackup(file)).tables.map((table) => [table.name, table.rows]))
      // Every transaction of the writers makes one of each; the first table is read long before the last.
      const workspaces = rows.get("workspaces")
      for (const table of ["api_keys", "connectors", "memberships", "connector_secrets", "catalogs"]) expect(rows.get(table), table).toBe(workspaces)
    }
  })

  test("never writes over a file, and leaves nothing of one that failed", async () => {
    const { owner } = await fresh()
    const file = join(folder, "there")
    writeFileSync(file, "mine")
    const asked = { file, keys: async () => [], signal: new AbortController().signal }
    await expect(backUp(owner.connection, asked)).rejects.toMatchObject({ code: "name_taken" })
    expect(readFileSync(file, "utf8")).toBe("mine")
    await expect(backUp(owner.connection, { ...asked, file: join(folder, "none") })).rejects.toMatchObject({ code: "not_found" })
    await expect(backUp(owner.connection, { ...asked, file: join(folder, "no", "folder") })).rejects.toMatchObject({ code: "backup_invalid" })
  })
})

describe("restoring", () => {
  test("brings everything back into an empty database: rows, sequences, constraints, triggers, security; and a hub works on it", async () => {
    const from = await seeded()
    const { file } = await write(from.owner)
    const to = await fresh()
    await restoreBackup(to.owner, file, await checkBackup(file), false)
    expect(await content(to.name)).toEqual(await content(from.name))
    expect(await schema(to.name)).toEqual(await schema(from.name))
    const store = await open(to.name)
    expect(store.migrated).toEqual([])
    const at = await seedWorkspace(store)
    expect(await store.inWorkspace(at.workspaceId, (tx) => tx.selectFrom("workspaces").select("serial").execute())).toEqual([{ serial: 3 }])
    await store.close()
  })

  test("replaces what is there when told so, and only then; its login stays", async () => {
    const [from, to] = [await seeded(), await seeded()]
    const { file } = await write(from.owner)
    const before = await content(to.name)
    const login = () => database.query("select value from jackfield.owner_settings", [], to.name)
    const loginBefore = await login()
    await expect(restoreBackup(to.owner, file, await checkBackup(file), false)).rejects.toMatchObject({ code: "name_taken" })
    expect(await content(to.name)).toEqual(before)
    await restoreBackup(to.owner, file, await checkBackup(file), true)
    expect(await content(to.name)).toEqual(await content(from.name))
    expect(await login()).toEqual(loginBefore)
  })

  test("refuses while a hub runs", async () => {
    const [from, to] = [await seeded(), await fresh()]
    const { file } = await write(from.owner)
    const running = await open(to.name)
    await expect(restoreBackup(to.owner, file, await checkBackup(file), true)).rejects.toMatchObject({ code: "in_use" })
    await running.close()
  })

  test("leaves everything as it was when the rows do not fit", async () => {
    const [from, to] = [await seeded(), await seeded()]
    const { file } = await write(from.owner)
    const checked = await checkBackup(file)
    const before = await content(to.name)
    const lies = checked.tables.map((table) => (table.name === "users" ? { ...table, rows: table.rows + 1 } : table))
    await expect(restoreBackup(to.owner, file, { ...checked, tables: lies }, true)).rejects.toMatchObject({ code: "backup_invalid" })
    expect(await content(to.name)).toEqual(before)
  })
})

describe("a file that is not whole is told before anything is touched:", () => {
  test("cut off anywhere, any byte changed, more at its end, or none of ours", async () => {
    const { owner } = await seeded()
    const { file } = await write(owner)
    const whole = readFileSync(file)
    const broken = join(folder, "broken")
    const refused = async (bytes: Buffer, what: string) => {
      writeFileSync(broken, bytes)
      await expect(checkBackup(broken), what).rejects.toMatchObject({ code: "backup_invalid" })
    }
    for (let step = 0; step < 60; step++) {
      const at = Math.floor((step / 60) * whole.length)
      await refused(whole.subarray(0, at), `cut at ${at}`)
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      await refused(changed, `changed at ${at}`)
    }
    await refused(whole.subarray(0, -1), "without its last byte")
    await refused(Buffer.concat([whole, Buffer.from("x")]), "with a byte more")
    await refused(Buffer.from("PGDMP"), "another format")
    await expect(checkBackup(join(folder, "absent"))).rejects.toMatchObject({ code: "backup_invalid" })
  })

  /** A file of those frames, with every length and checksum right. */
  function forged(frames: readonly (readonly [type: string, payload: unknown])[]): string {
    const parts: Buffer[] = [Buffer.from(MAGIC)]
    const frame = (type: string, payload: unknown): void => {
      const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload) ?? "")
      const head = Buffer.alloc(5)
      head.write(type, 0, "latin1")
      head.writeUInt32BE(bytes.length, 1)
      parts.push(head, bytes)
    }
    for (const [type, payload] of frames) frame(type, payload)
    frame("Z", { sha256: createHash("sha256").update(Buffer.concat(parts)).digest("hex") })
    const file = join(folder, randomUUID())
    writeFileSync(file, Buffer.concat(parts))
    return file
  }
  const rows = (name: string, bytes: Buffer, count = 1): [string, unknown][] => [
    ["T", { name }],
    ["D", bytes],
    ["E", { name, rows: count, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }],
  ]
  const header = { createdAt: "2027-01-01T00:00:00Z", server: "17", migrations: OURS, tables: [{ name: "users", columns: ["id"] }], sequences: [], keys: [] }
  const empty = Buffer.from("x")

  test("whole by its checksums, but nothing that a hub wrote", async () => {
    const users = rows("users", empty)
    const one = (changes: object): [string, unknown][] => [["H", { ...header, ...changes }], ...users]
    const wrong: Record<string, [string, unknown][]> = {
      "no frame": [],
      "no header": users,
      "two headers": [["H", header], ["H", header], ...users],
      "a header that is null": [["H", null], ...users],
      "migrations that are text": one({ migrations: "0001-first" }),
      "tables that are none": one({ tables: { length: 1 } }),
      "a table of another schema": one({ tables: [{ name: 'users" cascade; --', columns: ["id"] }] }),
      "a table twice": [["H", { ...header, tables: [...header.tables, ...header.tables] }], ...users, ...users],
      "the database's own login": [["H", { ...header, tables: [{ name: "owner_settings", columns: ["key", "value"] }] }], ...rows("owner_settings", empty)],
      "the migrator's own table": [["H", { ...header, tables: [{ name: "kysely_migration", columns: ["name"] }] }], ...rows("kysely_migration", empty)],
      "a column that is SQL": one({ tables: [{ name: "users", columns: ["id) from program 'id'"] }] }),
      "a sequence that is SQL": one({ sequences: [{ name: "x'; drop", last: "1", called: true }] }),
      "a sequence without end": one({ sequences: [{ name: "audit", last: "9".repeat(30), called: true }] }),
      "keys that are none": one({ keys: null }),
      "a key without a context": one({ keys: [{ keyId: "x", wrapped: "y" }] }),
      "a table that it does not name": [["H", header], ...rows("sessions", empty)],
      "a table begun twice": [["H", header], ["T", { name: "users" }], ...users],
      "rows outside of a table": [["H", header], ["D", empty], ...users],
      "a table that ends as another": [
        ["H", header],
        users[0] as [string, unknown],
        users[1] as [string, unknown],
        rows("sessions", empty)[2] as [string, unknown],
      ],
      "a table too few": [["H", header]],
      "a table's end that is null": [
        ["H", header],
        ["T", { name: "users" }],
        ["E", null],
      ],
      "a table without a name": [["H", header], ["T", null], ...users.slice(1)],
      "a frame of another kind": [["H", header], ["X", {}], ...users],
    }
    for (const [what, frames] of Object.entries(wrong)) await expect(checkBackup(forged(frames)), what).rejects.toMatchObject({ code: "backup_invalid" })
    await expect(checkBackup(forged(one({})))).resolves.toMatchObject({ rows: 1 })
  })

  test("whole, but with rows that no database takes; what was there stays", async () => {
    const to = await seeded()
    const before = await content(to.name)
    for (const [what, table, bytes] of [
      ["a little that is no COPY", header.tables[0], empty],
      ["much that is no COPY", header.tables[0], Buffer.alloc(8 * 1_048_576, "no COPY")],
      [
        "a COPY that breaks off",
        header.tables[0],
        Buffer.concat([Buffer.from("PGCOPY\n\u00ff\r\n\0", "latin1"), Buffer.alloc(8), Buffer.from([0, 1, 0, 0, 0, 16])]),
      ],
      ["a table that there is not", { name: "nothing", columns: ["id"] }, empty],
      ["a column that there is not", { name: "users", columns: ["nothing"] }, empty],
    ] as const) {
      const file = forged([["H", { ...header, tables: [table] }], ...rows(table?.name ?? "", bytes)])
      await expect(restoreBackup(to.owner, file, await checkBackup(file), true), what).rejects.toMatchObject({ code: "backup_invalid" })
      expect(await content(to.name), what).toEqual(before)
    }
  }, 60_000)

  test("one of a newer version", async () => {
    const { name, owner } = await seeded()
    await database.query("insert into jackfield.kysely_migration values ('9999-later', now()::text)", [], name)
    await expect(write(owner)).rejects.toMatchObject({ message: expect.stringContaining("9999-later") })
  })
})
