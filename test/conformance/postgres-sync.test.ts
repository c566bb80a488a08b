import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, ReadPlan, Slice, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { testLease } from "../support/lease.ts"
import { opened, withSession } from "./context.ts"

let server: TestDatabase
const run = <T>(work: (session: Session) => Promise<T>, options: object = {}): Promise<T> =>
  withSession(
    { connector: postgres },
    { host: "127.0.0.1", port: server.port, user: "low", password: "low-password", database: "postgres", tls: { kind: "off" } },
    work,
    options,
  )
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["shop", name], kind: "table", columns: [], key: [], ...more })

beforeAll(async () => {
  server = await startTestDatabase()
  await server.query("CREATE ROLE low LOGIN PASSWORD 'low-password'; GRANT TEMPORARY, CREATE ON DATABASE postgres TO low")
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.query(`DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop AUTHORIZATION low; SET ROLE low;
    CREATE TABLE shop.item (id int PRIMARY KEY, name text, changed timestamptz);
    INSERT INTO shop.item SELECT i, 'item ' || i, CASE WHEN i % 10 = 0 THEN NULL ELSE timestamptz '2024-01-01 00:00:00Z' + (i / 3) * interval '1 hour' END FROM generate_series(1, 40) i;
    CREATE TABLE shop.nokey (n int, at date); INSERT INTO shop.nokey SELECT i, date '2024-01-01' + i / 10 FROM generate_series(0, 39) i`)
})

describe("since", () => {
  const read = async (from: Stream, plan: ReadPlan, after?: string, options: object = {}) =>
    await run((session) => collect(session.read(from, { plan, after })), options)
  const ids = (batches: Batch[]): Value[] => batches.flatMap(({ rows }) => rows.map(([id]) => id ?? null))

  test("goes on where maxRows ended it, of a slice too", async () => {
    const plan = { kind: "since", column: "changed", from: "2024-01-01T02:00:00Z", until: "2024-01-01T07:00:00Z" } as const
    const first = await read(stream("item"), plan, undefined, { batchRows: 5, maxRows: 5 })
    expect(ids(first)).toEqual([6, 7, 8, 9, 11])
    expect(ids(await read(stream("item"), plan, first.at(-1)?.cursor))).toEqual([12, 13, 14, 15, 16, 17, 18, 19])
    await run(async (session) => {
      await using slicing = await session.slices(stream("item"), { kind: "all" }, 4)
      const slice = slicing.slices[1]
      const [part] = await run((other) => collect(other.read(stream("item"), { slice })), { maxRows: 3 })
      expect(ids(part === undefined ? [] : [part])).toEqual([11, 12, 13])
      expect(ids(await run((other) => collect(other.read(stream("item"), { slice, after: part?.cursor }))))).toEqual([14, 15, 16, 17, 18, 19, 20])
    })
  })

  test("without a key it never ends between equal values", async () => {
    const plan = { kind: "since", column: "at" } as const
    const batches = await read(stream("nokey"), plan, undefined, { batchRows: 4 })
    expect(batches.map(({ rows }) => rows.length)).toEqual([10, 10, 10, 10])
    expect(ids(await read(stream("nokey"), plan, batches[1]?.cursor)).length).toBe(20)
  })

  test("refuses a column that is not there, and a bound that is none", async () => {
    expect((await failure(read(stream("item"), { kind: "since", column: "nope" }))).code).toBe("query_invalid")
    expect((await failure(read(stream("item"), { kind: "since", column: "changed", from: "never" }))).code).toBe("query_invalid")
  })
})

test("a shape names its statement, and widens numbers and texts at once", async () => {
  const columns = [
    { ...column("id", "integer", "", false), precision: 32 },
    { ...column("name", "string"), maxLength: 10 },
  ]
  const wanted = { path: ["shop", "made"], columns, key: ["id"] }
  const statement = 'CREATE TABLE "shop"."made" ("id" integer NOT NULL, "name" varchar(10), PRIMARY KEY ("id"))'
  expect(await run((session) => session.shape(wanted, true))).toEqual([{ kind: "create", statement }])
  const wider = [{ ...column("id", "integer", "", false), precision: 64 }, { ...column("name", "string"), maxLength: 20 }, column("at", "timestamp")]
  expect((await run((session) => session.shape({ ...wanted, columns: wider }, true))).map(({ kind }) => kind)).toEqual(["widen", "widen", "add"])
})

