import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { allWorkspaces, findApiKey, findSession, findUser, membershipsOf, someDataKeys, touchApiKey } from "../../src/store/lookups.ts"
import { openStore, type Store, uniqueViolation } from "../../src/store/store.ts"
import { hashToken } from "../../src/vault/tokens.ts"
import { use } from "../support/use.ts"
import { startOwnedDatabase } from "./owned-database.ts"
import { keepLog, ROWS, type Seeded, seedWorkspace } from "./seed.ts"

let databaseUrl: string
let store: Store
let a: Seeded
let b: Seeded

const database = use(() => startOwnedDatabase())
beforeAll(async () => {
  databaseUrl = database.ownerUrl
  store = await openStore({ dataDir: "unused", databaseUrl, log: keepLog() })
  a = await seedWorkspace(store)
  b = await seedWorkspace(store)
})
afterAll(async () => {
  await store.close()
})

/** As the superuser, in the hub's database. */
const inspect = (statement: string) => database.query(statement, [], "hub")

/** Every table with a workspace's rows, from the catalog, so that a new one cannot be forgotten. */
const scopedTables = async () =>
  (
    await inspect(
      `select table_name as name, column_name as own from information_schema.columns
       where table_schema = 'jackfield' and (column_name = 'workspace_id' or (table_name = 'workspaces' and column_name = 'id')) order by 1`,
    )
  ).map((row) => ({ name: String(row["name"]), own: String(row["own"]) }))

describe("row-level security", () => {
  test("is enabled and forced, with a policy, on every table that holds a workspace's rows", async () => {
    const facts = await inspect(
      `select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
         (select count(*)::int from pg_policies p where p.schemaname = 'jackfield' and p.tablename = c.relname and 'public' = any (p.roles)) as policies
       from pg_class c where c.relnamespace = 'jackfield'::regnamespace and c.relkind in ('r', 'p')`,
    )
    const tables = await scopedTables()
    expect(tables.length).toBeGreaterThanOrEqual(8)
    for (const { name } of tables) {
      expect(facts.find((fact) => fact["name"] === name)).toEqual({ name, forced: true, policies: 1 })
    }
  })

  test("every such table has a row in the seed", async () => {
    expect(Object.keys(ROWS).sort()).toEqual((await scopedTables()).map(({ name }) => name).sort())
  })

  test("a transaction of one workspace sees its own rows alone, and without one none", async () => {
    for (const { name, own } of await scopedTables()) {
      const ids = sql<{ id: string }>`select distinct ${sql.ref(own)}::text as id from ${sql.table(name)}`
      expect((await store.inWorkspace(a.workspaceId, (tx) => ids.execute(tx))).rows, name).toEqual([{ id: a.workspaceId }])
      expect((await store.inWorkspace(b.workspaceId, (tx) => ids.execute(tx))).rows, name).toEqual([{ id: b.workspaceId }])
      expect((await store.asHub((tx) => ids.execute(tx))).rows, name).toEqual([])
    }
  })

  test("a transaction of one workspace writes nothing into another, by insert, update or delete", async () => {
    for (const [name, insert] of Object.entries(ROWS)) {
      const theirs = {
        ...b,
        connectorId: randomUUID(),
        dataKeyId: randomUUID(),
        uploadId: randomUUID(),
        workspaceId: name === "workspaces" ? randomUUID() : b.workspaceId,
      }
      await expect(
        store.inWorkspace(a.workspaceId, (tx) => insert(tx, theirs)),
        name,
      ).rejects.toThrow(/row-level security|permission denied/)
    }
    for (const { name, own } of await scopedTables()) {
      const change = sql`update ${sql.table(name)} set ${sql.ref(own)} = ${sql.ref(own)} where ${sql.ref(own)} = ${b.workspaceId}`
      const steal = sql`update ${sql.table(name)} set ${sql.ref(own)} = ${b.workspaceId}`
      const remove = sql`delete from ${sql.table(name)} where ${sql.ref(own)} = ${b.workspaceId}`
      for (const statement of [change, steal, remove]) {
        const outcome = await store
          .inWorkspace(a.workspaceId, (tx) => statement.execute(tx))
          .then(
            (result) => Number(result.numAffectedRows ?? 0n),
            (error: Error) => error.message,
          )
        expect([0, expect.stringMatching(/row-level security|permission denied/)], name).toContainEqual(outcome)
      }
    }
    expect(await inspect("select count(*)::int as n from jackfield.connectors")).toEqual([{ n: 2 }])
  })

  test("a secret cannot be hung on another workspace's connector", async () => {
    const row = { workspace_id: a.workspaceId, connector_id: b.connectorId, pointer: "/x", ciphertext: "x", fingerprint: "f", data_key_id: a.dataKeyId }
    await expect(store.inWorkspace(a.workspaceId, (tx) => tx.insertInto("connector_secrets").values(row).execute())).rejects.toThrow(/foreign key/)
  })

  test("the workspace ends with its transaction, also when that fails", async () => {
    const one = await openStore({ dataDir: "unused", databaseUrl, log: keepLog(), connections: 1 })
    await expect(one.inWorkspace(a.workspaceId, (tx) => sql`select 1 / 0`.execute(tx))).rejects.toThrow(/division by zero/)
    const setting = await one.asHub((tx) => sql<{ now: string }>`select current_setting('app.workspace', true) as now`.execute(tx))
    expect(setting.rows).toEqual([{ now: "" }])
    await one.close()
  })

  test("concurrent transactions of two workspaces on shared connections do not mix", async () => {
    const seen = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const at = index % 2 ? a : b
        return store.inWorkspace(at.workspaceId, async (tx) => {
          await sql`select pg_sleep(0.005)`.execute(tx)
          const rows = await tx.selectFrom("connectors").select("workspace_id").execute()
          return rows.length === 1 && rows[0]?.workspace_id === at.workspaceId
        })
      }),
    )
    expect(seen.every(Boolean)).toBe(true)
  })

  test("an id that is not a UUID never reaches a statement", async () => {
    for (const id of ["", "x", `${a.workspaceId}'; select 1; --`, `${a.workspaceId}\n`]) {
      await expect(async () => await store.inWorkspace(id, (tx) => tx.selectFrom("connectors").selectAll().execute())).rejects.toMatchObject({
        code: "internal",
      })
    }
  })
})

