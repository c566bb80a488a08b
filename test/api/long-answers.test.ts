import { beforeAll, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
beforeAll(async () => {
  expect((await hub.call("POST", "/v1/connectors", { name: "pg", type: "postgres", config: database.config })).status).toBe(201)
})

const query = (statement: string, headers: Record<string, string> = {}, maxRows?: number) =>
  hub.call("POST", "/v1/connectors/pg/query", { statement, ...(maxRows === undefined ? {} : { maxRows }) }, { headers })

/** Names and values that JSON escapes, or that a pattern over the JSON text could misread. */
const HARD = `select n as "rows", '"rows":[]' as """rows"":[]", E'\\u2028 é \\\\ "' as text, null::text as nothing, n / 7.0 as exact, array[n, null] as list
  from generate_series(1, 7000) n`

describe("an answer of rows as JSON", () => {
  test.each([1, 100, 7_000])("of %i rows is the same as its stream", async (rows) => {
    const { status, body, headers } = await query(HARD, {}, rows)
    expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"])
    expect([body.rowCount, body.truncated, body.rows.length]).toEqual([rows, rows < 7_000, rows])
    const lines = (await query(HARD, { accept: "application/x-ndjson" }, rows)).text.trimEnd().split("\n")
    expect(body.rows).toEqual(lines.map((line) => JSON.parse(line)))
    expect(body.columns.map(({ name }: { name: string }) => name)).toEqual(["rows", '"rows":[]', "text", "nothing", "exact", "list"])
  })

  test("with several columns of one name has each of them, and names that JavaScript reserves work", async () => {
    const { text, body } = await query(`select 1 as a, 2 as b, 3 as a, 4 as "__proto__"`)
    expect(text).toContain('"rows":[{"a":1,"b":2,"a_2":3,"__proto__":4}]')
    expect(body.columns).toHaveLength(4)
  })

  test("without rows or without columns is valid", async () => {
    expect((await query("select 1 as a where false")).body).toMatchObject({ rows: [], rowCount: 0 })
    expect((await query("select from generate_series(1, 2)")).body).toMatchObject({ columns: [], rows: [{}, {}], rowCount: 2 })
  })

  test("of more than 64 MiB is rejected, and one of 64 MiB is complete", async () => {
    const refused = await query("select repeat('x', 9000) as a from generate_series(1, 10000)")
    expect([refused.status, refused.body.code]).toEqual([502, "response_too_large"])
    const { status, body } = await query("select repeat('x', 6000) as a from generate_series(1, 10000)")
    expect([status, body.rowCount, body.rows.at(-1).a.length]).toEqual([200, 10_000, 6_000])
  })

  test("is complete for each caller if several long ones are sent at once", { timeout: 120_000 }, async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => query("select repeat('x', 3000) as a from generate_series(1, 9000)")))
    expect(answers.map(({ status, body }) => [status, body.rowCount])).toEqual(Array.from({ length: 8 }, () => [200, 9_000]))
  })
})