describe("slices", () => {
  test("show one moment and are of one size, and a snapshot that is none is refused", async () => {
    await run(async (session) => {
      await using slicing = await session.slices(stream("item"), { kind: "all" }, 4)
      expect([slicing.slices.length, slicing.consistent]).toEqual([4, true])
      await server.query("INSERT INTO shop.item VALUES (1000, 'later')")
      const parts = await Promise.all(slicing.slices.map((slice) => run((other) => valuesOf(other.read(stream("item"), { slice })))))
      expect(parts.flat().map(([id]) => id)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
      for (const part of parts) expect(part.length).toBe(10)
      expect((await failure(run((other) => collect(other.read(stream("item"), { slice: { id: "whole", of: "x'; --" } }))))).code).toBe("request_invalid")
    })
  })

  describe("by pages", () => {
    beforeEach(() =>
      server.query(`SET ROLE low; CREATE TABLE shop.pages (n int, pad text);
      INSERT INTO shop.pages SELECT i, repeat('x', 500) FROM generate_series(1, 2000) i; DELETE FROM shop.pages WHERE n % 7 = 0`),
    )
    const there = Array.from({ length: 2_000 }, (_, index) => index + 1).filter((n) => n % 7 !== 0)
    const read = (slice: Slice, from = "pages") => run(async (session) => (await valuesOf(session.read(stream(from), { slice }))).map(([n]) => Number(n)))

    test("a table without a key is cut: disjoint, together the whole, of one moment", async () => {
      await run(async (session) => {
        await using slicing = await session.slices(stream("pages"), { kind: "all" }, 4)
        expect([slicing.slices.length, slicing.consistent]).toEqual([4, true])
        await server.query(
          "UPDATE shop.pages SET n = -n WHERE n % 2 = 0; INSERT INTO shop.pages SELECT i, '' FROM generate_series(5000, 6000) i; DELETE FROM shop.pages WHERE n < 9",
        )
        const parts = await Promise.all(slicing.slices.map((slice) => read(slice)))
        for (const part of parts) expect(part.length).toBeGreaterThan(300)
        expect(parts.flat().sort((a, b) => a - b)).toEqual(there)
        // VACUUM FULL and CLUSTER take this lock; they would move the rows.
        await expect(server.query("SET lock_timeout = 200; LOCK TABLE shop.pages IN ACCESS EXCLUSIVE MODE")).rejects.toThrow("lock timeout")
      })
    })

    test("neither a small table nor a partitioned one nor a view is cut", async () => {
      await server.query(`CREATE VIEW shop.seen AS TABLE shop.pages; CREATE TABLE shop.parted (n int) PARTITION BY RANGE (n);
        CREATE TABLE shop.parted_1 PARTITION OF shop.parted FOR VALUES FROM (0) TO (9000); INSERT INTO shop.parted SELECT i FROM generate_series(1, 5000) i;
        GRANT SELECT ON ALL TABLES IN SCHEMA shop TO low`)
      for (const name of ["nokey", "seen", "parted"])
        await run(async (session) => {
          await using slicing = await session.slices(stream(name), { kind: "all" }, 4)
          expect(slicing.slices.map(({ id }) => id)).toEqual(["whole"])
        })
    })

    test("refuses ranges that no slicing gave", async () => {
      for (const id of ["pages:", "pages:1", "pages:-1-2", "pages:9999999999-", "pages:0-1) OR (1=1"])
        expect((await failure(read({ id, of: "" }))).code).toBe("request_invalid")
    })
  })
})

describe("reset", () => {
  const LEFT = `SELECT current_user::text, session_user::text, current_setting('search_path') AS path, current_setting('work_mem') AS memory,
    current_setting('jackfield.note', true) AS note, current_setting('default_transaction_read_only') AS read_only, current_setting('role') AS role,
    (SELECT count(*)::int FROM pg_prepared_statements) AS prepared, (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
    (SELECT count(*)::int FROM pg_listening_channels()) AS channels, to_regclass('pg_temp.kept')::text AS temporary,
    (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`

  /** Runs a statement of a use as itself, then says what is left of it before and after a reset of the same connection. */
  async function left(statements: readonly string[]): Promise<{ clean: unknown; before: unknown; after: unknown; same: boolean }> {
    const lease = testLease()
    const client = await postgres.connect(opened(postgres, server.config) as never, lease)
    const one = async (sql: string): Promise<Record<string, unknown>> => (await client.pg.query(sql)).rows[0]
    try {
      const [pid, clean] = [await one("SELECT pg_backend_pid() AS pid"), await one(LEFT)]
      // By the statement's own failure: the client learns of the transaction's state a moment later.
      let failed = false
      for (const statement of statements)
        await client.pg.query(statement).catch(() => {
          failed = true
        })
      const before = failed ? "failed" : await one(LEFT)
      await postgres.reset?.(client, {} as never)
      const after = await one(LEFT)
      return { clean, before, after, same: (await one("SELECT pg_backend_pid() AS pid")).pid === pid.pid }
    } finally {
      await client.pg.end()
      await lease.close()
    }
  }

  test.each<[string, ...string[]]>([
    ["a channel", "LISTEN news"],
    ["a temporary table", "CREATE TEMPORARY TABLE kept AS SELECT 1 AS secret"],
    ["a prepared statement", "PREPARE kept AS SELECT 1"],
    ["a role", "SET ROLE low"],
    ["a session's user", "SET SESSION AUTHORIZATION low"],
    ["a session's user and role", "SET SESSION AUTHORIZATION low", "SET ROLE low"],
    ["settings", "SET search_path = shop", "SET work_mem = '1MB'", "SET jackfield.note = 'secret'", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"],
    ["a held cursor", "DECLARE kept CURSOR WITH HOLD FOR SELECT 1"],
    ["an exclusive advisory lock", "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_lock(1)"],
    ["a shared advisory lock", "SELECT pg_advisory_lock_shared(2, 3)"],
    ["an open transaction", "BEGIN", "LISTEN news", "SET LOCAL search_path = shop", "SELECT pg_advisory_xact_lock(4)"],
    ["a failed transaction", "SELECT pg_advisory_lock(5)", "BEGIN", "SELECT 1/0"],
  ])("takes away %s", async (_, ...statements) => {
    const { clean, before, after, same } = await left(statements)
    expect(before).not.toEqual(clean)
    expect({ ...(after as object), note: (after as { note: string | null }).note || null }).toEqual(clean)
    expect(same).toBe(true)
  })

  test("gives back the locks of queries", async () => {
    const locks = () => server.query("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")
    await run(async (session) => {
      await collect(session.query("SELECT pg_advisory_lock(1), set_config('search_path', 'shop', false)"))
      expect(await locks()).toEqual([{ n: 1 }])
      await session.reset()
      expect(await locks()).toEqual([{ n: 0 }])
      expect(await valuesOf(session.query("SELECT current_setting('search_path')"))).toEqual([['"$user", public']])
    })
  })
})
