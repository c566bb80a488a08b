import { describe, expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
import type { Session } from "../../src/core/session.ts"
import type { Discovered, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { startEmulated } from "../fixtures/bigquery.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const own = use(() => startEmulated())
const run = <T>(work: (session: Session) => Promise<T>, more: object = {}): Promise<T> => withSession({ connector: bigquery }, { ...own.config, ...more }, work)
const query = (sql: string, params: readonly Value[] = []) => run((session) => valuesOf(session.query(sql, params)))
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const at = (name: string): string[] => ["jackfield-test", "conformance", name]

describe("values are exact:", () => {
  test.each<[string, unknown]>([
    ["9223372036854775807", "9223372036854775807"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["NUMERIC '12345678901234567890123456789.123456789'", "12345678901234567890123456789.123456789"],
    ["CAST('nan' AS FLOAT64)", "NaN"],
    ["CAST('-inf' AS FLOAT64)", "-Infinity"],
    ["CAST(0.1 AS FLOAT64)", 0.1],
    ["DATE '1582-10-04'", "1582-10-04"],
    ["DATE '0001-01-01'", "0001-01-01"],
    ["DATETIME '2024-03-31 02:30:00.123456'", "2024-03-31T02:30:00.123456"],
    ["TIMESTAMP '1899-12-31 23:59:59.123456+00'", "1899-12-31T23:59:59.123456Z"],
    ["TIMESTAMP '2024-03-31 03:30:00+02'", "2024-03-31T01:30:00Z"],
    ["TIME '01:02:03.500000'", "01:02:03.5"],
    ["FROM_HEX('00ff48')", "AP9I"],
    ["''", ""],
    ["CAST(NULL AS STRING)", null],
    ["[1, 2]", ["1", "2"]],
    ["TRUE", true],
    ["STRUCT(1 AS a, 'x' AS b)", { a: "1", b: "x" }],
  ])("%s", async (sql, value) => expect(plain(await query(`SELECT ${sql}`))).toEqual([[value]]))

  test.each<Value>(["it's", "'; DROP TABLE people --", "\\", '"', "?", "`", "naïve 👩‍👩‍👧", "", "a\nb", "x".repeat(5_000)])(
    "the parameter %.20j",
    async (text) => expect(await query("SELECT ?, '?'", [text])).toEqual([[text, "?"]]),
  )
})

test("a result of several pages is one result", async () => {
  const rows = await query("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS n ORDER BY n")
  expect(rows.map(([n]) => Number(n))).toEqual(Array.from({ length: 25_000 }, (_, index) => index + 1))
})

test("a dry run says the columns of a statement, and what is wrong with another", async () => {
  const said = await run((session) => session.dryRun("SELECT id, name FROM people WHERE region = ?", ["r1"]))
  expect(said.columns.map(({ name, type }) => [name, type])).toEqual([
    ["id", "integer"],
    ["name", "string"],
  ])
  expect((await failure(run((session) => session.dryRun("SELECT no_such_column FROM people")))).message).toContain("no_such_column")
})

test("a whole table is listed without a statement, and read in order by one", async () => {
  const stream: Stream = { path: at("people"), kind: "table", columns: [], key: [] }
  const before = own.front.requests.length
  const posts = () => own.front.requests.slice(before).filter(({ line }) => line.startsWith("POST /bigquery"))
  own.registry.set("conformance.loose", { type: "BASE TABLE", columns: [{ name: "id", native: "INT64", nullable: true }], key: [] })
  await run((session) => session.shape({ path: at("heap"), columns: [column("id", "integer")], key: [] }, true))
  await run((session) =>
    session.write({ path: at("heap"), kind: "table", columns: [], key: [] }, { columns: [column("id", "integer")], rows: [[1], [2]] }, { mode: "append" }),
  )
  const made = posts().length
  expect(plain(await run((session) => rowsOf(session.read({ ...stream, path: at("heap") }))))).toEqual([{ id: "1" }, { id: "2" }])
  expect(posts().length).toBe(made)
  expect(await run((session) => rowsOf(session.read(stream)))).toHaveLength(53)
  expect(posts().length).toBeGreaterThan(made)
})

test("discovery takes as many statements for many tables as for one", async () => {
  const counted = async (): Promise<readonly [number, Discovered[]]> => {
    const before = own.front.requests.length
    const found = await run((session) => collect(session.discover()))
    return [own.front.requests.slice(before).filter(({ line }) => line.startsWith("POST /bigquery")).length, found]
  }
  const [before] = await counted()
  for (let index = 0; index < 40; index++)
    own.registry.set(`conformance.many_${index}`, { type: "BASE TABLE", columns: [{ name: "id", native: "INT64", nullable: false }], key: ["id"] })
  const [after, found] = await counted()
  expect(after).toBe(before)
  expect(found.filter((each) => "stream" in each && each.stream.path.at(-1)?.startsWith("many_"))).toHaveLength(40)
})
