import { beforeAll, describe, expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import { ExactNumber, type Value } from "../../src/core/values.ts"
import { valuesOf } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// A parameter is bound by the type that the server gives it.

const server = use(() => startTestDatabase())
const run = <T>(work: (session: Session) => Promise<T>): Promise<T> => withSession({ connector: postgres }, server.config, work)
const one = (sql: string, ...params: Value[]): Promise<Value | undefined> => run(async (session) => (await valuesOf(session.query(sql, params)))[0]?.[0])

beforeAll(() =>
  server.query(`CREATE SCHEMA p; CREATE TYPE p.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN p.j1 AS jsonb; CREATE DOMAIN p.j2 AS p.j1; CREATE DOMAIN p.l AS text[];
    CREATE TABLE p.t (id int PRIMARY KEY, j jsonb, b bytea, js jsonb[]); INSERT INTO p.t VALUES (1, '[1,2]', '\\x00ff', ARRAY['[1]'::jsonb])`),
)

describe("comes back as it was given:", () => {
  test.each<[type: string, ...values: Value[]]>([
    ["jsonb", [], [1, { b: 2 }], {}, { a: [null, "x"] }, "text", "", '{"a":1}', 5, 1.5, true, false, [[1], []]],
    ["json", ["x"], [], "text", { a: 1 }, 0],
    ["p.j2", [1], "text", { a: 1 }],
    ["text[]", [], ["a", null, 'b "c\\'], [["a"], ["b"]]],
    ["p.l", ["a"]],
    ["int[]", [1, null, 3]],
    ["int8[]", ["9007199254740993", "1"]],
    ["jsonb[]", [{ a: 1 }, [1, 2], "x", 3]],
    ["bytea", "AP8=", ""],
    ["bytea[]", ["AP8=", null]],
    ["p.mood[]", ["ok", "sad"]],
    ["boolean", true],
    ["boolean[]", [true, false]],
    ["text", "x", '["a"]', "true"],
    ["numeric", "0.12345678901234567890123"],
    ["timestamptz", "2024-03-31T01:30:00Z"],
    ["uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  ])("%s", async (type, ...values) => {
    for (const value of values) expect(await one(`SELECT $1::${type}`, value)).toEqual(value)
    expect(await one(`SELECT $1::${type} IS NULL`, null)).toBe(true)
  })
})

test("objects and arrays are JSON where a text is wanted", async () => {
  expect(await one("SELECT $1::text", { a: [1] })).toBe('{"a":[1]}')
  expect(await one("SELECT $1::varchar", ["a", 1])).toBe('["a",1]')
})

test("long numbers keep their digits, inside of JSON and arrays too", async () => {
  const long = new ExactNumber("9007199254740993")
  const statement = "SELECT ARRAY[$1::bigint::text, $2::numeric::text, ($3::jsonb)->>'n', ($4::jsonb)::text, ($5::int8[])[1]::text, ($6::jsonb)->>0, $7::text]"
  expect(await one(statement, long, new ExactNumber("0.12345678901234567890123"), { n: long }, long, [long], [long], long)).toEqual([
    "9007199254740993",
    "0.12345678901234567890123",
    "9007199254740993",
    "9007199254740993",
    "9007199254740993",
    "9007199254740993",
    "9007199254740993",
  ])
})

test("values that a read returned find their rows", async () => {
  const [row = []] = await run((session) => valuesOf(session.query("SELECT j, b, js FROM p.t")))
  expect(await one("SELECT id FROM p.t WHERE j = $1 AND b = $2 AND js = $3", ...row)).toBe(1)
  expect(await one("SELECT id FROM p.t WHERE b = $1", "\\x00FF")).toBe(1)
  expect(await one("SELECT 2 = ANY($1::int[])", [1, 2])).toBe(true)
})

test("a value that the type does not have is refused by its place", async () => {
  expect((await failure(one("SELECT $1::int, $2::bytea", 1, "no base64"))).message).toBe("Parameter 2 cannot be sent: bytes must be base64 text with padding.")
  for (const [sql, ...params] of [
    ["SELECT $1::int", "x"],
    ["SELECT $1", "a", "b"],
    ["SELECT $1::nowhere", "x"],
    ["SELEC $1", "x"],
  ] as const)
    expect((await failure(one(sql, ...params))).code).toBe("query_invalid")
})

test("a session uses a statement again, and goes on after a statement that failed", async () => {
  await run(async (session) => {
    for (let times = 0; times < 3; times++) expect(await valuesOf(session.query("SELECT $1::jsonb", [[times]]))).toEqual([[[times]]])
    await failure(valuesOf(session.query("SELECT $1::nowhere", ["x"])))
    expect(await valuesOf(session.query("SELECT $1::text[]", [["a"]]))).toEqual([[["a"]]])
  })
})
