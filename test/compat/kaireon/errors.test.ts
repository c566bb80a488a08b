import { once } from "node:events"
import { get, type IncomingMessage } from "node:http"
import { describe, expect, it } from "vitest"
import { startHub } from "../../support/hub.ts"
import { use } from "../../support/use.ts"
import { errorOf, ROOT, startKaireon } from "./start.ts"

const kaireon = use(() => startKaireon("an-ordinary-password"))

const JSON_TYPE = { "content-type": "application/json" }
const UNKNOWN = "00000000-0000-4000-8000-000000000000"

describe("errors in KaireonAI's shape", () => {
  it.each([
    ["404 for an unknown path", "GET", "x/y", undefined, {}, [404, "NOT_FOUND"]],
    ["404 for a path outside the mount", "GET", "/../nothing", undefined, {}, [404, "NOT_FOUND"]],
    ["404 for an unknown id", "GET", `/${UNKNOWN}`, undefined, {}, [404, "NOT_FOUND"]],
    ["404 for a malformed id", "GET", "/conn_001", undefined, {}, [404, "NOT_FOUND"]],
    ["404 for a test of an unknown id", "POST", "/test", { id: UNKNOWN }, {}, [404, "NOT_FOUND"]],
    ["404 for a change to an unknown id", "PUT", "", { id: UNKNOWN, name: "x" }, {}, [404, "NOT_FOUND"]],
    ["404 for the removal of an unknown id", "DELETE", `?id=${UNKNOWN}`, undefined, {}, [404, "NOT_FOUND"]],
    ["405", "PATCH", "", {}, {}, [405, "METHOD_NOT_ALLOWED"]],
    ["405 on test", "GET", "/test", undefined, {}, [405, "METHOD_NOT_ALLOWED"]],
    ["405 on one", "PUT", `/${UNKNOWN}`, {}, {}, [405, "METHOD_NOT_ALLOWED"]],
    ["405 before the body is read", "PATCH", "", "<x/>", { "content-type": "text/xml" }, [405, "METHOD_NOT_ALLOWED"]],
    ["413", "POST", "", { name: "x".repeat(1_100_000) }, {}, [413, "PAYLOAD_TOO_LARGE"]],
    ["415 xml", "POST", "", "<x/>", { "content-type": "application/xml" }, [415, "UNSUPPORTED_MEDIA_TYPE"]],
    ["415 text", "POST", "", "{}", { "content-type": "text/plain" }, [415, "UNSUPPORTED_MEDIA_TYPE"]],
    ["400 malformed JSON", "POST", "", '{"name":', JSON_TYPE, [400, "BAD_REQUEST"]],
    ["400 for malformed JSON in a test", "POST", "/test", "{id}", JSON_TYPE, [400, "BAD_REQUEST"]],
    ["400 for a prototype in the body", "POST", "", '{"__proto__":{"x":1}}', JSON_TYPE, [400, "BAD_REQUEST"]],
    ["400 malformed path", "GET", "/%zz", undefined, {}, [400, "BAD_REQUEST"]],
    ["400 an array", "POST", "", [], {}, [400, "BAD_REQUEST"]],
    ["400 for an empty body with a JSON content type", "POST", "", "", JSON_TYPE, [400, "BAD_REQUEST"]],
    ["400 for an empty body of a test", "POST", "/test", "", JSON_TYPE, [400, "BAD_REQUEST"]],
    ["400 for a test without an id", "POST", "/test", {}, {}, [400, "BAD_REQUEST"]],
    ["400 for a change without an id", "PUT", "", { name: "x" }, {}, [400, "BAD_REQUEST"]],
    ["400 for a removal without an id", "DELETE", "", undefined, {}, [400, "BAD_REQUEST"]],
    ["400 for the removal of two connectors", "DELETE", "?id=a&id=b", undefined, {}, [400, "BAD_REQUEST"]],
  ] as const)("%s", async (_, method, path, body, headers, [status, code]) => {
    const answer = await kaireon.call(method, path, body, { headers })
    expect(errorOf(answer)).toEqual([status, code, status])
    expect(answer.body.error.message).toEqual(expect.any(String))
    expect(Object.keys(answer.body)).toEqual(["error"])
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8")
    if (status === 405) expect(answer.headers.get("allow")).toEqual(expect.stringMatching(/GET|POST/))
  })

  it("a GET with a JSON content type and no body is a GET", async () => {
    expect((await kaireon.call("GET", "", undefined, { headers: JSON_TYPE })).status).toBe(200)
  })

  it("a path works with and without a trailing slash", async () => {
    const { body: made } = await kaireon.call("POST", "/", { name: "slashes", type: "webhook" })
    for (const slash of ["", "/"]) {
      expect((await kaireon.call("GET", slash)).status).toBe(200)
      expect((await kaireon.call("GET", `/${made.id}${slash}`)).status).toBe(200)
      expect((await kaireon.call("PUT", slash, { id: made.id })).status).toBe(200)
      expect((await kaireon.call("POST", `/test${slash}`, { id: made.id })).status).toBe(200)
    }
    expect((await kaireon.call("DELETE", `/?id=${made.id}`)).status).toBe(204)
  })

  it("500 does not show its cause, which is in the log", async () => {
    const { body: made } = await kaireon.create({ name: "unreadable", type: "postgresql", config: kaireon.config, authConfig: kaireon.authConfig })
    const { store } = kaireon.hub.served.hub
    const me = (await kaireon.hub.call("GET", "/v1/me")).body
    await store.inWorkspace(me.workspace.id, (tx) => tx.updateTable("connector_secrets").set({ ciphertext: "broken" }).execute())
    const answer = await kaireon.test(made.id)
    expect(errorOf(answer)).toEqual([500, "INTERNAL_ERROR", 500])
    expect(answer.text).not.toContain("broken")
    await kaireon.call("DELETE", `?id=${made.id}`)
  })
})

