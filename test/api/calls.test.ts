import type { IncomingMessage } from "node:http"
import { describe, expect, test, vi } from "vitest"
import { startHub, type TestHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

const seen: Seen[] = []
const far = use(() =>
  listenHttp(async (request, response) => {
    const chunks = await request.toArray()
    seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() })
    const status = Number(/status=(\d+)/.exec(request.url ?? "")?.[1] ?? 200)
    if (/silent/.test(request.url ?? "")) return
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ seen: seen.length }))
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

let made = 0
async function connector(config: object, more: object = {}): Promise<string> {
  const { status, body } = await hub.call("POST", "/v1/connectors", { name: `c${++made}`, type: "http", config: { url: far.url, ...config }, ...more })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id as string
}
const call = (id: string, body: object, options?: Parameters<TestHub["call"]>[3]) => hub.call("POST", `/v1/connectors/${id}/call`, body, options)

const SECRET = "s3cr3t-canary-92/+é"
const everywhere = {
  method: "POST",
  headers: [
    { name: "X-Trace", value: "trace-canary-1" },
    { name: "Content-Type", value: "application/json" },
  ],
  parameters: [{ name: "api_key", value: SECRET }, { name: "page", value: "1" }, { name: "q" }],
  body: [{ name: "token", value: SECRET }, { name: "domain" }],
}

