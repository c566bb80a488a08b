import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { genesisOf } from "../../src/core/audit-chain.ts"
import { append, auditBody, hubActor, record } from "../../src/hub/audit/audit.ts"
import { AuditLog } from "../../src/hub/audit/audit-log.ts"
import type { Principal } from "../../src/hub/base/principal.ts"
import { openStore, type Store } from "../../src/store/store.ts"
import { use } from "../support/use.ts"
import { startOwnedDatabase } from "./owned-database.ts"
import { keepLog, type Seeded, seedWorkspace } from "./seed.ts"

let store: Store
let other: Store
let at: Seeded
let by: Principal
let audit: AuditLog
const signal = new AbortController().signal

const database = use(() => startOwnedDatabase())
beforeAll(async () => {
  const databaseUrl = database.ownerUrl
  store = await openStore({ dataDir: "unused", databaseUrl, log: keepLog() })
  other = await openStore({ dataDir: "unused", databaseUrl, log: keepLog() })
  audit = new AuditLog(store)
})
afterAll(async () => {
  await store?.close()
  await other?.close()
})
beforeEach(async () => {
  at = await seedWorkspace(store)
  by = { id: "user:1", kind: "session", name: "ada@example.com", role: "admin", operator: false, workspace: { id: at.workspaceId, serial: 1, name: "w" } }
})

const write = (on: Store, number: number) =>
  on.inWorkspace(at.workspaceId, (tx) => record(tx, by, { action: "thing.change", target: { kind: "thing", id: String(number), name: `n${number}` } }))
const writeSome = async (count: number) => {
  for (let number = 1; number <= count; number++) await write(store, number)
}
/** As the superuser, with the triggers off: what the owner of the database can do. */
const tamper = (statement: string) => database.query(`set session_replication_role = replica; ${statement.replaceAll("$ws", `'${at.workspaceId}'`)}`, [], "hub")

test("200 writers on two pools make one chain without a gap", async () => {
  await Promise.all(Array.from({ length: 200 }, (_, number) => write(number % 2 ? store : other, number)))
  const verdict = await audit.verify(by, signal)
  expect(verdict).toMatchObject({ ok: true, entries: 202 })
  const names = new Set<string>()
  const numbers: number[] = []
  for await (const entry of audit.entries(by, await audit.ends(by), signal)) {
    numbers.push(entry.seq)
    if (entry.target !== null) names.add(entry.target.name)
  }
  expect(numbers).toEqual(Array.from({ length: 202 }, (_, index) => index + 1))
  expect(names.size).toBe(200)
})

test("what is rolled back leaves neither entry nor gap", async () => {
  await write(store, 1)
  await expect(
    store.inWorkspace(at.workspaceId, async (tx) => {
      await record(tx, by, { action: "thing.change" })
      throw new Error("no")
    }),
  ).rejects.toThrow("no")
  await write(store, 2)
  expect(await audit.verify(by, signal)).toMatchObject({ ok: true, entries: 4 })
})

test("chains of two workspaces are apart, and neither passes for the other's", async () => {
  const mine = by
  await writeSome(2)
  const elsewhere = await seedWorkspace(store)
  await tamper(`delete from jackfield.audit_heads where workspace_id = $ws; delete from jackfield.audit_entries where workspace_id = $ws;
    update jackfield.audit_heads set workspace_id = $ws where workspace_id = '${elsewhere.workspaceId}';
    update jackfield.audit_entries set workspace_id = $ws where workspace_id = '${elsewhere.workspaceId}'`)
  expect(await audit.verify(mine, signal)).toMatchObject({ ok: false, broken: { seq: 1, reason: expect.stringContaining("does not name the hash") } })
})

