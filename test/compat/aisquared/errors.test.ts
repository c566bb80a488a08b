import type { FastifyRequest } from "fastify"
import { describe, expect, it } from "vitest"
import { answerOf } from "../../../src/compat/aisquared/errors.ts"
import { PlatformError } from "../../../src/core/errors.ts"
import { use } from "../../support/use.ts"
import { errorOf, PATH, postgres, startSquared, USER } from "./start.ts"

const squared = use(() => startSquared())

const JSON_TYPE = { "content-type": "application/json" }
const connector = { name: "Warehouse", connector_type: "source", connector_name: "Postgresql", configuration: postgres }
const UNAUTHORIZED = [401, 401, "Error", "Unauthorized"]
const NO_WORKSPACE = {
  errors: [
    {
      ...{ status: 400, title: "Bad Request", detail: "There was a problem with the request format: Workspace not found" },
      source: { pointer: "/request/payload" },
    },
  ],
}

describe("errors in AI Squared's shapes", () => {
  it.each([
    ["404 for an unknown path", "GET", "/api/v1/nothing", undefined, {}, [404, "Not found"]],
    ["404 for the mount itself", "GET", "/", undefined, {}, [404, "Not found"]],
    ["404 for an unknown icon", "GET", "/icons/oracle.svg", undefined, {}, [404, "Not found"]],
    ["404 for an unknown id", "GET", `${PATH}/999999`, undefined, {}, [404, "Connector not found"]],
    ["404 for id 0", "GET", `${PATH}/0`, undefined, {}, [404, "Connector not found"]],
    ["404 for an id beyond the last one", "GET", `${PATH}/99999999999`, undefined, {}, [404, "Connector not found"]],
    ["404 for a change to a missing connector", "PUT", `${PATH}/999999`, { connector: {} }, {}, [404, "Connector not found"]],
    ["404 for the removal of a missing connector", "DELETE", `${PATH}/999999`, undefined, {}, [404, "Connector not found"]],
    ["405", "DELETE", PATH, undefined, {}, [405, expect.stringContaining("DELETE")]],
    ["405 on one", "POST", `${PATH}/1`, {}, {}, [405, expect.stringContaining("POST")]],
    ["405 on login", "GET", "/api/v1/login", undefined, {}, [405, expect.stringContaining("GET")]],
    ["405 before the body is read", "PUT", PATH, "<x/>", { "content-type": "text/xml" }, [405, expect.any(String)]],
    ["413", "POST", PATH, { connector: { name: "x".repeat(1_100_000) } }, {}, [413, expect.any(String)]],
    ["415 xml", "POST", PATH, "<x/>", { "content-type": "application/xml" }, [415, expect.any(String)]],
    ["415 text", "POST", PATH, "{}", { "content-type": "text/plain" }, [415, expect.any(String)]],
  ] as const)("%s", async (_, method, path, body, headers, [status, detail]) => {
    const answer = await squared.call(method, path, body, { headers })
    expect(errorOf(answer)).toEqual([status, status, "Error", detail])
    expect(Object.keys(answer.body)).toEqual(["errors"])
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8")
    if (status === 405) expect(answer.headers.get("allow")).toEqual(expect.stringMatching(/GET|POST/))
  })

  it.each([
    ["malformed JSON", "POST", PATH, '{"connector":'],
    ["malformed JSON of a login", "POST", "/api/v1/login", "{email}"],
    ["a prototype in the body", "POST", PATH, '{"__proto__":{"x":1}}'],
    ["a malformed path", "GET", `${PATH}/%zz`, undefined],
  ])("400 for %s names the request's format as the problem", async (_, method, path, body) => {
    const answer = await squared.call(method, path, body)
    expect(errorOf(answer)).toEqual([400, 400, "Bad Request", expect.stringMatching(/^There was a problem with the request format: /)])
    expect(answer.body.errors[0].source).toEqual({ pointer: "/request/payload" })
  })

  it.each([
    ["POST", PATH, { connector: ["is missing"] }],
    ["PUT", `${PATH}/1`, { connector: ["is missing"] }],
    ["POST", "/api/v1/login", { email: ["is missing"], password: ["is missing"] }],
  ])("%s %s with an empty body and a JSON content type gets the list of missing fields", async (method, path, errors) => {
    const answer = await squared.call(method, path, "", { headers: JSON_TYPE })
    expect([answer.status, answer.body]).toEqual([400, { errors }])
  })

  it("400 for an id that is not an integer", async () => {
    for (const method of ["GET", "DELETE"]) {
      const { status, body } = await squared.call(method, `${PATH}/warehouse`)
      expect([status, body]).toEqual([400, { errors: { id: ["must be an integer"] } }])
    }
  })

  it("a path works with and without a trailing slash, and a GET may have a JSON content type", async () => {
    for (const slash of ["", "/"]) {
      const { status, body } = await squared.call("POST", PATH + slash, { connector: { ...connector, name: `slash ${slash}` } })
      expect(status).toBe(201)
      expect((await squared.call("GET", PATH + slash, undefined, { headers: JSON_TYPE })).status).toBe(200)
      expect((await squared.call("GET", `${PATH}/${body.data.id}${slash}`)).status).toBe(200)
      expect((await squared.call("PATCH", `${PATH}/${body.data.id}${slash}`, { connector: {} })).status).toBe(200)
      expect((await squared.call("DELETE", `${PATH}/${body.data.id}${slash}`, "", { headers: JSON_TYPE })).status).toBe(204)
      expect((await squared.call("POST", `/api/v1/login${slash}`, USER, { key: null })).status).toBe(200)
    }
  })

  it("500 does not show its cause, which is in the log", async () => {
    const { id, key } = await squared.hub.workspace("broken")
    const create = (name: string) => squared.call("POST", PATH, { connector: { ...connector, name } }, { key })
    expect((await create("one")).status).toBe(201)
    // The next serial number already exists, which is an unexpected error for the hub.
    await squared.hub.served.hub.store.inWorkspace(id, (tx) => tx.updateTable("workspaces").set({ next_connector_serial: 1 }).execute())
    const answer = await create("two")
    expect(errorOf(answer)).toEqual([500, 500, "Error", expect.any(String)])
    expect(answer.text).not.toContain("connectors_workspace_id_serial_key")
    expect(squared.hub.log()).toContain("connectors_workspace_id_serial_key")
  })

  it.each([
    ["rate_limited", 429, { error: "Too many requests. Please try again in 7 seconds." }, { "retry-after": "7" }],
    ["store_unavailable", 503, { errors: [{ status: 503, title: "Error", detail: "Why." }] }, { "retry-after": "2" }],
    ["in_use", 422, { errors: [{ status: 422, title: "Error", detail: "Why." }] }, undefined],
  ] as const)("%s is %d", (code, status, body, headers) => {
    const answer = answerOf(new PlatformError(code, "Why.", { details: { retryAfterSeconds: 7 } }), { url: PATH, method: "DELETE" } as FastifyRequest)
    expect([answer.status, answer.body, answer.headers]).toEqual([status, body, headers])
  })
})

