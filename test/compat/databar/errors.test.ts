import { describe, expect, it } from "vitest"
import { answerOf } from "../../../src/compat/databar/errors.ts"
import { PlatformError } from "../../../src/core/errors.ts"
import { use } from "../../support/use.ts"
import { startDatabar } from "./start.ts"

const databar = use(() => startDatabar())

const PATH = "/v1/connectors"
const JSON_TYPE = { "content-type": "application/json" }
const good = { name: "Score", method: "post", url: "https://api.example.com/v1/score" }
const KEY_MISSING = { detail: [{ type: "missing", loc: ["header", "x-apikey"], msg: "Field required" }] }

describe("errors in Databar's shape", () => {
  it.each([
    ["404 for an unknown path", "GET", "/v1/nothing", undefined, {}, 404],
    ["404 for the mount itself", "GET", "/", undefined, {}, 404],
    ["404 for an unknown id", "GET", `${PATH}/999999`, undefined, {}, 404],
    ["404 id 0", "GET", `${PATH}/0`, undefined, {}, 404],
    ["404 for an id below 0", "GET", `${PATH}/-1`, undefined, {}, 404],
    ["404 for an id beyond the last one", "GET", `${PATH}/99999999999`, undefined, {}, 404],
    ["404 for the replacement of a missing connector", "PUT", `${PATH}/999999`, good, {}, 404],
    ["404 for the removal of a missing connector", "DELETE", `${PATH}/999999`, undefined, {}, 404],
    ["405", "PATCH", `${PATH}/`, {}, {}, 405],
    ["405 on one", "POST", `${PATH}/1`, {}, {}, 405],
    ["405 before the body is read", "DELETE", PATH, "<x/>", { "content-type": "text/xml" }, 405],
    ["413", "POST", `${PATH}/`, { name: "x".repeat(1_100_000) }, {}, 413],
    ["415 xml", "POST", `${PATH}/`, "<x/>", { "content-type": "application/xml" }, 415],
    ["415 text", "POST", `${PATH}/`, "{}", { "content-type": "text/plain" }, 415],
    ["400 malformed path", "GET", `${PATH}/%zz`, undefined, {}, 400],
  ] as const)("%s", async (_, method, path, body, headers, status) => {
    const answer = await databar.call(method, path, body, { headers })
    expect([answer.status, Object.keys(answer.body), typeof answer.body.detail]).toEqual([status, ["detail"], "string"])
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8")
    if (status === 405) expect(answer.headers.get("allow")).toEqual(expect.stringMatching(/GET/))
  })

  it.each([
    ["malformed JSON", '{"name":', "json_invalid", "JSON decode error"],
    ["a prototype in the body", '{"__proto__":{"x":1}}', "json_invalid", "JSON decode error"],
  ])("422 for %s, at a place in the body", async (_, body, type, msg) => {
    const answer = await databar.call("POST", `${PATH}/`, body)
    expect([answer.status, answer.body]).toEqual([422, { detail: [{ type, loc: ["body", expect.any(Number)], msg }] }])
  })

  it.each([
    ["an empty body with a JSON content type", "", "missing", "Field required"],
    ["null", "null", "missing", "Field required"],
    ["an array", "[]", "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"],
    ["text", '"x"', "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"],
  ])("422 for %s as the whole body", async (_, body, type, msg) => {
    for (const [method, path] of [
      ["POST", PATH],
      ["PUT", `${PATH}/1`],
    ] as const) {
      const answer = await databar.call(method, path, body, { headers: JSON_TYPE })
      expect([answer.status, answer.body]).toEqual([422, { detail: [{ type, loc: ["body"], msg }] }])
    }
  })

  it("422 for an id that is not an integer", async () => {
    const { status, body } = await databar.call("GET", `${PATH}/score`)
    const msg = "Input should be a valid integer, unable to parse string as an integer"
    expect([status, body]).toEqual([422, { detail: [{ type: "int_parsing", loc: ["path", "connector_id"], msg }] }])
  })

  it("a GET and a DELETE work with a JSON content type and no body", async () => {
    const { body: made } = await databar.create(good)
    expect((await databar.call("GET", PATH, undefined, { headers: JSON_TYPE })).status).toBe(200)
    expect((await databar.call("DELETE", `${PATH}/${made.id}`, "", { headers: JSON_TYPE })).status).toBe(204)
  })

  it("a path works with and without a trailing slash", async () => {
    for (const slash of ["", "/"]) {
      const { status, body: made } = await databar.call("POST", PATH + slash, good)
      expect(status).toBe(201)
      expect((await databar.call("GET", PATH + slash)).status).toBe(200)
      expect((await databar.call("GET", `${PATH}/${made.id}${slash}`)).status).toBe(200)
      expect((await databar.call("PUT", `${PATH}/${made.id}${slash}`, good)).status).toBe(200)
      expect((await databar.call("DELETE", `${PATH}/${made.id}${slash}`)).status).toBe(204)
    }
  })

  it("500 does not show its cause, which is in the log", async () => {
    const key = await databar.workspace()
    const { body: me } = await databar.hub.call("GET", "/v1/me", undefined, { key })
    await databar.create(good, key)
    const { store } = databar.hub.served.hub
    // The next serial number already exists, which is an unexpected error for the hub.
    await store.inWorkspace(me.workspace.id, (tx) => tx.updateTable("workspaces").set({ next_connector_serial: 1 }).execute())
    const answer = await databar.create(good, key)
    expect([answer.status, Object.keys(answer.body), typeof answer.body.detail]).toEqual([500, ["detail"], "string"])
    expect(answer.text).not.toContain("connectors_workspace_id_serial_key")
    expect(databar.hub.log()).toContain("connectors_workspace_id_serial_key")
  })

  it.each([
    ["rate_limited", 429, "7"],
    ["store_unavailable", 503, "7"],
    ["in_use", 400, undefined],
    ["version_stale", 400, undefined],
    ["internal", 500, undefined],
    ["remote_failed", 500, undefined],
  ] as const)("%s is %d", (code, status, retryAfter) => {
    const answer = answerOf(new PlatformError(code, "Why.", retryAfter === undefined ? {} : { details: { retryAfterSeconds: 7 } }))
    expect(answer).toEqual({ status, body: { detail: "Why." }, headers: retryAfter === undefined ? {} : { "retry-after": retryAfter } })
  })
})

