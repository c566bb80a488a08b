import { beforeEach, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub, type TestHub } from "../support/hub.ts"
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts"
import { use } from "../support/use.ts"

const database = use(() => startTestDatabase())
const first = use(() => startHub(nodeOn(database)))
const second = use(() => startHub(nodeOn(database)))
let provider: OAuthServer
beforeEach(async () => {
  provider = await startOAuthServer()
  return () => provider.close()
})

const SECRET = "client-s3cret+/%canary"
let made = 0
const client = (more: object = {}) => ({ kind: "oauth2_client", tokenUrl: `${provider.url}/token`, clientId: "the client", clientSecret: SECRET, ...more })
const refresher = (more: object = {}) => ({
  kind: "oauth2_refresh",
  tokenUrl: `${provider.url}/token`,
  clientId: "the client",
  clientSecret: SECRET,
  refreshToken: provider.refresh,
  ...more,
})

async function connector(auth: object, more: object = {}): Promise<string> {
  const config = { url: `${provider.url}/api`, auth, retries: 0, ...more }
  const { status, body } = await first.call("POST", "/v1/connectors", { name: `t${++made}`, type: "http", config })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id as string
}
const call = (hub: TestHub, id: string, body: object = {}) => hub.call("POST", `/v1/connectors/${id}/call`, body, { key: first.key })
const expire = () => database.query("update jackfield.oauth_tokens set expires_at = now() - interval '1 second', granted_at = now() - interval '1 hour'")
const grants = () => provider.tokens.map(({ form }) => form.get("grant_type"))

describe("client credentials", () => {
  test("are sent form-encoded in the header, or in the form, with scope, audience and other parameters", async () => {
    const id = await connector(client({ scope: "a b", audience: "https://api", tokenParameters: [{ name: "resource", value: "r/1" }] }))
    expect((await call(first, id)).status).toBe(200)
    const [{ authorization = "", form } = { form: new URLSearchParams() }] = provider.tokens
    expect(Buffer.from(authorization.replace("Basic ", ""), "base64").toString()).toBe(`the+client:${encodeURIComponent(SECRET).replaceAll("%20", "+")}`)
    expect(Object.fromEntries(form)).toEqual({ grant_type: "client_credentials", scope: "a b", audience: "https://api", resource: "r/1" })
    await call(first, await connector(client({ clientAuth: "post" })))
    expect(provider.tokens.at(-1)?.authorization).toBeUndefined()
    expect(Object.fromEntries(provider.tokens.at(-1)?.form ?? [])).toMatchObject({ client_id: "the client", client_secret: SECRET })
  })

  test("200 callers on two nodes cause one request, both initially and when the token has expired", async () => {
    const id = await connector(client())
    provider.behaviour.before = () => new Promise((resolve) => setTimeout(resolve, 300))
    for (const round of [1, 2]) {
      const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => call(index % 2 === 0 ? first : second, id, { timeoutMs: 30_000 })))
      expect(answers.filter(({ status }) => status === 200).length).toBe(200)
      expect(provider.tokens.length).toBe(round)
      await expire()
    }
  })

  test("a cached token that is rejected is replaced once, but a new one is not", async () => {
    const id = await connector(client())
    await call(first, id)
    provider.revoke()
    const { status, body } = await call(second, id)
    expect([status, body.requests, body.retries, provider.tokens.length]).toEqual([200, 2, ["401"], 2])
    const fresh = await connector(client({ scope: "other" }))
    provider.behaviour.before = () => provider.revoke()
    const refused = await call(first, fresh)
    expect([refused.body.code, provider.tokens.length]).toEqual(["auth_failed", 3])
  })

  test.each([
    ["absent", undefined, 1],
    ["a text", "3600", 1],
    ["huge", 1e300, 1],
    ["nonsense", "soon", 1],
    ["0", 0, 2],
    ["below 0", -5, 2],
  ])("expires_in %s", async (_, expires_in, requests) => {
    provider.behaviour.answer = expires_in === undefined ? {} : { expires_in }
    const id = await connector(client())
    for (const hub of [first, second]) expect((await call(hub, id)).status).toBe(200)
    expect(provider.tokens.length).toBe(requests)
  })

  test.each([
    [401, { error: "invalid_client", error_description: `no ${SECRET}` }, "auth_failed", /invalid_client/],
    [200, { error: "invalid_scope" }, "auth_failed", /invalid_scope/],
    [503, { error: "temporarily_unavailable" }, "server_unavailable", /temporarily_unavailable/],
    [500, "oops", "remote_failed", /answers 500/],
    [200, { token: "x" }, "response_invalid", /without an access token/],
    [200, { access_token: "a\r\nb" }, "response_invalid", /without an access token/],
    [200, { access_token: "abc", token_type: "DPoP" }, "response_invalid", /DPoP/],
    [302, {}, "response_invalid", /302/],
  ])("%i %j is %s", async (status, body, code, says) => {
    provider.behaviour.refuse = { status, body }
    const id = await connector(client())
    const answer = await call(first, id)
    expect([answer.body.code, answer.body.detail]).toEqual([code, expect.stringMatching(says)])
    expect(answer.text).not.toContain(SECRET)
    const { body: report } = await first.call("POST", `/v1/connectors/${id}/test`)
    expect([report.ok, report.error.code, report.error.stage]).toEqual([false, code, "auth"])
    provider.behaviour.refuse = undefined
    // A refused login is not retried automatically; a passing test clears that state.
    expect((await first.call("POST", `/v1/connectors/${id}/test`)).body.ok).toBe(true)
    expect((await call(second, id)).status).toBe(200)
  })

  test("all callers that wait for a refusal share it", async () => {
    provider.behaviour.refuse = { status: 401, body: { error: "invalid_client" } }
    const id = await connector(client())
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => call(index % 2 === 0 ? first : second, id)))
    expect(["auth_failed", "credentials_refused"]).toEqual(expect.arrayContaining([...new Set(answers.map(({ body }) => body.code))]))
    expect(provider.tokens.length).toBeLessThanOrEqual(4)
  })
})