describe("logging in", () => {
  it("401 is the same for a wrong password and an unknown e-mail address", async () => {
    for (const [email, password] of [
      [USER.email, "wrong"],
      ["nobody@example.com", USER.password],
    ] as const)
      expect(errorOf(await squared.logIn(email, password))).toEqual([401, 401, "Error", "Invalid login credentials, please try again"])
  })

  it("400 for missing values and values that are not text", async () => {
    const { status, body } = await squared.call("POST", "/api/v1/login", { email: 7, password: "" }, { key: null })
    expect([status, body]).toEqual([400, { errors: { email: ["must be a string"], password: ["must be filled"] } }])
    expect((await squared.logIn("a".repeat(1_025), "b")).body).toEqual({ errors: { email: ["size cannot be greater than 1024"] } })
  })

  it("429 after ten failures, with Retry-After", async () => {
    for (let attempt = 0; attempt < 10; attempt++) await squared.logIn("flood@example.com", "wrong")
    const { status, body, headers } = await squared.logIn("flood@example.com", "wrong")
    const seconds = Number(headers.get("retry-after"))
    expect([status, seconds > 0, body]).toEqual([429, true, { error: `Too many login attempts. Please try again in ${seconds} seconds.` }])
  })

  it("the same e-mail and password log in natively, and each token works in both", async () => {
    const { body } = await squared.hub.call("POST", "/v1/sessions", USER, { key: null })
    expect((await squared.call("GET", PATH, undefined, { key: body.token })).status).toBe(200)
    expect((await squared.hub.call("GET", "/v1/me", undefined, { key: squared.token })).body.name).toBe(USER.email)
  })
})

