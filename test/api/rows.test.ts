import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const NDJSON = { accept: "application/x-ndjson" }
const CSV = { accept: "text/csv" }
const ROWS = 2_500
const RECORDS = 250
const PAGE = 30

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const database = use(() => startTestDatabase())
/** Serves records page by page, each with its number. */
const api = use(() =>
  listenHttp((request, response) => {
    const page = Number(new URL(request.url ?? "/", "http://x").searchParams.get("page") ?? "1")
    const from = (page - 1) * PAGE
    const records = Array.from({ length: Math.max(0, Math.min(PAGE, RECORDS - from)) }, (_, index) => ({ id: from + index + 1, "a,b": `r${from + index + 1}` }))
    response.setHeader("content-type", "application/json").end(JSON.stringify({ records }))
  }),
)

interface Subject {
  readonly connector: string
  readonly path: readonly string[]
  readonly rows: number
}
const file = Array.from({ length: ROWS }, (_, index) => `${index + 1},"row ${index + 1}, quoted"`)

beforeAll(async () => {
  await database.query(
    `CREATE TABLE numbers (id int PRIMARY KEY, name text, half numeric);
     INSERT INTO numbers SELECT n, 'row ' || n, n / 2.0 FROM generate_series(1, ${ROWS}) n;
     CREATE TABLE keyless (n int); INSERT INTO keyless SELECT generate_series(1, 50);
     CREATE TABLE reserved ("$error" text PRIMARY KEY, "$cursor" text, "$$rejected" text, plain text); INSERT INTO reserved VALUES ('a', 'b', 'c', 'd');
     CREATE TABLE wide (id int PRIMARY KEY, filling text); INSERT INTO wide SELECT n, repeat('x', 1000000) FROM generate_series(1, 40) n;`,
  )
  const { body } = await hub.call("POST", "/v1/uploads?name=numbers.csv", `id,text\n${file.join("\n")}\n`, { headers: { "content-type": "text/csv" } })
  const bad = await hub.call("POST", "/v1/uploads?name=bad.csv", "id,text\n1,a\n2,b,c\n3,d\n", { headers: { "content-type": "text/csv" } })
  const made = [
    { name: "shop", type: "postgres", config: database.config },
    { name: "file", type: "csv", config: { source: { kind: "upload", upload: body.id } } },
    { name: "bad", type: "csv", config: { source: { kind: "upload", upload: bad.body.id } } },
    { name: "api", type: "http", config: { url: `${api.url}/records`, records: "records", paging: { kind: "page", parameter: "page" } } },
  ]
  for (const connector of made) {
    const { status, text } = await hub.call("POST", "/v1/connectors", connector)
    expect(status, text).toBe(201)
  }
})

const subjects: readonly Subject[] = [
  { connector: "shop", path: ["public", "numbers"], rows: ROWS },
  { connector: "file", path: ["numbers.csv"], rows: ROWS },
  { connector: "api", path: ["records"], rows: RECORDS },
]