describe("verify finds", () => {
  const last = `(select max(seq) from jackfield.audit_entries where workspace_id = $ws)`
  test.each([
    [
      "a changed body",
      "update jackfield.audit_entries set body = replace(body, 'thing.change', 'thing.chance') where workspace_id = $ws and seq = 4",
      4,
      "changed",
    ],
    ["a changed time", "update jackfield.audit_entries set at = at + interval '1 second' where workspace_id = $ws and seq = 4", 4, "changed"],
    ["another actor to filter by", "update jackfield.audit_entries set actor_id = 'user:2' where workspace_id = $ws and seq = 4", 4, "filed"],
    ["a missing entry", "delete from jackfield.audit_entries where workspace_id = $ws and seq = 4", 4, "missing"],
    ["a missing first entry", "delete from jackfield.audit_entries where workspace_id = $ws and seq = 1", 1, "missing"],
    [
      "a closed gap",
      "delete from jackfield.audit_entries where workspace_id = $ws and seq = 4; update jackfield.audit_entries set seq = seq - 1 where workspace_id = $ws and seq > 4",
      4,
      "does not name the hash",
    ],
    [
      "two that changed places",
      "update jackfield.audit_entries set seq = case seq when 4 then 105 when 5 then 104 end where workspace_id = $ws and seq in (4, 5); update jackfield.audit_entries set seq = seq - 100 where workspace_id = $ws and seq > 100",
      4,
      "does not name the hash",
    ],
    ["a cut tail", `delete from jackfield.audit_entries where workspace_id = $ws and seq = ${last}`, 8, "ends at entry 7"],
    ["a head of another chain", "update jackfield.audit_heads set hash = sha256('x') where workspace_id = $ws", 8, "head"],
  ])("%s", async (_what, statement, seq, reason) => {
    await writeSome(6)
    expect(await audit.verify(by, signal)).toMatchObject({ ok: true, entries: 8 })
    await tamper(statement)
    expect(await audit.verify(by, signal)).toMatchObject({ ok: false, broken: { seq, reason: expect.stringContaining(reason) } })
  })

  test("a tail that was cut off together with its head, by an end that was noted before", async () => {
    await writeSome(6)
    const { head: seen } = await audit.ends(by)
    expect(await audit.verify(by, signal, seen)).toMatchObject({ ok: true })
    const cut = "delete from jackfield.audit_entries where workspace_id = $ws and seq > 5"
    await tamper(
      `${cut}; update jackfield.audit_heads h set seq = 5, hash = (select hash from jackfield.audit_entries where workspace_id = $ws and seq = 5) where workspace_id = $ws`,
    )
    expect(await audit.verify(by, signal)).toMatchObject({ ok: true, entries: 5 })
    expect(await audit.verify(by, signal, seen)).toMatchObject({ ok: false, broken: { seq: 6 } })
    await writeSome(5)
    expect(await audit.verify(by, signal, seen)).toMatchObject({ ok: false, broken: { seq: 8, reason: expect.stringContaining("noted") } })
  })
})

describe("nobody changes what was written:", () => {
  const statements = [
    "update audit_entries set body = body",
    "delete from audit_entries",
    "truncate audit_entries",
    "delete from audit_heads",
    "update audit_heads set seq = 0",
    "update audit_heads set removed_seq = seq",
  ]
  test.each(statements)("the hub's login: %s", async (statement) => {
    const { sql } = await import("kysely")
    await expect(store.inWorkspace(at.workspaceId, (tx) => sql.raw(statement).execute(tx))).rejects.toThrow(/permission denied/)
  })
  test.each(statements)("the owner: %s", async (statement) => {
    await expect(database.query(`set role owner; set search_path = jackfield; ${statement}`, [], "hub")).rejects.toThrow(/append-only/)
  })
  test("nobody inserts past the function, and it appends to the transaction's own workspace alone", async () => {
    const elsewhere = await seedWorkspace(store)
    await expect(store.inWorkspace(at.workspaceId, (tx) => record(tx, hubActor(elsewhere.workspaceId), { action: "a.b" }))).rejects.toThrow(/permission denied/)
    await expect(store.asHub((tx) => record(tx, by, { action: "a.b" }))).rejects.toThrow(/permission denied/)
    const row = {
      workspace_id: at.workspaceId,
      seq: 99,
      at: new Date(),
      previous: Buffer.from(""),
      hash: Buffer.from(""),
      body: "{}",
      action: "a",
      actor_id: "a",
      actor_name: "a",
    }
    await expect(
      store.inWorkspace(at.workspaceId, (tx) =>
        tx
          .insertInto("audit_entries")
          .values({ ...row, target_id: null, target_name: null })
          .execute(),
      ),
    ).rejects.toThrow(/permission denied/)
  })
})

