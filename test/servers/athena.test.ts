import type { ServerResponse } from "node:http"
import { expect, test } from "vitest"
import { athena } from "../../src/connectors/athena.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { startOwnAthena } from "../fixtures/athena.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const own = use(() => startOwnAthena())
type Session = Parameters<Parameters<typeof withSession>[2]>[0]
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> => withSession({ connector: athena }, { ...own.config, ...more }, work)
const query = (sql: string, params: readonly Value[] = []) => run((session) => valuesOf(session.query(sql, params)))
const actions = (name: string) => own.front.requests.filter(({ action }) => action === name)

test("values are exact", async () => {
  const sql = `SELECT CAST('12345678901234567890123456.123456789012' AS decimal(38,12)), 9223372036854775807, nan(), -infinity(), DATE '1582-10-04', DATE '0001-01-01',
    TIMESTAMP '2024-03-31 02:30:00.123', TIMESTAMP '2024-03-31 01:30:00 UTC', TIMESTAMP '2024-01-01 00:00:00 America/New_York', X'00ff48', '', NULL, JSON '{"a":12345678901234567890}', ARRAY['a, b', 'c'], true`
  const [row] = await query(sql)
  expect(JSON.parse(JSON.stringify(row))).toEqual([
    "12345678901234567890123456.123456789012",
    "9223372036854775807",
    "NaN",
    "-Infinity",
    "1582-10-04",
    "0001-01-01",
    "2024-03-31T02:30:00.123",
    "2024-03-31T01:30:00Z",
    "2024-01-01T00:00:00-05:00",
    "AP9I",
    "",
    null,
    { a: "12345678901234567890" },
    "[a, b, c]",
    true,
  ])
})

test("the names of a SELECT are no row, and SHOW has none", async () => {
  expect(await query("SELECT 'id' AS id")).toEqual([["id"]])
  expect(await query("SELECT 1 AS a WHERE 1 = 0")).toEqual([])
  expect((await query("SHOW TABLES IN conformance")).flat()).toContain("people")
})

test("pages of a thousand rows are one result", async () => {
  const rows = await query("SELECT n FROM UNNEST(sequence(1, 2500)) t(n)")
  expect(rows.map(([n]) => Number(n))).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1))
})

test.each(["it's", "'; DROP TABLE people --", "\\", '"', "?", "naïve 👩‍👩‍👧", "", "x".repeat(5_000), "'".repeat(2_000)])(
  "a parameter is what it was: %.20s",
  async (text) => expect(await query("SELECT ?, '?'", [text])).toEqual([[text, "?"]]),
)

test("nested values are read as JSON", async () => {
  await own.query("CREATE TABLE lake.conformance.nested (tags array(varchar), named row(a integer, b varchar), counts map(varchar, bigint))")
  await own.query("INSERT INTO lake.conformance.nested VALUES (ARRAY['a, b', NULL], ROW(1, 'x}'), MAP(ARRAY['k'], ARRAY[9007199254740993]))")
  const stream = { path: ["nested"], kind: "table", columns: [], key: [] } as const
  const [row] = await run((session) => rowsOf(session.read(stream)))
  expect(JSON.parse(JSON.stringify(row))).toEqual({ tags: ["a, b", null], named: { a: 1, b: "x}" }, counts: { k: "9007199254740993" } })
})

test("a role's credentials are asked for once, and renewed once when they expire", async () => {
  const before = actions("AssumeRole").length
  await run(
    async (session) => {
      await session.test()
      expect(actions("AssumeRole").length - before).toBe(1)
      for (const [id, key] of own.front.keys) if (id.startsWith("ASIA")) key.expired = true
      expect(await valuesOf(session.query("SELECT 1"))).toEqual([[1]])
      expect(actions("AssumeRole").length - before).toBe(2)
    },
    { auth: own.role },
  )
})

test("a role that may not be assumed is a refused login", async () => {
  const error = await failure(run((session) => session.test(), { auth: { ...own.role, externalId: "wrong-id" } }))
  expect(error).toMatchObject({ code: "auth_failed", details: { code: "AccessDenied" } })
  expect(error.message).not.toContain("wrong-id")
})

test("an unknown workgroup is named, and is no fault of the login", async () => {
  expect(await failure(run((session) => session.test(), { workgroup: "nope" }))).toMatchObject({
    code: "config_invalid",
    message: expect.stringMatching(/no workgroup nope in zz-/),
  })
})

test("the same statement runs once though its answer is lost", async () => {
  const before = own.front.account.executions.size
  own.front.failNext((response: ServerResponse): void => void response.writeHead(503).end())
  expect(await query("SELECT 7")).toEqual([[7]])
  expect(own.front.account.executions.size - before).toBe(1)
  const tokens = actions("StartQueryExecution")
    .slice(-2)
    .map(({ input }) => input["ClientRequestToken"])
  expect(tokens[0]).toBe(tokens[1])
})

const json = (body: object) => (response: ServerResponse) =>
  void response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body))

test("a server that leads to one page again and again is refused", async () => {
  const page = { ResultSet: { Rows: [], ResultSetMetadata: { ColumnInfo: [{ Name: "a", Type: "integer" }] } }, NextToken: "same" }
  own.front.failNext(
    json({ QueryExecutionId: "0123456789abcdef" }),
    json({ QueryExecution: { Status: { State: "SUCCEEDED" }, StatementType: "DML" } }),
    json(page),
    json(page),
  )
  expect((await failure(query("SELECT 1"))).code).toBe("response_invalid")
  own.front.failNext(json({ TableMetadataList: [], NextToken: "t" }), json({ TableMetadataList: [], NextToken: "t" }))
  expect((await failure(run((session) => collect(session.discover())))).code).toBe("response_invalid")
})

test.each([
  ["no id", json({})],
  ["not JSON", (response: ServerResponse): void => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")],
  ["a redirect", (response: ServerResponse): void => void response.writeHead(302, { location: "http://169.254.169.254/" }).end()],
] as const)("an answer of %s is refused", async (_, answer) => {
  own.front.failNext(answer)
  expect((await failure(query("SELECT 1"))).code).toMatch(/response_invalid|remote_failed/)
})

test("an upsert into another table than Iceberg's is refused before anything is written, and an append is not", async () => {
  await own.query("CREATE TABLE lake.conformance.hive_rows (a integer, b varchar)")
  const to = { path: ["hive_rows"], kind: "table", columns: [], key: ["a"] } as const
  const batch = { columns: [column("a", "integer"), column("b", "string")], rows: [[1, "one"]] }
  const refused = await failure(run((session) => session.write(to, batch, { mode: "upsert" })))
  expect([refused.code, refused.message]).toEqual(["unsupported", expect.stringContaining("is not an Iceberg table")])
  expect(await own.query("SELECT * FROM lake.conformance.hive_rows")).toEqual([])
  expect(await run((session) => session.write(to, batch, { mode: "append" }))).toMatchObject({ written: 1, rejected: [] })
})

test("EXPLAIN ANALYZE and UNLOAD, which do more than read, are refused", async () => {
  expect((await failure(query("EXPLAIN ANALYZE SELECT 1"))).code).toBe("query_invalid")
  expect((await failure(query("UNLOAD (SELECT 1) TO 's3://x/y' WITH (format = 'JSON')"))).code).toBe("query_invalid")
})
