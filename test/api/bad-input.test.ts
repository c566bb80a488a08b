import { beforeAll, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

/** A valid config. Each bad input below must get its own code, and its message must name the place. */
const good = { host: "db.example.com", port: 5432, user: "u", password: "p4ssword-canary", tls: { kind: "off" } }

const hub = use(() => startHub())
beforeAll(async () => {
  await hub.call("POST", "/v1/connectors", { name: "taken", type: "postgres", config: good })
})

const create = (more: object) => hub.call("POST", "/v1/connectors", { name: "x", type: "postgres", config: good, ...more })

describe("a connector's fields", () => {
  const cases: readonly [string, object, number, string, string, RegExp][] = [
    ["unknown type", { type: "postgrez" }, 422, "request_invalid", "/type", /no connector type "postgrez".*postgres/],
    ["unknown field", { colour: "red" }, 422, "request_invalid", "/colour", /not a field/],
    ["unknown config field", { config: { ...good, hots: "x" } }, 422, "config_invalid", "/config/hots", /no field "hots"/],
    ["wrong type", { config: { ...good, port: "5432" } }, 422, "config_invalid", "/config/port", /whole number/],
    ["port 0", { config: { ...good, port: 0 } }, 422, "config_invalid", "/config/port", /at least 1/],
    ["port 70000", { config: { ...good, port: 70000 } }, 422, "config_invalid", "/config/port", /at most 65535/],
    ["port 65536", { config: { ...good, port: 65536 } }, 422, "config_invalid", "/config/port", /at most 65535/],
    ["fraction", { config: { ...good, port: 54.5 } }, 422, "config_invalid", "/config/port", /whole number/],
    ["missing required", { config: { port: 5432, user: "u" } }, 422, "config_invalid", "/config/host", /required/],
    ["empty required", { config: { ...good, host: "" } }, 422, "config_invalid", "/config/host", /required/],
    ["missing name", { name: undefined }, 422, "request_invalid", "/name", /required/],
    ["null name", { name: null }, 422, "request_invalid", "/name", /string/],
    ["name with a slash", { name: "a/b" }, 422, "request_invalid", "/name", /letters, digits/],
    ["name like an id", { name: "00000000-0000-4000-8000-000000000000" }, 422, "request_invalid", "/name", /look like an id/],
    ["host that is a path", { config: { ...good, host: "/var/run/postgresql" } }, 422, "config_invalid", "/config/host", /path/],
    ["host with %2f", { config: { ...good, host: "%2fvar%2frun" } }, 422, "config_invalid", "/config/host", /no path/],
    ["host with a newline", { config: { ...good, host: "db.example.com\nevil" } }, 422, "config_invalid", "/config/host", /line breaks/],
    ["host with a port", { config: { ...good, host: "db.example.com:5432" } }, 422, "config_invalid", "/config/host", /port in its own field/],
    ["host list", { config: { ...good, host: "a.example.com,b.example.com" } }, 422, "config_invalid", "/config/host", /list/],
    ["host with a login", { config: { ...good, host: "u@db.example.com" } }, 422, "config_invalid", "/config/host", /login/],
    ["unknown variant", { config: { ...good, tls: { kind: "maybe" } } }, 422, "config_invalid", "/config/tls/kind", /one of verify, require, off/],
    ["unknown field of a variant", { config: { ...good, tls: { kind: "off", ca: "x" } } }, 422, "config_invalid", "/config/tls/ca", /no field "ca"/],
    ["config is a list", { config: [] }, 422, "request_invalid", "/config", /object/],
    [
      "mask without a stored value",
      { config: { ...good, password: { set: true, fingerprint: "0" } } },
      422,
      "config_invalid",
      "/config/password",
      /no value is stored/,
    ],
    ["secret of the wrong type", { config: { ...good, password: 12345678 } }, 422, "config_invalid", "/config/password", /must be text/],
    ["url with credentials", { type: "http", config: { url: "https://u:p@api.example.com/" } }, 422, "config_invalid", "/config/url", /user name or password/],
    ["url with another scheme", { type: "http", config: { url: "file:///etc/passwd" } }, 422, "config_invalid", "/config/url", /https/],
    ["url without slashes", { type: "http", config: { url: "http:169.254.169.254/" } }, 422, "config_invalid", "/config/url", /two slashes/],
    ["limits without a number", { limits: { perMs: 5 } }, 422, "request_invalid", "/limits/requests", /beside perMs/],
    ["empty limits", { limits: {} }, 422, "request_invalid", "/limits", /fewer than 1/],
    ["duplicate name", { name: "taken" }, 409, "name_taken", "/name", /taken/],
  ]
  it.each(cases)("%s", async (_name, more, status, code, pointer, message) => {
    const { status: got, body, headers } = await create(more)
    expect({ status: got, code: body.code }).toEqual({ status, code })
    expect(headers.get("content-type")).toContain("application/problem+json")
    const fault = body.errors?.find((each: { pointer: string }) => each.pointer === pointer)
    expect(fault, JSON.stringify(body)).toBeDefined()
    expect(`${fault.message} ${body.detail}`).toMatch(message)
    expect(JSON.stringify(body)).not.toContain("p4ssword-canary")
  })

  it.each(["\u0000", "a\ud800"])("text that cannot be stored is a fault at its place: %j", async (text) => {
    for (const [more, pointer] of [
      [{ title: text }, "/title"],
      [{ labels: { a: text } }, "/labels/a"],
    ] as const)
      expect(await create(more)).toMatchObject({ status: 422, body: { code: "request_invalid", errors: [{ pointer }] } })
    const at = text === "\u0000" ? "%00" : "a%ff"
    for (const path of [`/v1/connectors/${at}`, `/v1/connectors?q=${at}`, `/v1/connectors/${at}/catalog`])
      expect((await hub.call("GET", path)).status).toBeLessThan(500)
    expect((await hub.call("POST", "/v1/sessions", { email: text, password: "x" })).status).toBe(text.length > 2 ? 401 : 422)
  })

  it("a cursor beyond the last position is a fault", async () => {
    const cursor = Buffer.from("v1:2147483648").toString("base64url")
    expect(await hub.call("GET", `/v1/connectors?cursor=${cursor}`)).toMatchObject({ status: 422, body: { errors: [{ pointer: "/querystring/cursor" }] } })
  })

  it("reports all faults at once", async () => {
    const { body } = await create({ config: { host: "/x", port: 0, tls: { kind: "no" }, extra: 1 } })
    expect(body.errors.map((each: { pointer: string }) => each.pointer).sort()).toEqual([
      "/config/extra",
      "/config/host",
      "/config/port",
      "/config/tls/kind",
      "/config/user",
    ])
  })

  it("stores nothing of a rejected request", async () => {
    const { body } = await hub.call("GET", "/v1/connectors?limit=100")
    expect(body.data.map((each: { name: string }) => each.name)).toEqual(["taken"])
    expect(body.total).toBe(1)
  })
})

describe("the request itself", () => {
  it("invalid JSON", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors", '{"name": "x",')
    expect([status, body.code]).toEqual([400, "json_invalid"])
  })
  it("prototype pollution is rejected", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors", '{"__proto__": {"role": "admin"}}')
    expect([status, body.code]).toEqual([400, "json_invalid"])
  })
  it("an empty body lists what is missing", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors", "")
    expect([status, body.code]).toEqual([422, "request_invalid"])
    expect(body.errors.map((each: { pointer: string }) => each.pointer)).toEqual(["/name", "/type", "/config"])
  })
  it("wrong content type", async () => {
    const { status, body } = await hub.call("POST", "/v1/connectors", "name=x", { headers: { "content-type": "application/x-www-form-urlencoded" } })
    expect([status, body.code]).toEqual([415, "content_type_unsupported"])
  })
  it("oversized body", async () => {
    const { status, body } = await create({ description: "x".repeat(1024 * 1024) })
    expect([status, body.code]).toEqual([413, "body_too_large"])
  })
  it("unknown path, wrong method, malformed path", async () => {
    expect((await hub.call("GET", "/v1/nope")).body.code).toBe("not_found")
    const wrong = await hub.call("PUT", "/v1/connectors", "<xml/>", { headers: { "content-type": "text/xml" } })
    expect([wrong.status, wrong.body.code, wrong.headers.get("allow")]).toEqual([405, "method_not_allowed", "GET, HEAD, POST"])
    const malformed = await hub.call("GET", "/v1/connectors/%zz")
    expect([malformed.status, malformed.body.code]).toEqual([400, "path_invalid"])
  })
  it("unknown id and another workspace's id are the same 404", async () => {
    const other = await hub.workspace("bad-input-other")
    const { body: mine } = await hub.call("GET", "/v1/connectors/taken")
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["PATCH", "", {}],
      ["DELETE", "", undefined],
      ["POST", "/test", {}],
      ["POST", "/discover", {}],
      ["GET", "/catalog", undefined],
      ["POST", "/query", { statement: "select 1" }],
      ["GET", '/rows?stream=["public","t"]', undefined],
    ] as const) {
      const foreign = await hub.call(method, `/v1/connectors/${mine.id}${path}`, body, { key: other.key })
      const unknown = await hub.call(method, `/v1/connectors/00000000-0000-4000-8000-000000000000${path}`, body, { key: other.key })
      const byName = await hub.call(method, `/v1/connectors/taken${path}`, body, { key: other.key })
      expect([foreign.status, unknown.status, byName.status], `${method} ${path}`).toEqual([404, 404, 404])
      expect(foreign.body.code).toBe("not_found")
    }
    expect((await hub.call("GET", "/v1/connectors/taken")).status).toBe(200)
  })
  it.each([
    ["limit=0", "/querystring/limit"],
    ["limit=101", "/querystring/limit"],
    ["limit=x", "/querystring/limit"],
    ["cursor=nonsense", "/querystring/cursor"],
    ["label=nocolon", "/querystring/label"],
    ["status=nope", "/querystring/status"],
    ["stauts=active", "/querystring/stauts"],
  ])("list with ?%s", async (query, pointer) => {
    const { status, body } = await hub.call("GET", `/v1/connectors?${query}`)
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, "request_invalid", pointer])
  })
  it("malformed If-Match, and a stale one", async () => {
    const malformed = await hub.call("PATCH", "/v1/connectors/taken", {}, { headers: { "if-match": "three" } })
    expect([malformed.status, malformed.body.errors[0].pointer]).toEqual([422, "/headers/if-match"])
    const stale = await hub.call("PATCH", "/v1/connectors/taken", { title: "x" }, { headers: { "if-match": '"99"' } })
    expect([stale.status, stale.body.code]).toEqual([412, "version_stale"])
    const removal = await hub.call("DELETE", "/v1/connectors/taken", undefined, { headers: { "if-match": '"99"' } })
    expect([removal.status, removal.body.code]).toEqual([412, "version_stale"])
  })
  it.each(['["public"', '"public"', "[]", "[1]", '[""]'])("rows of the stream %s", async (stream) => {
    const { status, body } = await hub.call("GET", `/v1/connectors/taken/rows?stream=${encodeURIComponent(stream)}`)
    expect([status, body.errors?.[0]?.pointer]).toEqual([422, "/querystring/stream"])
  })
})

describe("a body of very many values", () => {
  const create = (body: string) => hub.call("POST", "/v1/connectors", body, { headers: { "content-type": "application/json" } })

  it("is rejected before it is parsed", async () => {
    const { status, body } = await create(`{"name":"x","type":"http","config":[${"1,".repeat(50_000)}1]}`)
    expect([status, body.code, body.detail]).toEqual([413, "body_too_large", expect.stringMatching(/more than 50,000 JSON values/)])
  })

  it("gets a list of its first hundred faults and a count of the others", async () => {
    const { status, body } = await create(`{"name":"x","type":"http",${Array.from({ length: 40_000 }, (_, index) => `"m${index}":1`).join()}}`)
    expect([status, body.errors.length, body.detail]).toEqual([
      422,
      100,
      expect.stringMatching(/m0 is not a field of this request\. \(and 39999 more\)|config/),
    ])
  })

  it("does not delay other requests", async () => {
    const large = JSON.stringify({ name: "x", type: "http", config: { url: "https://a.example/", body: "x".repeat(100_000) } })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? create(large) : hub.call("GET", "/v1/connectors"))))
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, index) => (index % 2 === 0 ? 422 : 200)))
  })
})
