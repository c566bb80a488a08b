import { beforeAll, describe, expect, it } from "vitest"
import { formsOf } from "../../src/core/secret-forms.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const CANARY = 'c4nary"pass/word+ü'
let config: Record<string, unknown>

const database = use(() => startTestDatabase({ password: CANARY }))
beforeAll(async () => {
  await database.query(
    "create table public.orders (id int primary key, note text, amount numeric(12,2)); insert into orders select i, 'n' || i, i * 1.5 from generate_series(1, 50) i",
  )
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  config = database.config
})

const create = (name: string, more: object = {}) => hub.call("POST", "/v1/connectors", { name, type: "postgres", config: database.config, ...more })
const patch = (name: string, body: object, headers: Record<string, string> = {}) => hub.call("PATCH", `/v1/connectors/${name}`, body, { headers })

describe("creating and changing", () => {
  it("a connector is untested until a test passes, then active, and in error after a failure", async () => {
    const made = await create("life")
    expect([made.status, made.body.status, made.headers.get("etag"), made.headers.get("location")]).toEqual([
      201,
      "untested",
      '"1"',
      `/v1/connectors/${made.body.id}`,
    ])
    const tested = await hub.call("POST", "/v1/connectors/life/test")
    expect([tested.status, tested.body.ok, tested.body.server.product]).toEqual([200, true, "PostgreSQL"])
    const after = (await hub.call("GET", "/v1/connectors/life")).body
    expect([after.status, after.lastTest.ok, after.version]).toEqual(["active", true, 1])
    const changed = await patch("life", { config: { password: "wrong-one" } })
    expect([changed.status, changed.body.status, changed.body.version]).toEqual([200, "untested", 2])
    const failed = await hub.call("POST", "/v1/connectors/life/test")
    expect([failed.status, failed.body.ok, failed.body.error.code, failed.body.error.stage]).toEqual([200, false, "auth_failed", "auth"])
    expect((await hub.call("GET", "/v1/connectors/life")).body.status).toBe("error")
  })

  it("verify stores nothing if the test fails", async () => {
    const { status, body } = await create("unverified", { verify: true, config: { ...database.config, password: "wrong-one" } })
    expect([status, body.code, body.report.error.code]).toEqual([422, "verification_failed", "auth_failed"])
    expect((await hub.call("GET", "/v1/connectors/unverified")).status).toBe(404)
    expect((await create("verified", { verify: true })).body.status).toBe("active")
    const worse = await patch("verified", { verify: true, config: { password: "wrong-one" } })
    expect(worse.body.code).toBe("verification_failed")
    expect((await hub.call("POST", "/v1/connectors/verified/test")).body.ok).toBe(true)
  })

  it("a draft lists its missing fields, cannot be used, and can be completed", async () => {
    const { status, body } = await create("draft", { draft: true, config: { port: 5432 } })
    expect([status, body.status, body.missing.map((each: { pointer: string }) => each.pointer)]).toEqual([201, "incomplete", ["/host", "/user"]])
    const test = await hub.call("POST", "/v1/connectors/draft/test")
    expect([test.status, test.body.code]).toEqual([409, "connector_incomplete"])
    expect((await patch("draft", { config })).body).toMatchObject({ status: "untested", missing: [] })
    expect((await patch("draft", { enabled: false })).body.status).toBe("disabled")
    expect((await hub.call("POST", "/v1/connectors/draft/test")).body.code).toBe("connector_disabled")
    expect((await patch("draft", { enabled: true })).body.status).toBe("untested")
  })

  it("a disabled draft can be renamed, and is a draft again when it is enabled", async () => {
    await create("half", { draft: true, config: { port: 5432 } })
    expect((await patch("half", { enabled: false })).body.status).toBe("disabled")
    expect((await patch("half", { title: "Half" })).body).toMatchObject({ status: "disabled", title: "Half" })
    expect((await patch("half", { enabled: true })).body).toMatchObject({ status: "incomplete", missing: [{}, {}] })
  })

  it("a patch keeps unnamed values, clears null values, and keeps a secret by its mask", async () => {
    const { body: made } = await create("patched", { title: "T", description: "D", labels: { team: "ops" }, purpose: "source" })
    expect(made.config.password).toEqual({ set: true, fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/) })
    const masked = await patch("patched", { config: { ...made.config }, purpose: null })
    expect(masked.body.config).toEqual(made.config)
    expect([masked.body.title, masked.body.description, masked.body.labels, masked.body.purpose]).toEqual(["T", "D", { team: "ops" }, null])
    expect((await hub.call("POST", "/v1/connectors/patched/test")).body.ok, "the kept secret can still be opened").toBe(true)
    const cleared = await patch("patched", { config: { password: null, database: null } })
    expect(cleared.body.config.password).toBeUndefined()
    expect((await hub.call("POST", "/v1/connectors/patched/test")).body.error.code).toBe("auth_failed")
  })

  it("no update is lost: with If-Match one of two succeeds, and without it both do", async () => {
    const { headers } = await create("raced")
    const etag = headers.get("etag") ?? ""
    const two = await Promise.all([patch("raced", { title: "a" }, { "if-match": etag }), patch("raced", { title: "b" }, { "if-match": etag })])
    expect(two.map((each) => each.status).sort()).toEqual([200, 412])
    const many = await Promise.all(["c", "d", "e", "f"].map((key) => patch("raced", { config: { database: key } })))
    expect(many.map((each) => each.status)).toEqual([200, 200, 200, 200])
    expect((await hub.call("GET", "/v1/connectors/raced")).body.version).toBe(6)
  })

  it("of two concurrent creations with the same name, one succeeds", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => create("twin")))
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409, 409])
  })

  it("a deleted connector no longer exists, and its name can be used again", async () => {
    await create("gone")
    await hub.call("POST", "/v1/connectors/gone/discover")
    expect((await hub.call("DELETE", "/v1/connectors/gone")).status).toBe(204)
    expect((await hub.call("GET", "/v1/connectors/gone")).status).toBe(404)
    expect((await create("gone")).status).toBe(201)
  })
})

