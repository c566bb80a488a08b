import type { FastifyRequest } from "fastify"
import { describe, expect, it } from "vitest"
import { answerOf } from "../../../src/compat/databrain/errors.ts"
import { ERRORS, type ErrorCode, PlatformError } from "../../../src/core/errors.ts"
import { use } from "../../support/use.ts"
import { errorOf, startDataBrain } from "./start.ts"

const databrain = use(() => startDataBrain("an-ordinary-password"))

const JSON_TYPE = { "content-type": "application/json" }

describe("errors in DataBrain's shape", () => {
  it.each([
    ["404", "GET", "s", undefined, {}, [404, "NOT_FOUND"]],
    ["405", "PATCH", "", {}, {}, [405, "METHOD_NOT_ALLOWED"]],
    ["405 on progress", "GET", "/getDatasourceProgress", undefined, {}, [405, "METHOD_NOT_ALLOWED"]],
    ["413", "POST", "", { datasourceType: "x".repeat(1_100_000) }, {}, [413, "INVALID_REQUEST_BODY"]],
    ["415 is 400", "POST", "", "<x/>", { "content-type": "application/xml" }, [400, "INVALID_REQUEST_BODY"]],
    ["text is 400", "POST", "", "{}", { "content-type": "text/plain" }, [400, "INVALID_REQUEST_BODY"]],
    ["malformed JSON", "POST", "", "{", JSON_TYPE, [400, "INVALID_REQUEST_BODY"]],
    ["malformed path", "POST", "/%zz", undefined, {}, [400, "INVALID_REQUEST_BODY"]],
    ["empty body with a JSON content type", "POST", "", "", JSON_TYPE, [400, "INVALID_REQUEST_BODY"]],
    ["no body", "POST", "", undefined, {}, [400, "INVALID_REQUEST_BODY"]],
  ] as const)("%s", async (_, method, path, body, headers, [status, code]) => {
    const answer = await databrain.call(method, path, body, { headers })
    expect(errorOf(answer)).toEqual([status, code, true])
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8")
    if (status === 405) expect(answer.headers.get("allow")).toBe("POST")
  })

  it("a path works with and without a trailing slash", async () => {
    const { credentials } = databrain
    const answer = await databrain.call("POST", "/", { datasourceType: "postgres", credentials: { ...credentials, name: "slash" } })
    expect([answer.status, answer.body]).toEqual([200, { name: "slash" }])
    expect((await databrain.call("POST", "/getDatasourceProgress/", { datasourceId: "slash" })).status).toBe(200)
  })

  it("429 is RATE_LIMITED with Retry-After", () => {
    const error = new PlatformError("rate_limited", "Too many.", { details: { retryAfterSeconds: 7 } })
    expect(answerOf(error, {} as FastifyRequest)).toEqual({
      status: 429,
      body: { error: { message: "Too many.", code: "RATE_LIMITED" }, message: "Too many.", code: "RATE_LIMITED" },
      headers: { "retry-after": "7" },
    })
  })

  it("every error of the hub maps to a code in the page's table", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { status, body } = answerOf(new PlatformError(code, "m"), {} as FastifyRequest)
      expect([400, 401, 404, 405, 413, 429, 500]).toContain(status)
      expect(body).toEqual({ error: { message: expect.any(String), code: expect.any(String) }, message: expect.any(String), code: expect.any(String) })
    }
    expect(answerOf(new PlatformError("in_use", "m"), {} as FastifyRequest)).toMatchObject({ status: 400, body: { code: "DATASOURCE_IN_USE" } })
  })
})