describe("a separate host", () => {
  it("serves these paths at its root, including errors; other hosts do not", async () => {
    const own = await startHub({ JACKFIELD_COMPAT_HOSTS: "kaireon.example=kaireon" })
    const ask = async (host: string, path: string) => {
      const request = get(own.url + path, { headers: { host, authorization: `Bearer ${own.key}` } })
      const [response] = (await once(request, "response")) as [IncomingMessage]
      return [response.statusCode, JSON.parse((await response.setEncoding("utf8").toArray()).join("")) as unknown]
    }
    try {
      expect(await ask("kaireon.example", "/api/v1/connectors")).toEqual([200, expect.objectContaining({ data: [], hasMore: false })])
      expect(await ask("Kaireon.example:7420", "/nothing")).toEqual([404, { error: expect.objectContaining({ code: "NOT_FOUND" }) }])
      expect(await ask("kaireon.example", "/%zz")).toEqual([400, { error: expect.objectContaining({ code: "BAD_REQUEST" }) }])
      expect((await ask("other.example", "/api/v1/connectors"))[0]).toBe(404)
    } finally {
      await own.stop()
    }
  })
})

describe("permissions", () => {
  const list = (headers: Record<string, string>, key: string | null = null) => kaireon.call("GET", "", undefined, { key, headers })

  it.each([
    ["none", {}],
    ["only a tenant", { "x-tenant-id": "main" }],
    ["only a role and a tenant", { "x-user-role": "admin", "x-tenant-id": "main" }],
    ["an unknown key", { "x-api-key": "krn_00000000000000000000000000000000" }],
    ["an unknown bearer", { authorization: "Bearer krn_0" }],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["a forged session", { authorization: "Bearer eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4In0." }],
  ])("401 with %s", async (_, headers) => {
    expect(errorOf(await list(headers))).toEqual([401, "UNAUTHORIZED", 401])
  })

  it("401 takes precedence over faults of the body", async () => {
    expect((await kaireon.call("POST", "", "{", { key: null, headers: JSON_TYPE })).status).toBe(401)
  })

  it("a key works as Bearer and as X-API-Key", async () => {
    expect((await list({ "x-api-key": kaireon.hub.key })).status).toBe(200)
    expect((await list({}, kaireon.hub.key)).status).toBe(200)
  })

  it("an expired key and a revoked key are rejected", async () => {
    const made = (more: object) => kaireon.hub.call("POST", "/v1/keys", { name: "k", role: "viewer", prefix: "krn", ...more })
    const short = (await made({ expiresAt: new Date(Date.now() + 1_200).toISOString() })).body
    const revoked = (await made({})).body
    expect((await list({ "x-api-key": short.key })).status).toBe(200)
    expect((await list({ "x-api-key": revoked.key })).status).toBe(200)
    await kaireon.hub.call("DELETE", `/v1/keys/${revoked.id}`)
    await new Promise((resolve) => setTimeout(resolve, 1_400))
    expect((await list({ "x-api-key": short.key })).status).toBe(401)
    expect((await list({ "x-api-key": revoked.key })).status).toBe(401)
  })

  it("viewers can read, and editors and admins can do everything else, whatever X-User-Role contains", async () => {
    const attempts: readonly [method: string, path: string, body: unknown, least: number][] = [
      ["GET", "", undefined, 0],
      ["GET", `/${UNKNOWN}`, undefined, 0],
      ["POST", "", {}, 1],
      ["PUT", "", {}, 1],
      ["DELETE", "", undefined, 1],
      ["POST", "/test", {}, 1],
    ]
    for (const [rank, role] of (["viewer", "editor", "admin"] as const).entries()) {
      const key = await kaireon.hub.keyFor(role)
      for (const [method, path, body, least] of attempts) {
        const answer = await kaireon.call(method, path, body, { key, headers: { "x-user-role": "admin" } })
        expect(answer.status === 403, `${role} ${method} ${path}: ${answer.status}`).toBe(rank < least)
        if (rank < least) expect(errorOf(answer)).toEqual([403, "FORBIDDEN", 403])
      }
    }
  })

  it("a key determines the tenant, and another tenant's connector is not found", async () => {
    const other = await kaireon.hub.workspace("other-tenant")
    const mine = (await kaireon.create({ name: "mine", type: "webhook" })).body
    for (const headers of [{}, { "x-tenant-id": "main" }, { "x-tenant-id": "no-such-tenant" }]) {
      const { body } = await kaireon.call("GET", "", undefined, { key: other.key, headers })
      expect(body).toMatchObject({ data: [], total: 0, hasMore: false })
    }
    const as = { key: other.key }
    expect((await kaireon.call("GET", `/${mine.id}`, undefined, as)).status).toBe(404)
    expect((await kaireon.call("PUT", "", { id: mine.id, name: "stolen" }, as)).status).toBe(404)
    expect((await kaireon.call("POST", "/test", { id: mine.id }, as)).status).toBe(404)
    expect((await kaireon.call("DELETE", `?id=${mine.id}`, undefined, as)).status).toBe(404)
    expect((await kaireon.call("GET", `?cursor=${mine.id}`, undefined, as)).status).toBe(400)
    expect((await kaireon.call("POST", "", { name: "mine", type: "webhook" }, as)).status, "names are unique within a tenant").toBe(201)
    expect((await kaireon.call("GET", `/${mine.id}`)).body.name).toBe("mine")
  })

  it("with a user's token, the header selects only one of the user's own tenants", async () => {
    const { hub } = kaireon
    const other = await hub.workspace("picked")
    await hub.workspace("foreign")
    const { password } = (await hub.call("POST", "/v1/users", { email: "eve@example.com", role: "viewer" })).body
    await hub.call("POST", "/v1/users", { email: "eve@example.com", role: "editor" }, { key: other.key })
    const { token } = (await hub.call("POST", "/v1/sessions", { email: "eve@example.com", password }, { key: null })).body
    const create = (headers: Record<string, string>) => kaireon.call("POST", "", { name: "eve's", type: "webhook" }, { key: token, headers })
    expect((await create({})).status, "the user is a viewer in the first tenant").toBe(403)
    expect((await create({ "x-tenant-id": "picked" })).status).toBe(201)
    const refused = await hub.call("GET", ROOT, undefined, { key: token, headers: { "x-tenant-id": "foreign" } })
    expect(errorOf(refused)).toEqual([403, "FORBIDDEN", 403])
  })
})
