import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { redshift } from "../../src/connectors/redshift.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { column } from "../fixtures/fixture.ts"
import { type RedshiftFront, SEARCH_PATH, startRedshift } from "../fixtures/redshift-front.ts"
import { drain } from "../fixtures/tables.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { withSession } from "./context.ts"

let server: RedshiftFront
const run = <T>(work: (session: Session) => Promise<T>, options: object = {}): Promise<T> =>
  withSession(
    { connector: redshift },
    { host: "127.0.0.1", port: server.port, user: "low", password: "low-password", database: "postgres", tls: { kind: "off" } },
    work,
    options,
  )
const stream = (name: string, more: Partial<Stream> = {}): Stream => ({ path: ["shop", name], kind: "table", columns: [], key: [], ...more })
const item = (): Promise<Record<string, unknown>[]> => server.query("SELECT * FROM shop.item ORDER BY id, name")

beforeAll(async () => {
  server = await startRedshift()
  await server.query(
    `CREATE ROLE low LOGIN PASSWORD 'low-password'; ALTER ROLE low SET search_path = ${SEARCH_PATH}; GRANT TEMPORARY, CREATE ON DATABASE postgres TO low`,
  )
})
afterAll(async () => server[Symbol.asyncDispose]())
beforeEach(async () => {
  await server.query(`DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop AUTHORIZATION low; SET ROLE low;
    CREATE TABLE shop.item (id int PRIMARY KEY, name varchar(10) NOT NULL, note varchar(20));
    INSERT INTO shop.item VALUES (1, 'one', 'kept'), (2, 'two', 'kept')`)
})

test("says its own product and version", async () => {
  expect(await run((session) => session.test())).toMatchObject({ product: "Amazon Redshift", version: "1.0.123456", details: { user: "low" } })
})

test.each([
  "SELECT ctid FROM shop.item",
  "SELECT pg_export_snapshot()",
  "SELECT * FROM shop.item WHERE (id, name) > ($1, $2)",
  "SELECT * FROM (VALUES (1)) v",
  "SELECT ARRAY[1, 2]",
])("the front refuses as Redshift does: %s", async (statement) => {
  expect((await failure(run((session) => drain(session, statement)))).code).toBe("query_invalid")
})

test("a query that writes is refused by the server, by a function too", async () => {
  await server.query("CREATE FUNCTION shop.sneak() RETURNS int LANGUAGE sql AS $$ DELETE FROM shop.item; SELECT 1 $$")
  expect((await failure(run((session) => drain(session, "SELECT shop.sneak()")))).code).toBe("query_invalid")
  expect((await failure(run((session) => drain(session, "UNLOAD ('SELECT 1') TO 's3://x'")))).code).toBe("query_invalid")
  expect(await item()).toHaveLength(2)
})

describe("the catalog", () => {
  test("has late-binding views and external tables, and a view without columns is skipped", async () => {
    await server.query(`CREATE VIEW shop.late AS SELECT; CREATE VIEW shop.lost AS SELECT; GRANT SELECT ON shop.late, shop.lost TO low;
      INSERT INTO pg_redshift.late VALUES ('shop', 'late', 'n', 'integer', 1), ('shop', 'late', 'label', 'character varying(65535)', 2);
      INSERT INTO pg_redshift.svv_external_columns VALUES ('lake', 'clicks', 'price', 'decimal(10,2)', 1, 0, 'true'), ('lake', 'clicks', 'parts', 'array<int>', 2, 0, 'true')`)
    const found = await run((session) => collect(session.discover()))
    const named = (path: string) => found.find((each) => ("stream" in each ? each.stream.path : "skipped" in each ? each.skipped.path : []).join(".") === path)
    expect(named("shop.late")).toMatchObject({
      stream: {
        kind: "view",
        columns: [
          { name: "n", type: "integer", precision: 32 },
          { name: "label", type: "string", nativeType: "character varying(65535)" },
        ],
      },
    })
    expect(named("shop.late")).not.toHaveProperty("stream.columns.1.maxLength")
    expect(named("lake.clicks")).toMatchObject({
      stream: { kind: "foreign table", columns: [{ type: "decimal", precision: 10, scale: 2, nativeType: "decimal(10,2)" }, { type: "unknown" }] },
    })
    expect(named("shop.lost")).toMatchObject({ skipped: { reason: expect.stringContaining("no columns") } })
    expect(named("shop.item")).toMatchObject({ stream: { key: ["id"], keyHolds: false } })
    expect(found.flatMap((each) => ("counted" in each ? [each.counted.total] : []))).toEqual([found.length - 1])
    await server.query("TRUNCATE pg_redshift.svv_external_columns, pg_redshift.late")
  })

  test("takes as many queries for many tables as for one", async () => {
    const counted = async (): Promise<number> => {
      const before = server.asked()
      await run((session) => collect(session.discover()))
      return server.asked() - before
    }
    const before = await counted()
    await server.query("DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format('CREATE TABLE shop.t%s (a int)', i); END LOOP; END $$")
    expect(await counted()).toBe(before)
  })
})