const read = (connector: string, path: readonly string[], more: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}) =>
  hub.call("GET", `/v1/connectors/${connector}/rows?${new URLSearchParams({ stream: JSON.stringify(path), ...more })}`, undefined, { headers })
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe.each(subjects)("a stream of $connector", ({ connector, path, rows }) => {
  it("is read completely in pages, each row once", async () => {
    const ids: unknown[] = []
    let cursor: string | undefined
    for (let page = 1; ; page++) {
      const { status, body, text } = await read(connector, path, { limit: "70", ...(cursor === undefined ? {} : { cursor }) })
      expect(status, text).toBe(200)
      ids.push(...body.rows.map((row: { id: number }) => row.id))
      expect(body.rowCount).toBe(body.rows.length)
      if (body.nextCursor === null) {
        expect(body.truncated).toBe(false)
        expect(page).toBe(Math.ceil(rows / 70))
        break
      }
      expect(body).toMatchObject({ rowCount: 70, truncated: true })
      cursor = body.nextCursor
    }
    expect(ids).toEqual(Array.from({ length: rows }, (_, index) => index + 1))
  })

  it("has no further page if the rows fill the last one exactly", async () => {
    const { body } = await read(connector, path, { limit: String(rows) })
    expect(body).toMatchObject({ rowCount: rows, truncated: false, nextCursor: null })
  })

  it("is streamed completely as NDJSON, and resumes from any of its cursors", async () => {
    const whole = await read(connector, path, { cursors: "true" }, NDJSON)
    expect(whole.headers.get("content-type")).toBe("application/x-ndjson")
    const lines = linesOf(whole.text)
    const all = lines.filter((line) => !("$cursor" in line)).map(({ id }) => id)
    expect(all).toEqual(Array.from({ length: rows }, (_, index) => index + 1))
    const cursors = lines.flatMap((line, index) => ("$cursor" in line ? [{ cursor: String(line["$cursor"]), before: lines.slice(0, index) }] : []))
    expect(cursors.length).toBeGreaterThan(1)
    for (const { cursor, before } of cursors.slice(0, 2)) {
      const done = before.filter((line) => !("$cursor" in line)).length
      const rest = linesOf((await read(connector, path, { cursor }, NDJSON)).text).map(({ id }) => id)
      expect(rest).toEqual(all.slice(done))
    }
  })

  it("is streamed completely as CSV, or up to the limit", async () => {
    const { text, headers } = await read(connector, path, {}, CSV)
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8")
    expect(text.trimEnd().split("\r\n")).toHaveLength(rows + 1)
    expect((await read(connector, path, { limit: "45" }, CSV)).text.trimEnd().split("\r\n")).toHaveLength(46)
    expect(linesOf((await read(connector, path, { limit: "45" }, NDJSON)).text)).toHaveLength(45)
  })

  it("returns the requested columns in their order, with and without a catalog", async () => {
    const other = connector === "shop" ? "half" : connector === "file" ? "text" : "a,b"
    for (const discovered of [false, true]) {
      if (discovered) expect((await hub.call("POST", `/v1/connectors/${connector}/discover`, {})).status).toBe(200)
      const { body, text } = await read(connector, path, { columns: JSON.stringify([other]), limit: "2" })
      expect(
        body.columns?.map(({ name }: { name: string }) => name),
        text,
      ).toEqual([other])
      expect(Object.keys(body.rows[0])).toEqual([other])
      const csv = await read(connector, path, { columns: JSON.stringify([other, "id"]), limit: "1" }, CSV)
      expect(csv.text.split("\r\n")[0]).toBe(other === "a,b" ? '"a,b",id' : `${other},id`)
      const gone = await read(connector, path, { columns: '["id","gone"]' })
      expect(gone.status).toBe(422)
      expect(gone.body.detail).toMatch(/has no column gone; it has /)
    }
  })

  it.each(["nonsense", "e30", Buffer.from('["x"]').toString("base64url"), Buffer.from("null").toString("base64url")])(
    "rejects the cursor %s",
    async (cursor) => {
      for (const headers of [{}, NDJSON, CSV]) {
        const { status, body } = await read(connector, path, { cursor }, headers)
        expect(status).toBe(422)
        expect(body.errors).toEqual([{ pointer: "/cursor", message: "Not a cursor of this stream." }])
      }
    },
  )
})

