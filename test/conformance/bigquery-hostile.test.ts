import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { bigquery } from "../../src/connectors/bigquery.ts"
import type { Session } from "../../src/core/session.ts"
import { Written } from "../fixtures/bigquery/written.ts"
import { startOwnBigQuery } from "../fixtures/bigquery.ts"
import { json } from "../fixtures/bigquery-server.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf, valuesOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const own = use(() =>
  startOwnBigQuery((registry) => {
    registry.set("conformance.listed", { type: "BASE TABLE", columns: [{ name: "id", native: "INT64", nullable: true }], key: [] })
    return new Written(registry)
  }),
)
type Options = Parameters<typeof withSession>[3]
const run = <T>(work: (session: Session) => Promise<T>, options: Options = {}, more: object = {}): Promise<T> =>
  withSession({ connector: bigquery }, { ...own.config, ...more }, work, options)
const query = (options: Options = {}) => run((session) => valuesOf(session.query("SELECT 1")), options)
/** Answers matching requests so while the work lasts. */
async function answering<T>(pattern: RegExp, answer: (response: ServerResponse) => void, work: () => Promise<T>): Promise<T> {
  using _rule = { [Symbol.dispose]: own.front.answer(pattern, answer) }
  return await work()
}
const says = (body: object) => (response: ServerResponse) => json(response, 200, body)

const RESULTS = /GET .*\/queries\//
const fields = [{ name: "id", type: "INTEGER" }]
const page = (rows: unknown, more: object = {}) => says({ jobComplete: true, schema: { fields }, totalRows: "3", rows, ...more })
const one = [{ f: [{ v: "1" }] }]

describe("a result that lies is refused:", () => {
  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["it ends before its last row", page(one), /ends after 1 of 3 rows/],
    ["it has more rows than it says", page([...one, ...one, ...one, ...one]), /leads on behind its 3 rows/],
    ["its pages are one", page(one, { pageToken: "same" }), /leads on behind its 3 rows/],
    ["its pages are empty", page([], { pageToken: "same" }), /leads on behind its 3 rows/],
    ["its rows are no list", page("x"), /no rows and fields/],
    ["a row has no cells", page([{}], { totalRows: "1" }), /a row without its 1 values/],
    ["a row has too many cells", page([{ f: [{ v: "1" }, { v: "2" }] }], { totalRows: "1" }), /a row without its 1 values/],
    ["a value is an object", page([{ f: [{ v: { a: 1 } }] }], { totalRows: "1" }), /a value of id \(INT64\)/],
    ["it is no JSON", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"), /not JSON/],
    ["it is a redirect", (response) => void response.writeHead(302, { location: "https://169.254.169.254/" }).end(), /redirect/],
  ])("%s", async (_, answer, message) => {
    const error = await answering(RESULTS, answer, () => failure(query()))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(message)])
  })

  test.each<[string, object, RegExp]>([
    ["its job is nowhere", {}, /no job with a location/],
    ["its job is at a path", { jobReference: { location: "../../x?y=" } }, /no job with a location/],
  ])("%s", async (_, body, message) => {
    own.front.failNext(says({ statistics: { query: { statementType: "SELECT" } } }), says(body))
    expect(await failure(query())).toMatchObject({ code: "response_invalid", message: expect.stringMatching(message) })
  })

  test.each(["no status", "a status of another form"])("a dry run with %s runs nothing", async (form) => {
    own.front.failNext(says(form === "no status" ? {} : { statistics: { query: { statementType: ["SELECT"] } } }))
    expect((await failure(query())).code).toMatch(/query_invalid|response_invalid/)
  })
})

test("a result that never ends is read as it comes, and ends with the reader", async () => {
  let pages = 0
  const endless = (response: ServerResponse): void =>
    json(response, 200, { jobComplete: true, schema: { fields }, totalRows: "1000000000000", rows: Array(500).fill(one[0]), pageToken: `p${pages++}` })
  const rows = await answering(RESULTS, endless, () => query({ maxRows: 2_000 }))
  expect([rows.length, pages]).toEqual([2_000, 4])
})

test("a server that dies in the middle ends the read with an error, and its rows so far were there", async () => {
  let pages = 0
  const dying = (response: ServerResponse): void => {
    if (pages++ === 0) json(response, 200, { jobComplete: true, schema: { fields }, totalRows: "2", rows: one, pageToken: "p" })
    else response.destroy()
  }
  const seen: unknown[] = []
  const error = await answering(RESULTS, dying, () =>
    failure(
      run(async (session) => {
        for await (const { rows } of session.query("SELECT 1")) seen.push(...rows)
      }),
    ),
  )
  expect([error.code, seen]).toEqual(["connection_lost", [["1"]]])
})

test("a statement whose answer never comes is cancelled on the server at the deadline", async () => {
  const before = own.front.requests.length
  await answering(RESULTS, says({ jobComplete: false }), async () => {
    expect((await failure(query({ deadlineMs: 1_000 }))).code).toBe("timed_out")
  })
  expect(own.front.requests.slice(before).some(({ line }) => /POST .*\/jobs\/jackfield_[\w-]+\/cancel\?location=europe-west3$/.test(line))).toBe(true)
})

describe("a listing that lies is refused:", () => {
  const DATA = /GET .*\/tables\/listed\/data/
  const read = () => run((session) => rowsOf(session.read({ path: ["listed"], kind: "table", columns: [column("id", "integer", "INT64")], key: [] })))

  test.each<[string, object, RegExp]>([
    ["one page leads to itself", { rows: one, pageToken: "same" }, /same page again and again/],
    ["a page is empty and not the last", { rows: [], pageToken: "more" }, /same page again and again/],
    ["its rows are no list", { rows: {} }, /has no rows/],
    ["a row has no cells", { rows: [null] }, /a row without its 1 values/],
  ])("%s", async (_, body, message) => {
    const error = await answering(DATA, says(body), () => failure(read()))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(message)])
  })

  test("datasets lead to one page again and again", async () => {
    const body = { datasets: [{ datasetReference: { datasetId: "conformance" }, location: "EU" }], nextPageToken: "same" }
    const error = await answering(/GET .*\/datasets\?/, says(body), () => failure(run((session) => collect(session.discover()), {}, { dataset: "" })))
    expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(/same page again and again/)])
  })

  test.each([[{ datasetReference: { datasetId: "a`.b" }, location: "EU" }], [{ datasetReference: { datasetId: "a" }, location: "EU`.x" }], [{}]])(
    "a dataset is %j",
    async (dataset) => {
      const error = await answering(/GET .*\/datasets\?/, says({ datasets: [dataset] }), () =>
        failure(run((session) => collect(session.discover()), {}, { dataset: "" })),
      )
      expect([error.code, error.message]).toEqual(["response_invalid", expect.stringMatching(/dataset without a name or a location/)])
    },
  )
})

test("an account that may see nothing of some datasets gets the others, and a reason", async () => {
  const denied = {
    error: { code: 403, message: "Access Denied: Table: User does not have permission", errors: [{ reason: "accessDenied" }], status: "PERMISSION_DENIED" },
  }
  const rule = (response: ServerResponse) => json(response, 403, denied)
  const found = await answering(/POST .*\/jobs$/, rule, () => run((session) => collect(session.discover()), {}, { dataset: "" }))
  expect(found.filter((each) => "skipped" in each)).toEqual([
    { skipped: { path: ["jackfield-test", "conformance"], reason: expect.stringMatching(/may not list its tables: .*Access Denied/) } },
  ])
})
