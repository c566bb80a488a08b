import { describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { table } from "../fixtures/tables.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// The order of a read is the comparison of its resume, whatever the key's type.

const server = use(() => startTestDatabase())
const run = <T>(work: (session: Session) => Promise<T>, options: object = {}): Promise<T> => withSession({ connector: postgres }, server.config, work, options)
const stream = (name: string): Stream => table(["keys", name], [], [])
const inBag = (rows: readonly (readonly Value[])[]): string[] => rows.map((row) => JSON.stringify(row)).sort()
const streamOf = async (name: string): Promise<Stream | undefined> => {
  const found = await run((session) => collect(session.discover()))
  return found.flatMap((each) => ("stream" in each && each.stream.path[1] === name ? [each.stream] : []))[0]
}

/** Reads batch by batch, each by a read of its own that resumes from the cursor before it; fails when that does not end. */
async function walk(name: string, batchRows: number): Promise<{ rows: Value[][]; steps: number }> {
  return await run(
    async (session) => {
      const rows: Value[][] = []
      let after: string | undefined
      for (let steps = 1; ; steps++) {
        expect(steps).toBeLessThan(300)
        let cursor: string | undefined
        for await (const batch of session.read(stream(name), { after })) {
          rows.push(...batch.rows.map((row) => [...row]))
          cursor = batch.cursor
          if (cursor !== undefined) break
        }
        if (cursor === undefined) return { rows, steps }
        after = cursor
      }
    },
    { batchRows },
  )
}

/** Whether a walk in small steps gives each row once, and how many steps it took. */
async function walksAll(sql: string): Promise<number> {
  await server.query(`DROP SCHEMA IF EXISTS keys CASCADE; CREATE SCHEMA keys; ${sql}`)
  const all = await run((session) => valuesOf(session.read(stream("t"))))
  let most = 0
  for (const batchRows of [1, 3]) {
    const { rows, steps } = await walk("t", batchRows)
    expect(inBag(rows)).toEqual(inBag(all))
    most = Math.max(most, steps)
  }
  return most
}

const few = (type: string, values: string): string => `CREATE TABLE keys.t (k ${type} PRIMARY KEY); INSERT INTO keys.t VALUES ${values}`

describe("each row comes once, step by step, by a key of the type", () => {
  test.each<[what: string, sql: string]>([
    [
      "domain over a domain over bytea",
      `CREATE DOMAIN keys.d1 AS bytea; CREATE DOMAIN keys.d2 AS keys.d1; ${few("keys.d2", String.raw`('\x00'), ('\x41'), ('\xff')`)}`,
    ],
    [
      "domain over a domain over numeric with a CHECK",
      `CREATE DOMAIN keys.d1 AS numeric(6,2) CHECK (VALUE <> 0); CREATE DOMAIN keys.d2 AS keys.d1; ${few("keys.d2", "(-1), (2), (10)")}`,
    ],
    ["enum, in its own order", `CREATE TYPE keys.e AS ENUM ('z', 'a', 'm'); ${few("keys.e", "('z'), ('a'), ('m')")}`],
    ["composite", `CREATE TYPE keys.c AS (a int, b text); ${few("keys.c", "(ROW(1, 'x')), (ROW(1, 'y \"z')), (ROW(2, NULL))")}`],
    [
      "domain over a composite",
      `CREATE TYPE keys.c AS (a int, b text); CREATE DOMAIN keys.d AS keys.c; ${few("keys.d", "(ROW(1, 'x')), (ROW(1, 'y')), (ROW(2, ''))")}`,
    ],
    ["int[]", few("int[]", "('{1,2}'), ('{1,NULL}'), ('{}'), ('{2}'), ('[0:1]={1,5}'), ('{{1,2},{3,4}}')")],
    ["bytea[]", few("bytea[]", String.raw`('{"\\x00"}'), ('{"\\xff","\\x41"}'), ('{}')`)],
    ["array of an enum", `CREATE TYPE keys.e AS ENUM ('z', 'a'); ${few("keys.e[]", "('{z}'), ('{a,z}'), ('{a}')")}`],
    ["array of a domain over bytea", `CREATE DOMAIN keys.d AS bytea; ${few("keys.d[]", String.raw`('{"\\x00"}'), ('{"\\xff"}'), ('{"\\x41"}')`)}`],
    [
      "text by a nondeterministic collation",
      `CREATE COLLATION keys.nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false); ${few("text COLLATE keys.nd", "('b'), ('A'), ('c'), ('É')")}`,
    ],
    ["text by an ICU collation", few('text COLLATE "und-x-icu"', "('b'), ('A'), ('a'), ('B'), ('é'), ('_'), ('-'), (' ')")],
    ["char(n)", few("char(5)", "('a'), ('b  '), (''), (' a')")],
    ["numeric with NaN and infinity", few("numeric", "('NaN'), ('1.10'), ('-5'), ('Infinity'), ('-Infinity'), ('1e-20')")],
    ["float with NaN, infinity and -0", few("float8", "('NaN'), ('-0'), ('Infinity'), ('-Infinity'), ('0.1'), ('5e-324')")],
    ["real", few("real", "('0.1'), ('16777216'), ('-1.5e-40'), ('3.4028235e38')")],
    [
      "timestamp with infinity and BC",
      few("timestamptz", "('infinity'), ('-infinity'), ('0044-03-15 BC'), ('12345-01-01'), ('2024-03-31 01:30:00.123456+00')"),
    ],
    ["date with infinity and BC", few("date", "('infinity'), ('-infinity'), ('0044-03-15 BC'), ('2024-02-29')")],
    ["time with time zone", few("timetz", "('12:00+05:30'), ('12:00-01'), ('00:00+00'), ('24:00+00')")],
    ["interval", few("interval", "('1 day'), ('-3 hours'), ('1 mon 2 days'), ('0')")],
    ["uuid", few("uuid", "('00000000-0000-0000-0000-000000000001'), ('ffffffff-0000-0000-0000-000000000000'), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')")],
    ["inet", few("inet", "('10.0.0.1/8'), ('10.0.0.1'), ('::1'), ('192.168.0.0/16')")],
    ["macaddr", few("macaddr", "('08:00:2b:01:02:03'), ('00:00:00:00:00:01')")],
    ["bit varying", few("varbit", "('1'), ('10'), ('01'), ('')")],
    ["boolean", few("boolean", "(true), (false)")],
    ["oid", few("oid", "(1), (4294967295), (2147483648)")],
    ['"char"', few('"char"', "('a'), ('B'), ('')")],
    ["name", few("name", "('a'), ('B'), ('_')")],
    ["money", few("money", "(-7.5::numeric), (1234.56::numeric), (0)")],
    ["range", few("int4range", "('[1,5)'), ('empty'), ('(,3)'), ('[7,)')")],
    ["tsvector", few("tsvector", "('fat:2 cat:1'), (''), ('a')")],
    [
      "a key that is checked at COMMIT",
      "CREATE TABLE keys.t (k int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); INSERT INTO keys.t SELECT generate_series(1, 7)",
    ],
    [
      "a partitioned table",
      "CREATE TABLE keys.t (k int PRIMARY KEY) PARTITION BY HASH (k); CREATE TABLE keys.p0 PARTITION OF keys.t FOR VALUES WITH (modulus 2, remainder 0); CREATE TABLE keys.p1 PARTITION OF keys.t FOR VALUES WITH (modulus 2, remainder 1); INSERT INTO keys.t SELECT generate_series(1, 9)",
    ],
  ])("%s", async (_, sql) => {
    expect(await walksAll(sql)).toBeGreaterThan(1)
  })

  test("citext", async () => {
    // An extension: where it is not packaged, there is nothing to try.
    if ((await server.query("SELECT 1 FROM pg_available_extensions WHERE name = 'citext'")).length === 0) return
    await server.query("CREATE EXTENSION IF NOT EXISTS citext")
    expect(await walksAll(few("citext", "('b'), ('A'), ('c'), ('É')"))).toBeGreaterThan(1)
  })
})

describe("a key that is not unique for what is read is no key of the stream", () => {
  test("of a parent, whose children may have the same keys", async () => {
    const sql = `CREATE TABLE keys.t (id int PRIMARY KEY, v text); CREATE TABLE keys.child (PRIMARY KEY (id)) INHERITS (keys.t); CREATE TABLE keys.grandchild () INHERITS (keys.child);
      INSERT INTO keys.t SELECT g, 'p' || g FROM generate_series(1, 20) g; INSERT INTO keys.child SELECT g, 'c' || g FROM generate_series(1, 20) g;
      INSERT INTO keys.grandchild SELECT g, 'g' || g FROM generate_series(1, 20) g`
    expect(await walksAll(sql)).toBe(1)
    const [parent, child] = [await streamOf("t"), await streamOf("grandchild")]
    expect([parent?.key, parent?.comment]).toEqual([[], "Tables that inherit from it: 1; their rows are read through it, so its key may come more than once."])
    expect(child?.comment).toBeUndefined()
    // A write goes to the parent alone, where the key holds.
    const report = await run((session) =>
      session.write(
        stream("t"),
        {
          columns: parent?.columns ?? [],
          rows: [
            [1, "changed"],
            [99, "new"],
          ],
        },
        { mode: "upsert" },
      ),
    )
    expect(report).toEqual({ written: 2, rejected: [], skipped: 0 })
    expect(await server.query("SELECT id FROM ONLY keys.t WHERE v IN ('changed', 'new') ORDER BY 1")).toEqual([{ id: 1 }, { id: 99 }])
  })

  test("of a domain over an enum, which sorts and has no comparison operators", async () => {
    const sql = `CREATE TYPE keys.e AS ENUM ('z', 'a', 'm'); CREATE DOMAIN keys.d AS keys.e; ${few("keys.d", "('z'), ('a'), ('m')")}`
    expect(await walksAll(sql)).toBe(1)
  })

  test("of a partitioned table whose primary key some partitions lack", async () => {
    const sql = `CREATE TABLE keys.t (id int NOT NULL, v text NOT NULL) PARTITION BY LIST (v); CREATE TABLE keys.a PARTITION OF keys.t FOR VALUES IN ('a');
      CREATE TABLE keys.b PARTITION OF keys.t FOR VALUES IN ('b'); CREATE UNIQUE INDEX ON ONLY keys.t (id, v); ALTER TABLE ONLY keys.t ADD PRIMARY KEY (id, v);
      INSERT INTO keys.t SELECT g % 5, 'a' FROM generate_series(1, 20) g`
    expect(await walksAll(sql)).toBe(1)
  })
})

describe("a read since a value, of a table without a key,", () => {
  const since = (batchRows: number) => run((session) => collect(session.read(stream("t"), { plan: { kind: "since", column: "v" } })), { batchRows })
  const seed = (type: string, values: string): Promise<unknown> =>
    server.query(`DROP SCHEMA IF EXISTS keys CASCADE; CREATE SCHEMA keys;
    CREATE COLLATION keys.nd (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE keys.t (n int, v ${type}); INSERT INTO keys.t VALUES ${values}`)

  test("never ends a batch between numbers that are equal and differ in spelling", async () => {
    await seed("numeric", "(1, '1.0'), (2, '1.00'), (3, '1'), (4, '2')")
    expect((await since(1)).map(({ rows }) => rows.length)).toEqual([3, 1])
  })

  test.each(["text COLLATE keys.nd", "interval", "int[]", "numrange"])("is refused by %s, whose equal values may look different", async (type) => {
    await seed(type, "(1, NULL)")
    const error = await failure(since(1))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringContaining("has no key")])
  })
})