describe("rows that cannot be resumed or shown", () => {
  it("reports that a stream without a key has more rows than the page", async () => {
    expect((await read("shop", ["public", "keyless"], { limit: "10" })).body).toMatchObject({ rowCount: 10, truncated: true, nextCursor: null })
    expect((await read("shop", ["public", "keyless"], { limit: "50" })).body).toMatchObject({ rowCount: 50, truncated: false, nextCursor: null })
  })

  it("ends a page of long rows early, with a cursor", async () => {
    const ids: number[] = []
    let cursor: string | undefined
    do {
      const { body } = await read("shop", ["public", "wide"], { limit: "40", ...(cursor === undefined ? {} : { cursor }) })
      ids.push(...body.rows.map(({ id }: { id: number }) => id))
      cursor = body.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(ids).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  })

  it("reports the records of a file that are not rows: in JSON, as lines of NDJSON, and by stopping CSV", async () => {
    const rejected = { line: 3, lastLine: 3, reason: expect.any(String) }
    expect((await read("bad", ["bad.csv"])).body).toMatchObject({ rowCount: 2, rejected: { count: 1, records: [rejected] } })
    expect(linesOf((await read("bad", ["bad.csv"], {}, NDJSON)).text)).toEqual(
      expect.arrayContaining([{ id: 1, text: "a" }, { id: 3, text: "d" }, { $rejected: rejected }]),
    )
    const refused = await read("bad", ["bad.csv"], {}, CSV)
    expect(refused.status).toBe(502)
    expect(refused.body.detail).toMatch(/line 3 is not a row .*skipRejected=true/)
    expect((await read("bad", ["bad.csv"], { skipRejected: "true" }, CSV)).text).toBe("id,text\r\n1,a\r\n3,d\r\n")
  })

  it("distinguishes rows from its own lines, whatever the names of columns", async () => {
    expect(linesOf((await read("shop", ["public", "reserved"], {}, NDJSON)).text)).toEqual([{ $$error: "a", $$cursor: "b", $$$rejected: "c", plain: "d" }])
  })

  it.each([
    ["stream", "public.numbers", "must be a JSON array"],
    ["stream", "[]", "must be a JSON array"],
    ["columns", "id", "must be a JSON array"],
    ["columns", '["id","id"]', "names id twice"],
    ["limit", "0", ""],
    ["limit", "10001", "at most 10000 for a JSON answer"],
  ])("rejects %s=%s", async (name, value, message) => {
    const { status, body } = await read("shop", ["public", "numbers"], { [name]: value })
    expect(status).toBe(422)
    expect(JSON.stringify(body.errors)).toContain(message)
    expect(body.errors[0].pointer).toBe(`/querystring/${name}`)
  })

  it("rejects a request for cursor lines in CSV", async () => {
    expect((await read("shop", ["public", "numbers"], { cursors: "true" }, CSV)).status).toBe(422)
  })
})

describe("the format of an answer", () => {
  const form = async (accept: string) => {
    const { status, headers } = await read("shop", ["public", "numbers"], { limit: "1" }, { accept })
    return status === 200 ? headers.get("content-type")?.split(";", 1)[0] : status
  }
  it.each([
    ["", "application/json"],
    ["*/*", "application/json"],
    ["application/*", "application/json"],
    ["text/*", "text/csv"],
    ["text/csv; charset=utf-8", "text/csv"],
    ["TEXT/CSV", "text/csv"],
    ["application/json, application/x-ndjson", "application/json"],
    ["application/x-ndjson, application/json", "application/x-ndjson"],
    ["application/json;q=0.5, text/csv;q=0.8", "text/csv"],
    ["application/x-ndjson;q=0, */*", "application/json"],
    ["application/json;q=0, */*", "application/x-ndjson"],
    ["application/json;q=0, application/x-ndjson;q=0, */*;q=0.1", "text/csv"],
    ["text/html, application/xhtml+xml, */*;q=0.8", "application/json"],
    ["text/html", 406],
    ["application/x-ndjson;q=0", 406],
    ["*/*;q=0", 406],
    ["x-application/x-ndjson-not", 406],
  ])("for %j is %s", async (accept, wanted) => {
    expect(await form(accept)).toBe(wanted)
  })

  it("is rejected before any work starts, and the error names the available formats", async () => {
    const before = (await hub.call("GET", "/v1/connectors")).body.total
    const refused = await hub.call("POST", "/v1/connectors", { name: "never", type: "postgres", config: database.config }, { headers: { accept: "text/csv" } })
    expect(refused.status).toBe(406)
    expect(refused.headers.get("content-type")).toContain("application/problem+json")
    expect(refused.body).toMatchObject({ code: "not_acceptable", detail: "The Accept header must allow application/json, the only form of this answer." })
    expect((await hub.call("GET", "/v1/connectors")).body.total).toBe(before)
  })

  it("is selected by the same rules for statements and tests", async () => {
    const query = (accept: string) => hub.call("POST", "/v1/connectors/shop/query", { statement: "select 1 as one" }, { headers: { accept } })
    expect((await query("application/x-ndjson;q=0, application/json")).body).toMatchObject({ rows: [{ one: 1 }] })
    expect((await query("application/x-ndjson")).text).toBe('{"one":1}\n')
    const test = (accept: string) => hub.call("POST", "/v1/connectors/shop/test", {}, { headers: { accept } })
    expect((await test("application/x-ndjson;q=0, application/json")).body).toMatchObject({ ok: true })
    expect(linesOf((await test("application/x-ndjson")).text).at(-1)).toMatchObject({ report: { ok: true } })
    expect((await test("text/csv")).status).toBe(406)
  })
})