describe("permissions", () => {
  it.each([
    ["nothing", {}],
    ["only a workspace", { "workspace-id": "1" }],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["an unknown key", { authorization: "Bearer nonsense" }],
    ["a forged token", { authorization: "Bearer eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4In0." }],
    ["a key in another header", { "x-api-key": "anything" }],
  ])("401 with %s, before the body is read", async (_, headers) => {
    expect(errorOf(await squared.call("GET", PATH, undefined, { key: null, headers }))).toEqual(UNAUTHORIZED)
    expect(errorOf(await squared.call("POST", PATH, "{", { key: null, headers: { ...JSON_TYPE, ...headers } }))).toEqual(UNAUTHORIZED)
  })

  it("an expired session, an ended session and an expired key are rejected", async () => {
    const { hub } = squared
    const login = async (): Promise<string> => (await squared.logIn(USER.email, USER.password)).body.data.id
    const [ended, old] = [await login(), await login()]
    for (const key of [ended, old]) expect((await squared.call("GET", PATH, undefined, { key })).status).toBe(200)
    await hub.call("DELETE", "/v1/sessions", undefined, { key: ended })
    const jti = JSON.parse(Buffer.from(old.split(".")[1] ?? "", "base64url").toString()).jti as string
    await hub.served.hub.store.asHub((tx) =>
      tx
        .updateTable("sessions")
        .set({ expires_at: new Date(Date.now() - 1_000) })
        .where("id", "=", jti)
        .execute(),
    )
    const expiresAt = new Date(Date.now() + 500).toISOString()
    const { body: short } = await hub.call("POST", "/v1/keys", { name: "k", role: "viewer", expiresAt })
    await new Promise((resolve) => setTimeout(resolve, 700))
    for (const key of [ended, old, short.key]) expect(errorOf(await squared.call("GET", PATH, undefined, { key }))).toEqual(UNAUTHORIZED)
  })

  it("viewers can read, and editors and admins can do everything else", async () => {
    const { body } = await squared.create({ name: "for roles" })
    const attempts: readonly [method: string, path: string, body: unknown, least: number][] = [
      ["GET", PATH, undefined, 0],
      ["GET", `${PATH}/${body.data.id}`, undefined, 0],
      ["POST", PATH, {}, 1],
      ["PUT", `${PATH}/${body.data.id}`, { connector: {} }, 1],
      ["PATCH", `${PATH}/${body.data.id}`, { connector: {} }, 1],
      ["DELETE", `${PATH}/999999`, undefined, 1],
    ]
    for (const [rank, role] of (["viewer", "editor", "admin"] as const).entries()) {
      const key = await squared.hub.keyFor(role)
      for (const [method, path, given, least] of attempts) {
        const answer = await squared.call(method, path, given, { key })
        expect(answer.status === 403, `${role} ${method} ${path}: ${answer.status}`).toBe(rank < least)
        if (rank < least) expect(errorOf(answer)).toEqual([403, 403, "Error", "You are not authorized to do this action"])
      }
    }
  })

  it("Workspace-Id selects one of the caller's workspaces by its number, by default the first; any other is 400", async () => {
    const { hub } = squared
    const other = await hub.workspace("second")
    const foreign = await hub.workspace("foreign")
    await hub.call("POST", "/v1/users", { email: USER.email, role: "editor" }, { key: other.key })
    const serialOf = async (key: string): Promise<string> => String((await hub.call("GET", "/v1/me", undefined, { key })).body.workspace.serial)
    const [first, second, third] = [await serialOf(hub.key), await serialOf(other.key), await serialOf(foreign.key)]
    const create = (name: string, headers: Record<string, string>, key = squared.token) =>
      squared.call("POST", PATH, { connector: { ...connector, name } }, { key, headers })
    expect((await create("a", {})).body.data.attributes.workspace_id).toBe(Number(first))
    expect((await create("b", { "workspace-id": first })).body.data.attributes.workspace_id).toBe(Number(first))
    const { body } = await create("c", { "workspace-id": second })
    expect([body.data.attributes.workspace_id, body.data.id]).toEqual([Number(second), "1"])
    for (const id of [third, "0", "999", "second", other.id, "1.5", "-1"]) {
      const refused = await create("d", { "workspace-id": id })
      expect([refused.status, refused.body], id).toEqual([400, NO_WORKSPACE])
    }
    expect((await create("e", { "workspace-id": first }, other.key)).body, "a key has one workspace").toEqual(NO_WORKSPACE)
    expect((await create("f", { "workspace-id": second }, other.key)).status).toBe(201)
  })

  it("another workspace's connector is not found", async () => {
    const other = await squared.hub.workspace("elsewhere")
    for (let count = 0; count < 3; count++) await squared.create()
    const { body } = await squared.create({ name: "mine" })
    const { id } = body.data
    expect((await squared.call("GET", PATH, undefined, { key: other.key })).body.data).toEqual([])
    for (const [method, given] of [
      ["GET", undefined],
      ["PUT", { connector: { name: "stolen" } }],
      ["DELETE", undefined],
    ] as const)
      expect((await squared.call(method, `${PATH}/${id}`, given, { key: other.key })).status, method).toBe(404)
    expect((await squared.call("GET", `${PATH}/${id}`)).body.data.attributes.name).toBe("mine")
  })
})