describe("the hub's login", () => {
  test("is no superuser, owns nothing, makes nothing, and cannot become another role", async () => {
    const facts = await store.asHub((tx) =>
      sql`select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as strong,
            exists (select from pg_class where relowner = r.oid) or exists (select from pg_proc where proowner = r.oid)
              or exists (select from pg_namespace where nspowner = r.oid) as owns,
            has_schema_privilege(current_user, 'jackfield', 'create') as makes,
            (select count(*)::int from pg_roles o where o.oid <> r.oid and pg_has_role(current_user, o.oid, 'member')) as others,
            current_setting('search_path') as path
          from pg_roles r where rolname = current_user`.execute(tx),
    )
    expect(facts.rows).toEqual([{ strong: false, owns: false, makes: false, others: 0, path: "jackfield" }])
  })

  test.each([
    "set row_security = off; select * from connectors",
    "alter table connectors disable row level security",
    "select * from owner_settings",
    "select * from kysely_migration",
    "create table mine (id int)",
    "set role hub",
    "truncate connectors",
  ])("is refused: %s", async (statement) => {
    await expect(store.inWorkspace(a.workspaceId, (tx) => sql.raw(statement).execute(tx))).rejects.toThrow(/permission denied|must be owner|row-level security/)
  })

  test("a login that was given more rights is refused at the next start", async () => {
    const [role] = await inspect("select value->>'name' as name from jackfield.owner_settings where key = 'app_role'")
    await inspect(`alter role ${role?.["name"]} bypassrls`)
    await expect(openStore({ dataDir: "unused", databaseUrl, log: keepLog() })).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("more rights"),
    })
    await inspect(`alter role ${role?.["name"]} nobypassrls`)
  })
})

describe("look-ups before the workspace is known", () => {
  test("an API key is found by its hash, with its workspace, and touched at most once a minute", async () => {
    const hash = hashToken("jf_key")
    const id = randomUUID()
    const values = { id, workspace_id: b.workspaceId, name: "ci", prefix: "jf_k", hash, role: "admin" as const }
    await store.inWorkspace(b.workspaceId, (tx) => tx.insertInto("api_keys").values(values).execute())
    const found = await store.asHub((tx) => findApiKey(tx, hash))
    expect(found).toMatchObject({ id, workspace_id: b.workspaceId, role: "admin", operator: false, last_used_at: null })
    await store.asHub((tx) => touchApiKey(tx, id))
    const first = (await store.asHub((tx) => findApiKey(tx, hash)))?.last_used_at
    await store.asHub((tx) => touchApiKey(tx, id))
    expect(first).toBeInstanceOf(Date)
    expect((await store.asHub((tx) => findApiKey(tx, hash)))?.last_used_at).toEqual(first)
    expect(await store.asHub((tx) => findApiKey(tx, hashToken("jf_other")))).toBeUndefined()
  })

  test("users, sessions, memberships, workspaces and data keys", async () => {
    const id = randomUUID()
    await store.asHub((tx) =>
      tx
        .insertInto("sessions")
        .values({ id, user_id: a.userId, expires_at: new Date(Date.now() + 60_000) })
        .execute(),
    )
    expect(await store.asHub((tx) => findSession(tx, id))).toMatchObject({ user_id: a.userId, revoked_at: null })
    expect(await store.asHub((tx) => findUser(tx, `${a.userId}@EXAMPLE.test`))).toMatchObject({ id: a.userId })
    expect(await store.asHub((tx) => membershipsOf(tx, a.userId))).toMatchObject([{ workspace_id: a.workspaceId, role: "admin", operator: true }])
    expect(await store.asHub((tx) => membershipsOf(tx, b.userId))).toMatchObject([{ workspace_id: b.workspaceId, operator: false }])
    expect((await store.asHub(allWorkspaces)).map((workspace) => workspace.id)).toEqual([a.workspaceId, b.workspaceId])
    expect(await store.asHub((tx) => someDataKeys(tx, 1))).toHaveLength(1)
  })
})

test("a repeated unique value is told by its constraint", async () => {
  const error = await store
    .inWorkspace(a.workspaceId, (tx) => ROWS["connectors"]?.(tx, { ...a, connectorId: randomUUID() }) ?? Promise.resolve())
    .catch((e: unknown) => e)
  expect(uniqueViolation(error)).toMatch(/^connectors_workspace_id_(serial|name)_key$/)
  expect(uniqueViolation(new Error("x"))).toBeUndefined()
})

test("deleting a workspace takes all of its rows and none of another's", async () => {
  const c = await seedWorkspace(store)
  await store.inWorkspace(c.workspaceId, (tx) => tx.deleteFrom("workspaces").execute())
  for (const { name, own } of await scopedTables()) {
    const left = await inspect(`select count(*)::int as n from jackfield.${name} where ${own} = '${c.workspaceId}'`)
    expect(left, name).toEqual([{ n: 0 }])
  }
  expect(await store.inWorkspace(b.workspaceId, (tx) => tx.selectFrom("connectors").select("id").execute())).toHaveLength(1)
})