describe("a refresh token", () => {
  test("that the server replaces is stored for all nodes, and the previous one is never sent again", async () => {
    const id = await connector(refresher())
    for (const hub of [first, second, first, second]) {
      expect((await call(hub, id)).status).toBe(200)
      await expire()
    }
    expect(provider.tokens.map(({ form }) => form.get("refresh_token"))).toEqual([0, 1, 2, 3].map((n) => `refresh-canary-${n}`))
  })

  test("200 callers of an expired token on two nodes cause one refresh", async () => {
    const id = await connector(refresher())
    await call(first, id)
    await expire()
    provider.behaviour.before = () => new Promise((resolve) => setTimeout(resolve, 300))
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => call(index % 2 === 0 ? first : second, id)))
    expect([answers.filter(({ status }) => status === 200).length, grants()]).toEqual([200, ["refresh_token", "refresh_token"]])
  })

  test("that a test of an unsaved config used is not lost for the connector that is created from it", async () => {
    const config = { url: `${provider.url}/api`, auth: refresher() }
    expect((await first.call("POST", "/v1/connectors/test", { type: "http", config })).body.ok).toBe(true)
    await expire()
    const { body } = await first.call("POST", "/v1/connectors", { name: `t${++made}`, type: "http", config, verify: true })
    expect(body.status).toBe("active")
    await expire()
    expect((await call(second, body.id)).status).toBe(200)
  })

  test("is kept if the secret or the scope changes, and deleted if another refresh token is entered", async () => {
    const id = await connector(refresher())
    await call(first, id)
    const patch = (auth: object) => first.call("PATCH", `/v1/connectors/${id}`, { config: { auth: { kind: "oauth2_refresh", ...auth } } })
    expect((await patch({ scope: "more" })).status).toBe(200)
    expect((await call(first, id)).status).toBe(200)
    expect(provider.tokens.at(-1)?.form.get("refresh_token")).toBe("refresh-canary-1")
    provider.refresh = "entered-anew-canary"
    expect((await patch({ refreshToken: "entered-anew-canary" })).status).toBe(200)
    expect((await call(first, id)).status).toBe(200)
    expect(provider.tokens.at(-1)?.form.get("refresh_token")).toBe("entered-anew-canary")
  })

  test("that is no longer valid is an error that says to log in again, and refreshing does not depend on the caller", async () => {
    const id = await connector(refresher())
    provider.behaviour.before = () => new Promise((resolve) => setTimeout(resolve, 1_000))
    expect((await call(first, id, { timeoutMs: 300 })).body.code).toBe("timed_out")
    provider.behaviour.before = () => undefined
    expect((await call(second, id)).status).toBe(200)
    expect(provider.tokens.length).toBe(1)
    await expire()
    provider.refresh = "revoked"
    const { body } = await call(first, id)
    expect([body.code, body.detail]).toEqual(["auth_failed", expect.stringMatching(/invalid_grant.*log in again/)])
  })
})

test("a change of the token URL drops the login's secrets and keeps its other values", async () => {
  const id = await connector(client(), { headers: [{ name: "X-Key", value: "header-canary" }] })
  const patch = await first.call("PATCH", `/v1/connectors/${id}`, { config: { auth: { kind: "oauth2_client", tokenUrl: "http://127.0.0.1:9/token" } } })
  expect([patch.status, patch.body.errors.map((each: { pointer: string }) => each.pointer)]).toEqual([422, ["/config/auth/clientSecret"]])
})

test("no token or secret is in any answer, in the log, or in plain text in the store", async () => {
  provider.behaviour.rotates = true
  const id = await connector(refresher())
  const texts = [(await call(first, id)).text, (await call(first, id, { dryRun: true })).text, (await first.call("GET", `/v1/connectors/${id}`)).text]
  provider.revoke()
  provider.behaviour.before = () => provider.revoke()
  texts.push((await call(first, id)).text, (await first.call("POST", `/v1/connectors/${id}/test`)).text, first.log(), second.log())
  texts.push(JSON.stringify(await database.query("select * from jackfield.oauth_tokens")))
  for (const canary of [SECRET, ...provider.given]) for (const text of texts) expect(text.includes(canary), canary).toBe(false)
  expect(texts[1]).toContain("Bearer [secret]")
})