describe("lists", () => {
  it("the list pages through all connectors, each once, and filters", async () => {
    const names = Array.from({ length: 7 }, (_, index) => `page-${index}`)
    for (const name of names) await create(name, { labels: { suite: "paging" }, title: `Title % ${name}` })
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const { body }: { body: { data: { name: string }[]; nextCursor: string | null; total: number } } = await hub.call(
        "GET",
        `/v1/connectors?label=suite:paging&limit=3${cursor === null ? "" : `&cursor=${cursor}`}`,
      )
      expect(body.total).toBe(7)
      seen.push(...body.data.map((each) => each.name))
      cursor = body.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual(names)
    const find = async (query: string) => (await hub.call("GET", `/v1/connectors?limit=100&${query}`)).body.total
    expect(await find("q=PAGE-3")).toBe(1)
    expect(await find(`q=${encodeURIComponent("% page")}`), "a percent sign is text and not a wildcard").toBe(7)
    expect(await find("type=http")).toBe(0)
    expect(await find("status=disabled")).toBe(0)
  })
})

describe("catalog, query, preview", () => {
  beforeAll(() => create("data"))

  it("has no catalog before the first discovery, then a complete one", async () => {
    const none = await hub.call("GET", "/v1/connectors/data/catalog")
    expect([none.status, none.body.code]).toEqual([409, "catalog_missing"])
    const { status, body } = await hub.call("POST", "/v1/connectors/data/discover")
    expect([status, body.version, body.complete, body.counts.total]).toEqual([200, 1, true, 1])
    expect(body.streams[0]).toMatchObject({ path: ["public", "orders"], kind: "table", key: ["id"] })
    expect((await hub.call("GET", "/v1/connectors/data/catalog?search=AMOUNT")).body.total).toBe(1)
    expect((await hub.call("GET", "/v1/connectors/data/catalog?search=nothing")).body.streams).toEqual([])
  })

  it("searches and pages a larger schema, and keeps the old catalog if discovery fails", async () => {
    await database.query("create schema many; do $$ begin for i in 1..130 loop execute format('create table many.t%s (a int, b text)', i); end loop; end $$")
    const { body } = await hub.call("POST", "/v1/connectors/data/discover")
    expect([body.version, body.counts.streams, body.complete]).toEqual([2, 131, true])
    const page = await hub.call("GET", `/v1/connectors/data/catalog?search=many&limit=100`)
    const rest = await hub.call("GET", `/v1/connectors/data/catalog?search=many&limit=100&cursor=${page.body.nextCursor}`)
    expect([page.body.total, page.body.streams.length, rest.body.streams.length, rest.body.nextCursor]).toEqual([130, 100, 30, null])
    await patch("data", { config: { password: "wrong-one" } })
    const failed = await hub.call("POST", "/v1/connectors/data/discover")
    expect([failed.status, failed.body.code]).toEqual([502, "auth_failed"])
    expect((await hub.call("GET", "/v1/connectors/data/catalog")).body.version).toBe(2)
    await patch("data", { config: { password: CANARY } })
  })

  it("queries with bound parameters; limits the rows and marks a truncated answer", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors/data/query", {
      statement: "select id, amount from orders where id <= $1 order by id",
      params: [3],
      maxRows: 2,
    })
    expect([status, body.rows, body.truncated]).toEqual([
      200,
      [
        { id: 1, amount: "1.50" },
        { id: 2, amount: "3.00" },
      ],
      true,
    ])
    const tooMany = await hub.call("POST", "/v1/connectors/data/query", { statement: "select 1", maxRows: 10_001 })
    expect([tooMany.status, tooMany.body.errors[0].pointer]).toEqual([422, "/maxRows"])
  })

  it.each([
    ["select nope from orders", 422, "query_invalid", /nope/],
    ["select * from nowhere", 422, "query_invalid", /nowhere/],
    ["delete from orders", 422, "query_invalid", /SELECT/i],
    ["select 1; drop table orders", 422, "query_invalid", /one statement|multiple/i],
    ["with gone as (delete from orders returning 1) select * from gone", 422, "query_invalid", /read-only/i],
    ["select pg_sleep(20)", 504, "timed_out", /./],
  ])("rejects or stops %s", async (statement, status, code, message) => {
    const { status: got, body } = await hub.call("POST", "/v1/connectors/data/query", { statement, timeoutMs: 1_000 })
    expect([got, body.code]).toEqual([status, code])
    expect(body.detail).toMatch(message)
    expect((await database.query("select count(*)::int as n from orders"))[0]).toEqual({ n: 50 })
  })

  it("streams NDJSON and CSV, and reports a broken stream", async () => {
    const run = (accept: string, statement: string) => hub.call("POST", "/v1/connectors/data/query", { statement }, { headers: { accept } })
    const lines = (await run("application/x-ndjson", "select g as id, null as n from generate_series(1, 3000) g")).text.trim().split("\n")
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([3000, '{"id":1,"n":null}', '{"id":3000,"n":null}'])
    const csv = await run("text/csv", `select 1 as a, 'x"y' as b, null as c, '' as d`)
    expect(csv.text).toBe('a,b,c,d\r\n1,"x""y",,""\r\n')
    const broken = await run("application/x-ndjson", "select 100 / (2500 - g) as q from generate_series(1, 3000) g")
    const last = JSON.parse(broken.text.trim().split("\n").at(-1) ?? "")
    expect([broken.status, last.$error.code]).toEqual([200, "query_invalid"])
    await expect(run("text/csv", "select 100 / (2500 - g) as q from generate_series(1, 3000) g")).rejects.toThrow()
    expect((await run("text/csv", "select nope")).status, "an error before the first row is a plain error").toBe(422)
  })

  it("previews a stream without SQL, and reports a missing stream", async () => {
    const rows = (stream: string[]) => hub.call("GET", `/v1/connectors/data/rows?limit=2&stream=${encodeURIComponent(JSON.stringify(stream))}`)
    const { status, body } = await rows(["public", "orders"])
    expect([status, body.rows.length, body.truncated, body.rows[0]]).toEqual([200, 2, true, { id: 1, note: "n1", amount: "1.50" }])
    const none = await rows(["public", 'x"; drop table orders; --'])
    expect([none.status, none.body.code]).toEqual([404, "stream_not_found"])
  })
})