describe("reading", () => {
  beforeEach(async () => {
    await server.query(
      "CREATE TABLE shop.twice (id int PRIMARY KEY, n int); INSERT INTO shop.twice SELECT i / 4, i FROM generate_series(0, 39) i; GRANT SELECT ON shop.twice TO low",
    )
  })
  const numbers = (batches: readonly Batch[]): Value[] => batches.flatMap(({ rows }) => rows.map((row) => row[1] ?? null)).sort((a, b) => Number(a) - Number(b))
  const all = Array.from({ length: 40 }, (_, n) => n)

  test("never ends between rows of one key, which Redshift does not enforce", async () => {
    const first = (await run((session) => collect(session.read(stream("twice"), {})), { batchRows: 6 }))[0] as Batch
    expect(first.rows).toHaveLength(8)
    const rest = await run((session) => collect(session.read(stream("twice"), { after: first.cursor })))
    expect(numbers([first, ...rest])).toEqual(all)
  })

  test("slices are disjoint and together the whole stream, and do not claim to show one moment", async () => {
    await run(async (session) => {
      await using slicing = await session.slices(stream("twice"), { kind: "all" }, 3)
      expect(slicing.consistent).toBe(false)
      expect(slicing.slices.length).toBeGreaterThan(1)
      const parts = await Promise.all(slicing.slices.map((slice) => run((other) => collect(other.read(stream("twice"), { slice })))))
      expect(numbers(parts.flat())).toEqual(all)
    })
  })
})

describe("writing", () => {
  const columns = [column("id", "integer"), column("name", "string")]

  test("append puts keys twice, and reports row by row what the compute nodes refuse", async () => {
    const rows: Value[][] = [
      [1, "again"],
      [3, "far too long for it"],
      ["x", "no number"],
      [4, null],
      [5, "five"],
      [6, "six"],
    ]
    const report = await run((session) => session.write(stream("item"), { columns, rows }, { mode: "append" }))
    expect(report).toMatchObject({ written: 3, skipped: 0, rejected: [{ index: 1, reason: expect.stringContaining("too long") }, { index: 2 }, { index: 3 }] })
    expect((await item()).map(({ id }) => id)).toEqual([1, 1, 2, 5, 6])
  })

  test("upsert keeps the columns that a batch lacks, the last op of a key wins, and refused rows leave the others", async () => {
    const rows: Value[][] = [
      [1, "changed"],
      [2, null],
      [7, "first"],
      [7, "last"],
      [8, "far too long for it"],
      [9, null],
    ]
    const ops = ["upsert", "delete", "upsert", "upsert", "upsert", "delete"] as const
    const report = await run((session) => session.write(stream("item"), { columns, rows, ops }, { mode: "upsert" }))
    expect(report).toMatchObject({ written: 4, skipped: 1, rejected: [{ index: 4 }] })
    expect(await item()).toEqual([
      { id: 1, name: "changed", note: "kept" },
      { id: 7, name: "last", note: null },
    ])
  })

  test("a session upserts again, and leaves no temporary table behind", async () => {
    await run(async (session) => {
      for (const name of ["a", "b"]) await session.write(stream("item"), { columns, rows: [[1, name]] }, { mode: "upsert" })
      expect(await rowsOf(session.query("SELECT relname FROM pg_class WHERE relname LIKE 'jackfield%'"))).toEqual([])
    })
    expect((await item())[0]).toMatchObject({ name: "b" })
  })

  test("more parameters than a statement takes go by several statements", async () => {
    const rows = Array.from({ length: 17_000 }, (_, n) => [n + 100, "many"])
    expect(await run((session) => session.write(stream("item"), { columns, rows }, { mode: "append" }))).toMatchObject({ written: 17_000 })
  })
})

test("a session that is reset has its settings again, and goes on", async () => {
  await run(async (session) => {
    const settings = async () =>
      await rowsOf(session.query("SELECT current_setting('TimeZone') AS zone, current_setting('enable_case_sensitive_identifier') AS cases"))
    const before = await settings()
    await session.reset()
    expect(await settings()).toEqual(before)
    expect(before).toEqual([{ zone: "UTC", cases: "true" }])
  })
})

describe("shape", () => {
  const wanted = (columns: readonly Column[], key: readonly string[] = ["Id"]) => ({ path: ["shop", "Made"], columns, key })
  const id = { ...column("Id", "integer", "", false), precision: 32 }
  const named = (maxLength: number): Column => ({ ...column("name", "string"), maxLength })

  test("creates, adds, and widens varchar alone", async () => {
    const one = wanted([id, named(10), column("doc", "json"), column("raw", "bytes"), column("at", "timestamp")])
    const statement =
      'CREATE TABLE "shop"."Made" ("Id" integer NOT NULL, "name" varchar(40), "doc" super, "raw" varbyte(16777216), "at" timestamp with time zone, PRIMARY KEY ("Id"))'
    expect(await run((session) => session.shape(one, true))).toEqual([{ kind: "create", statement }])
    expect(await run((session) => session.shape(one, true))).toEqual([])
    const two = wanted([id, named(90), column("more", "string")])
    expect((await run((session) => session.shape(two, true))).map(({ kind }) => kind)).toEqual(["widen", "add"])
    expect(await run((session) => session.shape(two, true))).toEqual([])
    expect(await run((session) => session.shape(wanted([{ ...id, precision: 64 }]), true))).toMatchObject([{ kind: "refused" }])
  })

  test("does not ask Redshift to widen a column of the key", async () => {
    const keyed = (maxLength: number) => ({ ...wanted([{ ...named(maxLength), nullable: false }], ["name"]), path: ["shop", "Keyed"] })
    expect((await run((session) => session.shape(keyed(10), true))).map(({ kind }) => kind)).toEqual(["create"])
    expect(await run((session) => session.shape(keyed(90), true))).toMatchObject([{ kind: "refused", column: "name" }])
  })
})