describe("a call", () => {
  test("sends one request and returns its row", async () => {
    const id = await connector(everywhere)
    const { status, body } = await call(id, { input: { q: "a b", domain: "example.com" } })
    expect([status, body.output]).toEqual([200, { seen: seen.length }])
    expect(body.durationMs).toBeGreaterThan(0)
    const request = seen.at(-1)
    expect(request?.url).toBe(`/?api_key=${encodeURIComponent(SECRET).replaceAll("%20", "+")}&page=1&q=a+b`)
    expect(JSON.parse(request?.body ?? "")).toEqual({ token: SECRET, domain: "example.com" })
  })

  test("is counted in the metrics by type, status class and bytes", async () => {
    const count = async (outcome: string): Promise<number> => {
      const { text } = await hub.call("GET", "/metrics")
      return Number(new RegExp(`jackfield_connector_request_seconds_count{type="http",outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0)
    }
    const before = [await count("2xx"), await count("5xx")]
    await call(await connector({}), {})
    await call(await connector({ url: `${far.url}/?status=500`, retries: 0 }), {})
    expect([await count("2xx"), await count("5xx")]).toEqual(before.map((number) => number + 1))
    expect((await hub.call("GET", "/metrics")).text).toMatch(/jackfield_connector_request_bytes_total{type="http",direction="received"} [1-9]/)
  })

  test("reports every fault of its input", async () => {
    const id = await connector(everywhere)
    const before = seen.length
    const { status, body } = await call(id, { input: { nope: 1, q: "x" } })
    expect([status, body.errors.map((each: { pointer: string }) => each.pointer)]).toEqual([422, ["/input/nope", "/input/domain"]])
    expect(seen.length).toBe(before)
  })

  test.each([400, 401, 403, 404, 429, 500, 503])("that the remote system rejects with %i is 502", async (refusal) => {
    const id = await connector({ url: `${far.url}/?status=${refusal}`, retries: 0 })
    const { status, body } = await call(id, {})
    expect([status, body.status]).toEqual([502, 502])
    expect(body.detail).toContain(String(refusal))
  })

  test("that gets no answer is 504 within its deadline", async () => {
    const id = await connector({ url: `${far.url}/silent` })
    expect((await call(id, { timeoutMs: 300 })).body.code).toBe("timed_out")
  })

  test("of a type without requests is unsupported, by a viewer is forbidden, and from another workspace is not found", async () => {
    const config = { host: "127.0.0.1", port: 1, database: "x", user: "u", password: "p", tls: { kind: "off" } }
    const { body: made } = await hub.call("POST", "/v1/connectors", { name: "pg", type: "postgres", config })
    for (const body of [{}, { dryRun: true }]) expect((await call(made.id, body)).body.code).toBe("unsupported")
    const id = await connector({})
    expect((await call(id, {}, { key: await hub.keyFor("viewer") })).status).toBe(403)
    expect((await call(id, {}, { key: (await hub.workspace("other")).key })).status).toBe(404)
    expect((await call(id, { surplus: 1 })).status).toBe(422)
  })
})

describe("the audit of calls", () => {
  const entries = async (id: string) => (await hub.call("GET", `/v1/audit?action=connector.call&target=${id}`)).body
  test("names the caller, the connector, the inputs and the result, without values", async () => {
    const id = await connector({ ...everywhere, url: `${far.url}/?status=200`, retries: 0 })
    const key = await hub.keyFor("editor")
    await call(id, { input: { q: "value-canary-3", domain: "example.com" } }, { key })
    await call(id, { input: { ["nul\u0000"]: 1, nope: 1 } })
    const { data, total } = await entries(id)
    expect(total).toBe(2)
    expect(data[1]).toMatchObject({ role: "editor", target: { kind: "connector", id, name: `c${made}` }, requestId: expect.any(String) })
    expect(data[1].details).toEqual({ ok: true, requests: 1, inputs: ["q", "domain"] })
    expect(data[0].details).toEqual({ ok: false, code: "query_invalid", inputs: ["nope"], unnamed: 1 })
    expect(JSON.stringify(data)).not.toMatch(/canary/)
  })

  test("has the code of a call that the remote system rejects, and accepts a connector's name", async () => {
    const id = await connector({ url: `${far.url}/?status=503`, retries: 0 })
    await call(`c${made}`, {})
    expect((await entries(id)).data.map((each: { details: object }) => each.details)).toEqual([{ ok: false, code: "server_unavailable", inputs: [] }])
  })

  test("has no entry for dry runs, missing connectors and forbidden calls", async () => {
    const id = await connector({})
    const before = (await hub.call("GET", "/v1/audit?action=connector.call")).body.total
    await call(id, { dryRun: true })
    expect((await call("nothing-here", {})).status).toBe(404)
    expect((await call(id, {}, { key: await hub.keyFor("viewer") })).status).toBe(403)
    expect((await hub.call("GET", "/v1/audit?action=connector.call")).body.total).toBe(before)
  })

  test("never undoes a call: it is answered even if its entry cannot be written", async () => {
    const id = await connector({})
    const { notes } = hub.served.hub
    using _broken = vi.spyOn(notes, "note").mockRejectedValue(new Error("the database is gone"))
    expect((await call(id, {})).status).toBe(200)
  })
})

describe("a dry run", () => {
  test("shows the exact request, sends nothing, and hides every secret wherever it is", async () => {
    const id = await connector({ ...everywhere, auth: { kind: "bearer", token: "bearer-canary-7" } })
    const before = seen.length
    const { status, body, text } = await call(id, { dryRun: true, input: { q: "a b", domain: 'x"y' } })
    expect(status).toBe(200)
    expect(body).toEqual({
      method: "POST",
      url: `${far.url}/?api_key=[secret]&page=1&q=a+b`,
      headers: {
        "user-agent": "jackfield",
        accept: "application/json, */*;q=0.5",
        "accept-encoding": "gzip, deflate, br",
        "x-trace": "[secret]",
        "content-type": "application/json",
        authorization: "Bearer [secret]",
      },
      body: '{"token":"[secret]","domain":"x\\"y"}',
    })
    expect(text).not.toMatch(/canary/)
    expect(seen.length).toBe(before)
  })

  test.each([
    [{ kind: "basic", username: "me", password: "p" }, "authorization", "Basic [secret]"],
    [{ kind: "header", name: "X-Key", value: "k" }, "x-key", "[secret]"],
  ])("hides %j", async (auth, header, shown) => {
    expect((await call(await connector({ auth }), { dryRun: true })).body.headers[header]).toBe(shown)
  })

  test("hides a key in the query, and reports faults of the input like a call", async () => {
    const id = await connector({ auth: { kind: "query", name: "k", value: "1" }, parameters: [{ name: "q" }] })
    expect((await call(id, { dryRun: true, input: { q: "1" } })).body.url).toBe(`${far.url}/?q=1&k=[secret]`)
    expect((await call(id, { dryRun: true })).body.errors).toEqual([{ pointer: "/input/q", message: "q is required." }])
  })
})

describe("a body template", () => {
  const bodyTemplate = '{"company": {"domain": "{{ domain }}"}, "limit": {{ limit | default(10) }}, "tags": {{ tags }}}'

  test("defines the inputs, and its values cannot break out of their places", async () => {
    const id = await connector({ method: "POST", bodyTemplate, body: [{ name: "unused" }] })
    expect((await hub.call("GET", `/v1/connectors/${id}/inputs`)).body).toEqual([
      { name: "domain", from: "body", required: true },
      { name: "limit", from: "body", required: false },
      { name: "tags", from: "body", required: true },
    ])
    const domain = 'x"}, "admin": true, "y": {"z": "\\'
    expect((await call(id, { input: { domain, tags: ["a", '"'] } })).status).toBe(200)
    expect(JSON.parse(seen.at(-1)?.body ?? "")).toEqual({ company: { domain }, limit: 10, tags: ["a", '"'] })
    expect(seen.at(-1)?.headers["content-type"]).toBe("application/json")
  })

  test("that cannot be parsed is rejected when it is saved, with line and column", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors", {
      name: "broken",
      type: "http",
      config: { url: far.url, method: "POST", bodyTemplate: '{\n  "a": {{ x y }}\n}' },
    })
    expect([status, body.code, body.errors.map((each: { pointer: string }) => each.pointer)]).toEqual([422, "config_invalid", ["/config/bodyTemplate"]])
    expect(body.errors[0].message).toContain("(line 2, column 8)")
  })

  test("that does not fit its method or Content-Type is rejected when it is saved", async () => {
    const config = { url: far.url, body: [{ name: "a" }] }
    const created = await hub.call("POST", "/v1/connectors", { name: "unsendable", type: "http", config })
    expect([created.status, created.body.errors]).toMatchObject([
      422,
      [{ pointer: "/config/body", message: expect.stringContaining("cannot be sent with GET") }],
    ])
    const made = await hub.call("POST", "/v1/connectors", { name: "sendable", type: "http", config: { ...config, method: "POST" } })
    expect(made.status).toBe(201)
    const headers = [{ name: "Content-Type", value: "application/xml" }]
    const patched = await hub.call("PATCH", "/v1/connectors/sendable", { config: { headers } })
    expect([patched.status, patched.body.errors[0].pointer]).toEqual([422, "/config/headers/0/value"])
    const tried = await hub.call("POST", "/v1/connectors/test", { type: "http", config: { ...config, method: "POST", headers } })
    expect(tried.status).toBe(422)
  })

  test("that never finishes is stopped, and the hub continues", async () => {
    const id = await connector({ method: "POST", bodyTemplate: `[${"{% for a in range(9999) %}".repeat(3)}${"{% endfor %}".repeat(3)}{{ x }}]` })
    expect((await call(id, { input: { x: 1 } })).body.detail).toContain("longer than 200 ms")
    expect((await call(await connector({ method: "POST", bodyTemplate: "[{{ x }}]" }), { input: { x: 1 } })).status).toBe(200)
  })
})

describe("limits", () => {
  test("apply from the first call: the next call waits, or is told when to retry", async () => {
    const id = await connector({}, { limits: { requests: 2, perMs: 60_000 } })
    expect((await call(id, {})).status).toBe(200)
    expect((await call(id, {})).status).toBe(200)
    const before = seen.length
    const { status, headers, body } = await call(id, { timeoutMs: 200 })
    expect([status, body.code]).toEqual([429, "rate_limited"])
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(50)
    expect(body.retryAfterSeconds).toBe(Number(headers.get("retry-after")))
    expect(seen.length).toBe(before)
  })

  test("of the workspace's plan apply to a connector without limits", async () => {
    const workspace = await hub.workspace("planned")
    await hub.served.hub.store.inWorkspace(workspace.id, (tx) =>
      tx
        .updateTable("workspaces")
        .set({ plan: JSON.stringify({ ratePerMinute: 1 }) })
        .where("id", "=", workspace.id)
        .execute(),
    )
    const { body: mine } = await hub.call("POST", "/v1/connectors", { name: "planned", type: "http", config: { url: far.url } }, { key: workspace.key })
    await hub.call("POST", "/v1/egress", { rule: "127.0.0.0/8" })
    const statuses = []
    for (let turn = 0; turn < 2; turn++) statuses.push((await call(mine.id, { timeoutMs: 200 }, { key: workspace.key })).status)
    expect(statuses).toEqual([200, 429])
  })

  test("release the slot of a failed call", async () => {
    const id = await connector({ url: `${far.url}/?status=500` }, { limits: { concurrency: 1 } })
    for (let turn = 0; turn < 3; turn++) expect((await call(id, { timeoutMs: 2_000 })).status).toBe(502)
  })

  test("a connector without limits does not touch a row", async () => {
    const { body: me } = await hub.call("GET", "/v1/me")
    const rowsOf = (id: string) =>
      hub.served.hub.store.inWorkspace(me.workspace.id, (tx) => tx.selectFrom("limiter_rates").selectAll().where("connector_id", "=", id).execute())
    const [free, limited] = [await connector({}), await connector({}, { limits: { concurrency: 3 } })]
    for (const id of [free, limited]) expect((await call(id, {})).status).toBe(200)
    expect([await rowsOf(free), (await rowsOf(limited)).length]).toEqual([[], 1])
  })
})