describe("tests in stages", () => {
  it("streams each stage as it ends, then the report", async () => {
    await create("staged")
    const { text, headers } = await hub.call("POST", "/v1/connectors/staged/test", {}, { headers: { accept: "application/x-ndjson" } })
    expect(headers.get("content-type")).toContain("ndjson")
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(lines.slice(0, -1).map((line) => line.stage.name)).toEqual(["config", "resolve", "policy", "connect", "auth", "permission", "probe"])
    expect(lines.at(-1).report.stages).toEqual(lines.slice(0, -1).map((line) => line.stage))
  })

  it("an unsaved config is tested but not stored, and its faults are faults of the request", async () => {
    const before = (await hub.call("GET", "/v1/connectors")).body.total
    expect((await hub.call("POST", "/v1/connectors/test", { type: "postgres", config })).body.ok).toBe(true)
    expect((await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: {} })).body.code).toBe("config_invalid")
    expect((await hub.call("GET", "/v1/connectors")).body.total).toBe(before)
  })

  it("never takes longer than its deadline, and reports the stage that hung", async () => {
    await using silent = await listenRaw()
    const { port } = silent
    const { body: rule } = await hub.call("POST", "/v1/egress", { rule: `127.0.0.1/32:${port}` })
    const { body } = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: { ...config, port }, timeoutMs: 1_000 })
    expect([body.ok, body.error.code, body.error.stage]).toEqual([false, "timed_out", "auth"])
    expect(body.durationMs).toBeLessThan(4_000)
    await hub.call("DELETE", `/v1/egress/${rule.id}`)
  })

  it("an operator sees why an address is denied and how to allow it; other users cannot distinguish it from a closed port", async () => {
    const denied = { ...config, host: "10.1.2.3" }
    const operator = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: denied })
    expect([operator.body.error.code, operator.body.error.stage]).toEqual(["egress_denied", "policy"])
    expect(operator.body.error.message).toContain(`jackfield egress allow 10.1.2.3/32:${database.port}`)
    const other = await hub.workspace("tenants")
    const unused = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: denied }, { key: other.key })
    const { body: rule } = await hub.call("POST", "/v1/egress", { rule: "127.0.0.1/32:1" })
    const closed = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: { ...config, host: "127.0.0.1", port: 1 } }, { key: other.key })
    await hub.call("DELETE", `/v1/egress/${rule.id}`)
    const shape = (report: { ok: boolean; stages: { name: string; status: string; detail?: string }[]; error: object }) => ({
      ...report,
      durationMs: 0,
      stages: report.stages.map((stage) => ({ ...stage, durationMs: 0 })),
    })
    const neutral = (value: unknown) =>
      JSON.stringify(value).replaceAll("10.1.2.3", "HOST").replaceAll("127.0.0.1", "HOST").replaceAll(`:${database.port}`, ":PORT").replaceAll(/:1\b/g, ":PORT")
    expect(neutral(shape(unused.body))).toBe(neutral(shape(closed.body)))
    expect(unused.body.stages.map((stage: { name: string }) => stage.name)).toEqual(["config", "connect"])
  })

  it("operators see a test's result with its cause, whoever started the test, and other users see only what they may", async () => {
    await create("denied", { config: { ...config, host: "10.1.2.3" } })
    expect((await hub.call("POST", "/v1/connectors/denied/test")).body.error.code).toBe("egress_denied")
    const { lastTest } = (await hub.call("GET", "/v1/connectors/denied", undefined, { key: await hub.keyFor("viewer") })).body
    expect([lastTest.error.code, lastTest.error.stage]).toEqual(["host_unreachable", "connect"])
    expect(JSON.stringify(lastTest)).not.toMatch(/egress|allowWith|policy|forOperators/)
    await hub.call("POST", "/v1/connectors/denied/test", {}, { key: await hub.keyFor("editor") })
    const shown = [
      (await hub.call("GET", "/v1/connectors/denied")).body,
      (await hub.call("GET", "/v1/connectors?limit=100")).body.data.find(({ name }: { name: string }) => name === "denied"),
    ]
    for (const connector of shown) expect([connector.lastTest.error.code, connector.lastTest.error.stage]).toEqual(["egress_denied", "policy"])
    expect(JSON.stringify(shown)).not.toContain("forOperators")
  })

  it("never reaches the hub's own listener or database, even if a rule allows them", async () => {
    const { port } = await hub.served.hub.store.address()
    const { body: rule } = await hub.call("POST", "/v1/egress", { rule: "127.0.0.0/8" })
    const own = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: { ...config, port } })
    const listener = await hub.call("POST", "/v1/connectors/test", { type: "http", config: { url: `${hub.url}/healthz` } })
    expect([own.body.error.code, listener.body.error.code]).toEqual(["egress_denied", "egress_denied"])
    expect((await hub.call("DELETE", `/v1/egress/${rule.id}`)).status).toBe(204)
  })
})