describe("permissions", () => {
  it("422 without x-apikey, also with another header's key, and before the body is read", async () => {
    for (const headers of [{}, { authorization: `Bearer ${databar.hub.key}` }, { "x-api-key": databar.hub.key }]) {
      const answer = await databar.call("POST", `${PATH}/`, "{", { key: null, headers: { ...JSON_TYPE, ...headers } })
      expect([answer.status, answer.body]).toEqual([422, KEY_MISSING])
    }
    expect((await databar.call("GET", "/v1/user/me", undefined, { key: null })).body).toEqual(KEY_MISSING)
  })

  it("403 with a wrong, an empty, an expired or a revoked key", async () => {
    const make = async (more: object) => (await databar.hub.call("POST", "/v1/keys", { name: "k", role: "viewer", ...more })).body
    const short = await make({ expiresAt: new Date(Date.now() + 1_200).toISOString() })
    const revoked = await make({})
    for (const { key } of [short, revoked]) expect((await databar.list(key)).status).toBe(200)
    await databar.hub.call("DELETE", `/v1/keys/${revoked.id}`)
    await new Promise((resolve) => setTimeout(resolve, 1_400))
    for (const key of ["wrong", "", short.key, revoked.key]) {
      const answer = await databar.list(key)
      expect([answer.status, Object.keys(answer.body), typeof answer.body.detail]).toEqual([403, ["detail"], "string"])
    }
  })

  it("x-apikey decides, whatever Authorization contains", async () => {
    expect((await databar.call("GET", PATH, undefined, { headers: { authorization: "Bearer other" } })).status).toBe(200)
  })

  it("viewers can read, and editors and admins can do everything else", async () => {
    const { body: made } = await databar.create(good)
    const attempts: readonly [method: string, path: string, body: unknown, least: number][] = [
      ["GET", PATH, undefined, 0],
      ["GET", `${PATH}/${made.id}`, undefined, 0],
      ["GET", "/v1/user/me", undefined, 0],
      ["POST", PATH, good, 1],
      ["PUT", `${PATH}/${made.id}`, good, 1],
      ["DELETE", `${PATH}/999999`, undefined, 1],
    ]
    for (const [rank, role] of (["viewer", "editor", "admin"] as const).entries()) {
      const key = await databar.hub.keyFor(role)
      for (const [method, path, body, least] of attempts) {
        const answer = await databar.call(method, path, body, { key })
        expect(answer.status === 403, `${role} ${method} ${path}: ${answer.status}`).toBe(rank < least)
        if (rank < least) expect(Object.keys(answer.body)).toEqual(["detail"])
      }
    }
  })

  it("a key sees only its own workspace", async () => {
    const key = await databar.workspace()
    const { body: mine } = await databar.create(good)
    expect((await databar.list(key)).body).toEqual([])
    for (const [method, body] of [
      ["GET", undefined],
      ["PUT", good],
      ["DELETE", undefined],
    ] as const)
      expect((await databar.call(method, `${PATH}/${mine.id}`, body, { key })).status, method).toBe(404)
    expect((await databar.call("GET", `${PATH}/${mine.id}`)).body.name).toBe(good.name)
    expect((await databar.create(good, key)).body.id, "each workspace has its own numbers").toBe(1)
  })
})