describe("a service token", () => {
  const tryWith = (headers: Record<string, string>, key: string | null = null) => databrain.call("POST", "", {}, { key, headers })

  it.each([
    ["none", {}],
    ["an unknown token", { authorization: "Bearer dbn_live_abc123" }],
    ["an empty token", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["another header", { "x-api-key": "here" }],
    ["a forged session", { authorization: "Bearer eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4In0." }],
  ])("401 with %s", async (name, headers) => {
    const answer = await tryWith(name === "another header" ? { "x-api-key": databrain.hub.key } : headers)
    expect(errorOf(answer)).toEqual([401, "AUTHENTICATION_ERROR", true])
    expect(answer.body.message).toBe("Invalid or missing service token.")
  })

  it("401 takes precedence over faults of the body", async () => {
    expect((await databrain.call("POST", "", "{", { key: null, headers: JSON_TYPE })).status).toBe(401)
  })

  it("is the key of an editor or an admin; a viewer's key is 401", async () => {
    const made = await databrain.hub.call("POST", "/v1/keys", { name: "service", role: "editor", prefix: "dbn_live" })
    expect(made.body.key).toMatch(/^dbn_live_/)
    for (const [key, status] of [
      [made.body.key, 200],
      [await databrain.hub.keyFor("admin"), 200],
      [await databrain.hub.keyFor("viewer"), 401],
    ] as const) {
      const answer = await databrain.create(`by-${status}-${key.slice(-5).replace(/[^A-Za-z0-9]/g, "")}`, {}, { key })
      expect(answer.status, answer.text).toBe(status)
      if (status === 401) expect(errorOf(answer)).toEqual([401, "AUTHENTICATION_ERROR", true])
      expect((await databrain.call("POST", "/getDatasourceProgress", {}, { key })).status).toBe(status === 200 ? 400 : 401)
    }
  })

  it("cannot be a user's session", async () => {
    const { password } = (await databrain.hub.call("POST", "/v1/users", { email: "eve@example.com", role: "admin" })).body
    const { token } = (await databrain.hub.call("POST", "/v1/sessions", { email: "eve@example.com", password }, { key: null })).body
    expect((await tryWith({}, token)).status).toBe(401)
  })

  it("is rejected if it is expired or revoked", async () => {
    const make = (more: object) => databrain.hub.call("POST", "/v1/keys", { name: "k", role: "editor", ...more })
    const short = (await make({ expiresAt: new Date(Date.now() + 1_200).toISOString() })).body
    const revoked = (await make({})).body
    expect((await tryWith({}, short.key)).status).toBe(400)
    await databrain.hub.call("DELETE", `/v1/keys/${revoked.id}`)
    await new Promise((resolve) => setTimeout(resolve, 1_400))
    expect((await tryWith({}, short.key)).status).toBe(401)
    expect((await tryWith({}, revoked.key)).status).toBe(401)
  })

  it("does not reach another workspace's datasources, and each workspace has its own names", async () => {
    expect((await databrain.create("mine")).status).toBe(200)
    const { key } = await databrain.hub.workspace("other")
    expect(errorOf(await databrain.call("POST", "/getDatasourceProgress", { datasourceId: "mine" }, { key }))).toEqual([400, "DATASOURCE_ID_ERROR", true])
    expect((await databrain.create("mine", {}, { key })).status).toBe(200)
  })
})

describe("internal errors", () => {
  it("500 CREATE_DATASOURCE_FAILED if the vault fails, and nothing is stored", async () => {
    const { key, id } = await databrain.hub.workspace("broken-vault")
    expect((await databrain.create("first", {}, { key })).status).toBe(200)
    const { store, vault } = databrain.hub.served.hub
    const { key: other, id: otherId } = await databrain.hub.workspace("broken-vault-2")
    // The data keys of two workspaces are swapped: a key can be opened, but is bound to the other workspace.
    const row = await store.inWorkspace(id, (tx) => tx.selectFrom("data_keys").selectAll().executeTakeFirstOrThrow())
    await store.inWorkspace(otherId, (tx) =>
      tx
        .insertInto("data_keys")
        .values({ ...row, id: "11111111-1111-4111-8111-111111111111", workspace_id: otherId, wrapped: "broken" })
        .execute(),
    )
    const answer = await databrain.create("second", {}, { key: other })
    expect(vault).toBeDefined()
    expect(errorOf(answer)).toEqual([500, "CREATE_DATASOURCE_FAILED", true])
    expect(answer.text).not.toContain('broken"')
    expect((await databrain.hub.call("GET", "/v1/connectors/second", undefined, { key: other })).status).toBe(404)
  })

  it("500 INTERNAL_SERVER_ERROR if the store is unavailable", async () => {
    await databrain.hub.served.hub.store.close()
    const answer = await databrain.call("POST", "", {}, { key: "dbn_live_unknown" })
    expect(errorOf(answer)).toEqual([500, "INTERNAL_SERVER_ERROR", true])
  })
})