describe("secrets", () => {
  it("no answer, log line or stored text contains one, in any encoding", async () => {
    await create("secretive")
    await hub.call("POST", "/v1/connectors/secretive/test")
    await hub.call("POST", "/v1/connectors/secretive/query", { statement: `select '${CANARY.replaceAll("'", "''")}' as leak, nope` })
    const answers = await Promise.all(
      ["/v1/connectors?limit=100", "/v1/connectors/secretive", "/metrics", "/openapi.json"].map((path) => hub.call("GET", path)),
    )
    const refused = await create("secretive")
    const seen = [...answers.map((each) => each.text), refused.text, hub.log()].join("\n")
    for (const form of formsOf(CANARY)) expect(seen.includes(form), form).toBe(false)
    expect(hub.log()).toContain("request")
  })

  it("a secret that is moved to another field or connector in the database cannot be opened", async () => {
    const { body: a } = await create("moved-a")
    const { body: b } = await create("moved-b")
    const workspace = (await hub.call("GET", "/v1/me")).body.workspace.id
    await hub.served.hub.store.inWorkspace(workspace, async (tx) => {
      const from = await tx.selectFrom("connector_secrets").select("ciphertext").where("connector_id", "=", a.id).executeTakeFirstOrThrow()
      await tx.updateTable("connector_secrets").set({ ciphertext: from.ciphertext }).where("connector_id", "=", b.id).execute()
    })
    const { status, body } = await hub.call("POST", "/v1/connectors/moved-b/test")
    expect([status, body.code]).toEqual([500, "secret_unreadable"])
    expect((await hub.call("POST", "/v1/connectors/moved-a/test")).body.ok).toBe(true)
  })
})