describe("a workspace that keeps 1,000 entries", () => {
  /** Entries in batches of 100, as a busy workspace writes them. */
  const writeMany = async (count: number) => {
    const body = auditBody(by, { action: "thing.use" })
    const batch = Array.from({ length: 100 }, () => body)
    for (let written = 0; written < count; written += batch.length) await store.inWorkspace(at.workspaceId, (tx) => append(tx, at.workspaceId, batch))
  }
  const keep = (entries: number | null) =>
    store.inWorkspace(at.workspaceId, (tx) =>
      tx
        .updateTable("workspaces")
        .set({ plan: JSON.stringify({ auditEntries: entries }) })
        .where("id", "=", at.workspaceId)
        .execute(),
    )
  const count = async () => (await audit.list(by, { limit: 1 })).total

  test("loses the oldest ones, and its chain can be checked from there", async () => {
    await writeMany(2_000)
    expect(await audit.verify(by, signal)).toEqual({ ok: true, entries: 2_002, head: expect.objectContaining({ seq: 2_002 }) })
    await keep(1_000)
    const noted = (await audit.ends(by)).head
    await writeMany(100)
    expect(await count()).toBe(1_000)
    const verdict = await audit.verify(by, signal, noted)
    expect(verdict).toMatchObject({ ok: true, entries: 1_000, head: { seq: 2_102 }, removed: { seq: 1_102 } })
    const { value: first } = await audit.entries(by, await audit.ends(by), signal).next()
    expect([first?.seq, first?.previous]).toEqual([1_103, verdict.removed?.hash])
    await writeMany(400)
    expect(await count(), "removal comes in steps").toBe(1_400)
    await writeMany(200)
    expect(await count()).toBe(1_000)
  })

  test("finds an entry that was cut off at its begin, and a begin that was moved", async () => {
    await writeMany(1_600)
    await keep(1_000)
    await writeMany(100)
    expect(await audit.verify(by, signal)).toMatchObject({ ok: true, removed: { seq: 702 } })
    await tamper("delete from jackfield.audit_entries where workspace_id = $ws and seq = 703")
    expect(await audit.verify(by, signal)).toMatchObject({ ok: false, entries: 0, broken: { seq: 703, reason: expect.stringContaining("missing") } })
    await tamper("update jackfield.audit_heads set removed_seq = 703 where workspace_id = $ws")
    expect(await audit.verify(by, signal)).toMatchObject({ ok: false, broken: { seq: 704, reason: expect.stringContaining("does not name the hash") } })
  })

  test("says that an end which was noted earlier is no longer kept", async () => {
    const { head: noted } = await audit.ends(by)
    await writeMany(1_600)
    await keep(1_000)
    await writeMany(100)
    await expect(audit.verify(by, signal, noted)).rejects.toMatchObject({ code: "request_invalid", message: expect.stringContaining("begins at entry 703") })
    const { removed } = await audit.ends(by)
    expect(await audit.verify(by, signal, removed)).toMatchObject({ ok: true })
    await expect(audit.verify(by, signal, { seq: 702, hash: "0".repeat(64) })).rejects.toMatchObject({ code: "request_invalid" })
  })

  test("an export that is overtaken fails instead of leaving a gap, and a check begins again", async () => {
    await writeMany(1_600)
    const ends = await audit.ends(by)
    const reading = audit.entries(by, ends, signal)
    for (let read = 0; read < 500; read++) await reading.next()
    await keep(1_000)
    await writeMany(100)
    await expect(reading.next()).rejects.toMatchObject({ code: "store_unavailable" })
    expect(await audit.verify(by, signal)).toMatchObject({ ok: true, entries: 1_000 })
  })
})

test("details that are too long are left out, and the entry stays", async () => {
  await store.inWorkspace(at.workspaceId, (tx) => record(tx, by, { action: "a.b", details: { text: "x".repeat(9_000) } }))
  const [entry] = (await audit.list(by, { limit: 1 })).data
  expect(entry).toMatchObject({ action: "a.b", details: { leftOut: "longer than 8 KiB" } })
})

test("an empty chain is whole", async () => {
  const none = { ...by, workspace: { ...by.workspace, id: at.userId } }
  expect(await audit.verify(none, signal)).toEqual({ ok: true, entries: 0, head: { seq: 0, hash: genesisOf(at.userId) } })
})
