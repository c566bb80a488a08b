import { beforeAll, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import { table } from "../fixtures/tables.ts"
import { collect, valuesOf } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const server = use(() => startTestDatabase())
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> =>
  withSession({ connector: postgres }, { ...server.config, ...more }, work)
const stream = (name: string): Stream => table(["types", name], [], [])
const read = (name: string, more: object = {}): Promise<Batch[]> => run((session) => collect(session.read(stream(name))), more)

/** Reads all of `types.a` and appends it to `types.b`, a table of the same columns. */
async function copy(more: object = {}): Promise<unknown> {
  const [batch] = await read("a", more)
  return await run((session) => session.write(stream("b"), batch as Batch, { mode: "append" }), more)
}

beforeAll(async () => {
  await server.query(String.raw`CREATE SCHEMA types; CREATE TYPE types.mood AS ENUM ('sad', 'ok'); CREATE TYPE types.comp AS (a int, b text);
    CREATE DOMAIN types.b1 AS bytea; CREATE DOMAIN types.b2 AS types.b1; CREATE DOMAIN types.j1 AS jsonb; CREATE DOMAIN types.j2 AS types.j1;
    CREATE DOMAIN types.n1 AS numeric(6,2); CREATE DOMAIN types.n2 AS types.n1; CREATE DOMAIN types.l1 AS int[]; CREATE DOMAIN types.l2 AS types.l1;
    CREATE DOMAIN types.m AS types.mood; CREATE DOMAIN types.c AS types.comp;
    CREATE TABLE types.a (id int PRIMARY KEY, b types.b2, j types.j2, n types.n2, l types.l2, m types.m, c types.c, bs types.b2[], js types.j2[], ms types.mood[], cs types.comp[], x "char"[]);
    INSERT INTO types.a VALUES (1, '\x00ff', '[1, "x"]', -1.5, '{1,NULL}', 'ok', ROW(1, 'x "y'), '{"\\x00ff",NULL}', ARRAY['[1,2]', '"{"', '{"a":"b"}']::types.j2[], '{sad,NULL}', ARRAY[ROW(1, 'a,b'), NULL]::types.comp[], '{a,"\""}'),
      (2, '', 'true', 0, '[3:4]={5,6}', 'sad', NULL, '{}', '{}', '{}', '{}', '{}'); INSERT INTO types.a VALUES (3);
    CREATE TABLE types.b (LIKE types.a INCLUDING ALL)`)
})

describe("types of a database's own", () => {
  test("are read by their base types, through whole chains of domains, in catalog and query alike", async () => {
    const types = [
      ["id", "integer", "integer"],
      ["b", "bytes", "types.b2"],
      ["j", "json", "types.j2"],
      ["n", "decimal", "types.n2"],
      ["l", "array", "types.l2", "integer"],
      ["m", "string", "types.m"],
      ["c", "unknown", "types.c"],
      ["bs", "array", "types.b2[]", "bytes"],
      ["js", "array", "types.j2[]", "json"],
      ["ms", "array", "types.mood[]", "string"],
      ["cs", "array", "types.comp[]"],
      ["x", "array", '"char"[]', "string"],
    ]
    const [batch] = await read("a")
    const told = (columns: Batch["columns"] = []) =>
      columns.map(({ name, type, nativeType, elements }) => [name, type, nativeType, ...(elements === undefined ? [] : [elements])])
    expect(told(batch?.columns)).toEqual(types)
    expect(batch?.columns.find(({ name }) => name === "n")).toMatchObject({ precision: 6, scale: 2 })
    const [queried] = await run((session) => collect(session.query("SELECT * FROM types.a ORDER BY id")))
    // A result names the base types of its domains.
    expect(told(queried?.columns).map(([name, type, , elements]) => [name, type, elements])).toEqual(
      types.map(([name, type, , elements]) => [name, type, elements]),
    )
    expect(told(queried?.columns).slice(7, 11)).toEqual(types.slice(7, 11))
    expect(queried?.rows).toEqual(batch?.rows)
    expect(batch?.rows).toEqual([
      [1, "AP8=", [1, "x"], "-1.50", [1, null], "ok", '(1,"x ""y")', ["AP8=", null], [[1, 2], "{", { a: "b" }], ["sad", null], ['(1,"a,b")', null], ["a", '"']],
      [2, "", true, "0.00", "[3:4]={5,6}", "sad", null, [], [], [], [], []],
      [3, ...Array(11).fill(null)],
    ])
  })

  test("are copied as they are, by append and by upsert", async () => {
    const same = "SELECT count(*)::int AS n FROM types.a one JOIN types.b other ON one::text = other::text"
    expect(await copy()).toEqual({ written: 3, rejected: [], skipped: 0 })
    expect(await server.query(same)).toEqual([{ n: 3 }])
    await server.query("UPDATE types.b SET b = NULL, bs = NULL, js = NULL, l = NULL")
    const [batch] = await read("a")
    expect(await run((session) => session.write(stream("b"), batch as Batch, { mode: "upsert" }))).toEqual({ written: 3, rejected: [], skipped: 0 })
    expect(await server.query(same)).toEqual([{ n: 3 }])
  })
})

test("an array is a JSON array of typed values", async () => {
  const statement =
    "SELECT '{a,b}'::text[] AS t, '{{1,2},{3,NULL}}'::int[] AS i, '{9007199254740993}'::int8[] AS b, ARRAY['2024-03-31 01:30+00']::timestamptz[] AS z, '{t,f}'::bool[] AS f"
  const [batch] = await run((session) => collect(session.query(statement)))
  expect(batch?.rows).toEqual([
    [
      ["a", "b"],
      [
        [1, 2],
        [3, null],
      ],
      ["9007199254740993"],
      ["2024-03-31T01:30:00Z"],
      [true, false],
    ],
  ])
  expect(batch?.columns.map(({ nativeType, elements }) => [nativeType, elements])).toEqual([
    ["text[]", "string"],
    ["integer[]", "integer"],
    ["bigint[]", "integer"],
    ["timestamp with time zone[]", "timestamp"],
    ["boolean[]", "boolean"],
  ])
})

describe("money", () => {
  test("has one spelling, whatever the locale of the server", async () => {
    await server.query(
      "CREATE TABLE types.cash (id int PRIMARY KEY, m money); INSERT INTO types.cash VALUES (1, 1234567.89::numeric), (2, -7.5::numeric), (3, NULL)",
    )
    const [batch] = await read("cash")
    expect([batch?.columns[1]?.type, batch?.rows]).toEqual([
      "decimal",
      [
        [1, "1234567.89"],
        [2, "-7.50"],
        [3, null],
      ],
    ])
    await run((session) =>
      session.write(
        stream("cash"),
        {
          columns: batch?.columns ?? [],
          rows: [
            [1, "-1234.56"],
            [4, "0.05"],
          ],
        },
        { mode: "upsert" },
      ),
    )
    expect(await server.query("SELECT id, m::numeric::text AS m FROM types.cash ORDER BY 1")).toEqual([
      { id: 1, m: "-1234.56" },
      { id: 2, m: "-7.50" },
      { id: 3, m: null },
      { id: 4, m: "0.05" },
    ])
    expect(await run((session) => valuesOf(session.query("SELECT m, ARRAY[m] FROM types.cash WHERE id = 1")))).toEqual([["-1234.56", ["-1234.56"]]])
  })
})

describe("a database of encoding SQL_ASCII", () => {
  const there = { database: "bytes" }
  beforeAll(async () => {
    await server.query("CREATE DATABASE bytes ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    await server.query(
      String.raw`SET client_encoding = 'SQL_ASCII'; CREATE SCHEMA types; CREATE TABLE types.good (id int PRIMARY KEY, "größe" text); INSERT INTO types.good VALUES (1, 'größe');
        CREATE TABLE types.bad (id int PRIMARY KEY, v text); INSERT INTO types.bad VALUES (1, E'caf\xe9');
        DO $$ BEGIN EXECUTE E'CREATE TABLE types."n\xe9" (i int)'; EXECUTE E'CREATE TABLE types.col ("\xff" int)'; EXECUTE E'COMMENT ON TABLE types.good IS ''caf\xe9'''; EXECUTE E'CREATE TYPE types."t\xe9" AS ENUM (''a'')'; EXECUTE E'ALTER TABLE types.bad ADD t types."t\xe9"'; END $$`,
      undefined,
      "bytes",
    )
  })

  test("is discovered: what has a name that is not UTF-8 is skipped and named", async () => {
    const found = await run((session) => collect(session.discover()), there)
    expect(
      found.flatMap((each) => ("stream" in each ? [[each.stream.path[1], each.stream.columns.map(({ name }) => name).join(), each.stream.comment]] : [])),
    ).toEqual([
      ["bad", "id,v,t", undefined],
      ["good", "id,größe", "caf\\351"],
    ])
    expect(found.flatMap((each) => ("skipped" in each ? [each.skipped] : [])).map(({ path, reason }) => [path[1], reason])).toEqual([
      ["col", expect.stringContaining("SQL_ASCII; rename it")],
      ["n\\351", expect.stringContaining("SQL_ASCII; rename it")],
    ])
    expect(found.flatMap((each) => ("counted" in each ? [each.counted.total] : []))).toEqual([4])
  })

  test("data that is not UTF-8 is refused with the way to read it", async () => {
    expect(await run((session) => valuesOf(session.read(stream("good"))), there)).toEqual([[1, "größe"]])
    const error = await failure(run((session) => collect(session.read(stream("bad"))), there))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringContaining("SQL_ASCII")])
    const way = /select (.*), with/.exec(error.message)?.[1]?.replace("column", "v")
    expect(await run((session) => valuesOf(session.query(`SELECT ${way} FROM types.bad`)), there)).toEqual([["café"]])
  })
})
