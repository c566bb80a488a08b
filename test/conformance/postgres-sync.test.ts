import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, ReadPlan, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { collect } from "../support/batches.ts"
import { startTestDatabase, type TestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { withSession } from "./context.ts"

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

  test("reads in the order of a column and then the key, without NULLs, within its bounds, and goes on", async () => {
    const plan = { kind: "since", column: "changed", from: "2024-01-01T02:00:00Z", until: "2024-01-01T07:00:00Z" } as const
    const expected = [6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    const first = await read(stream("item"), plan, undefined, { batchRows: 5, maxRows: 5 })
    expect(ids(first)).toEqual(expected.slice(0, 5))
    expect(ids(await read(stream("item"), plan, first.at(-1)?.cursor))).toEqual(expected.slice(5))
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

describe("deletes", () => {
  test("the last op of a key wins, and a row that is gone already counts as written", async () => {
    const batch: Batch = {
      columns: [column("id", "integer"), column("name", "string")],
      rows: [
        [1, "changed"],
        [1, null],
        [2, null],
        [2, "back"],
        [999, null],
        [50, "new"],
      ],
      ops: ["upsert", "delete", "delete", "upsert", "delete", "upsert"],
    }
    const report = await run((session) => session.write(stream("item"), batch, { mode: "upsert" }))
    expect(report).toEqual({ written: 4, rejected: [], skipped: 2 })
    expect(await server.query("SELECT id, name FROM shop.item WHERE id IN (1, 2, 50, 999) ORDER BY 1")).toEqual([
      { id: 2, name: "back" },
      { id: 50, name: "new" },
    ])
  })
})

describe("shape", () => {
  const wanted = (columns: readonly Column[], key: readonly string[] = ["id"]) => ({ path: ["shop", "made"], columns, key })
  const id = { ...column("id", "integer", "", false), precision: 32 }

  test("says what it would do, does it, and has nothing more to do", async () => {
    const one = wanted([id, { ...column("name", "string"), maxLength: 10 }])
    const dry = await run((session) => session.shape(one, false))
    expect(dry).toEqual([{ kind: "create", statement: 'CREATE TABLE "shop"."made" ("id" integer NOT NULL, "name" varchar(10), PRIMARY KEY ("id"))' }])
    expect(await run((session) => session.shape(one, true))).toEqual(dry)
    expect(await run((session) => session.shape(one, true))).toEqual([])
    const two = wanted([{ ...id, precision: 64 }, { ...column("name", "string"), maxLength: 20 }, column("at", "timestamp")])
    expect((await run((session) => session.shape(two, true))).map(({ kind }) => kind)).toEqual(["widen", "widen", "add"])
    expect(await run((session) => session.shape(two, false))).toEqual([])
    const three = wanted([{ ...id, type: "boolean" }, column("more", "json")])
    expect((await run((session) => session.shape(three, true))).map(({ kind }) => kind)).toEqual(["refused", "add"])
    expect(await server.query("SELECT count(*)::int AS n FROM information_schema.columns WHERE table_name = 'made'")).toEqual([{ n: 3 }])
  })
})

describe("commits", () => {
  const batch: Batch = { columns: [column("n", "integer")], rows: [[1], ["x"]] }
  const commit = { run: "r1", part: "p", sequence: 0 }

  test("a batch that comes twice is written once, and its report comes again", async () => {
    await run(async (session) => {
      expect(await session.committed(stream("nokey"), commit)).toBeUndefined()
      const once = await session.write(stream("nokey"), batch, { mode: "append", commit })
      expect(once).toMatchObject({ written: 1, rejected: [{ index: 1 }] })
      expect(await session.write(stream("nokey"), batch, { mode: "append", commit })).toEqual({ ...once, already: true })
      expect((await session.write(stream("nokey"), batch, { mode: "append", commit: { ...commit, sequence: 1 } })).already).toBeUndefined()
      expect(await session.committed(stream("nokey"), commit)).toBe(1)
    })
    const both = await Promise.all(
      [1, 2].map(() => run((session) => session.write(stream("nokey"), batch, { mode: "append", commit: { ...commit, run: "r2" } }))),
    )
    expect(both.filter(({ already }) => already)).toHaveLength(1)
    expect(await server.query("SELECT count(*)::int AS n FROM shop.nokey WHERE n = 1 AND at IS NULL")).toEqual([{ n: 3 }])
  })
})

describe("slices", () => {
  test("are disjoint, together the whole, of one moment, and each goes on from its cursor", async () => {
    await run(async (session) => {
      await using slicing = await session.slices(stream("item"), { kind: "all" }, 4)
      expect([slicing.slices.length, slicing.consistent]).toEqual([4, true])
      await server.query("INSERT INTO shop.item VALUES (1000, 'later')")
      const parts = await Promise.all(
        slicing.slices.map(async (slice) => {
          const [first] = await run((other) => collect(other.read(stream("item"), { slice })), { maxRows: 3 })
          const rest = await run((other) => collect(other.read(stream("item"), { slice, after: first?.cursor })))
          return [...(first?.rows ?? []), ...rest.flatMap(({ rows }) => rows)].map(([id]) => id)
        }),
      )
      expect(parts.flat()).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
      for (const part of parts) expect(part.length).toBe(10)
      for (const id of ["", "!", "WzFd", Buffer.from('[["x"],[1]]').toString("base64url")])
        expect((await failure(run((other) => collect(other.read(stream("item"), { slice: { id, of: "" } }))))).code).toBe("request_invalid")
      expect((await failure(run((other) => collect(other.read(stream("item"), { slice: { id: "whole", of: "x'; --" } }))))).code).toBe("request_invalid")
    })
  })

  test("a stream without a key is one slice", async () => {
    await run(async (session) => {
      await using slicing = await session.slices(stream("nokey"), { kind: "all" }, 4)
      expect(slicing.slices.map(({ id }) => id)).toEqual(["whole"])
    })
  })
})

describe("reset", () => {
  test("nothing of a use is there in the next one", async () => {
    await run(async (session) => {
      const [before] = await collect(session.query("SELECT pg_backend_pid(), current_user::text, current_setting('search_path')"))
      await collect(session.query("SELECT pg_advisory_lock(1), set_config('search_path', 'shop', false)"))
      expect(await server.query("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")).toEqual([{ n: 1 }])
      await session.reset()
      expect(await server.query("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")).toEqual([{ n: 0 }])
      const [after] = await collect(session.query("SELECT pg_backend_pid(), current_user::text, current_setting('search_path')"))
      expect(after?.rows).toEqual(before?.rows)
    })
  })
})
