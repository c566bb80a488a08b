import { generateKeyPairSync } from "node:crypto"
import { jwtVerify } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { json, type Serve, startApi } from "../../../../../test/support/api-server.ts"
import { failure } from "../../../../../test/support/failure.ts"
import { testLease } from "../../../../../test/support/lease.ts"
import { use } from "../../../../../test/support/use.ts"
import type { Token, TokenAsk, TokenGrant } from "../../../../core/call.ts"
import { Secret } from "../../../../core/fields.ts"
import type { OpenLease } from "../../../../net/door.ts"
import type { HttpAuth } from "../auth.ts"
import { httpClient } from "../client.ts"
import { requestTo } from "../requests.ts"
import { jwtSource } from "./jwt.ts"
import { assertionAuth, type OAuthLogin, oauth2Auth } from "./oauth2.ts"

const api = use(startApi)
let lease: OpenLease
let good: string
const asks: TokenAsk[] = []
const grants: TokenGrant[] = []
beforeEach(() => {
  lease = testLease()
  good = "token-1"
  for (const list of [api.seen, asks, grants]) list.splice(0)
})
afterEach(() => lease.close())

const TLS = { mode: "verify" } as const
/** A token endpoint, and an API that takes the good token alone. */
const provider = (endpoint: Serve): void => {
  api.serve = (seen, response) => {
    if (seen.url.pathname === "/token") return endpoint(seen, response)
    json(response, {}, seen.headers.authorization === `Bearer ${good}` ? 200 : 401)
  }
}
const gives =
  (value: object): Serve =>
  (_, response) =>
    json(response, { token_type: "Bearer", ...value })

/** Keeps the last token of the session, as `Call.token` does. */
async function statusesOf(auth: HttpAuth, times = 1): Promise<number[]> {
  let kept: string | undefined
  const token = async (ask: TokenAsk): Promise<Token> => {
    asks.push(ask)
    if (kept !== undefined && kept !== ask.refused) return { value: kept, cached: true }
    const grant = await ask.grant(lease, undefined)
    grants.push(grant)
    kept = grant.accessToken
    return { value: kept, cached: false }
  }
  const client = httpClient(lease.dispatcher(), { auth, judge: () => undefined })
  const call = { signal: lease.signal, remainingMs: () => 1_000, token }
  const statuses: number[] = []
  for (let time = 0; time < times; time++) statuses.push((await client.send(requestTo(new URL("/api", api.origin)), call)).status)
  return statuses
}

const login = (more: Partial<OAuthLogin> = {}): OAuthLogin => ({
  tokenUrl: `${api.origin}/token`,
  clientId: "client",
  clientSecret: new Secret("s3cret"),
  clientAuth: "post",
  tokenParameters: [],
  ...more,
})

describe("OAuth 2.0", () => {
  test("a token is asked for once, and sent as a bearer token", async () => {
    provider(gives({ access_token: "token-1", expires_in: "60" }))
    expect(await statusesOf(oauth2Auth(login({ scope: "a b" }), TLS), 2)).toEqual([200, 200])
    expect(api.seen.map(({ url }) => url.pathname)).toEqual(["/token", "/api", "/api"])
    expect(Object.fromEntries(new URLSearchParams(api.seen[0]?.body))).toEqual({
      grant_type: "client_credentials",
      scope: "a b",
      client_id: "client",
      client_secret: "s3cret",
    })
    expect(grants).toEqual([{ accessToken: "token-1", expiresInMs: 60_000, refreshToken: undefined }])
  })

  test("a kept token that is refused is replaced once, and one that was just made is not", async () => {
    let given = 0
    provider((_, response) => json(response, { access_token: `token-${++given}` }))
    const auth = oauth2Auth(login(), TLS)
    good = "token-2"
    // The first is refused as soon as it is made; the second use finds it kept, and replaces it.
    expect(await statusesOf(auth, 2)).toEqual([401, 200])
    expect(asks.map(({ refused }) => refused)).toEqual([undefined, undefined, "token-1"])
  })

  test("the secret and the scope are terms of a refresh token's login, and a part of a client's own", async () => {
    const identityOf = async (more: Partial<OAuthLogin>): Promise<string> => {
      let identity = ""
      const token = async (ask: TokenAsk) => {
        identity = ask.identity
        return { value: "x", cached: true }
      }
      await oauth2Auth(login(more), TLS).sign(requestTo(new URL(api.origin)), { signal: lease.signal, remainingMs: () => 1, token })
      return identity
    }
    const refreshToken = new Secret("refresh")
    expect(await identityOf({ scope: "a" })).not.toBe(await identityOf({ scope: "b" }))
    expect(await identityOf({ refreshToken, scope: "a" })).toBe(await identityOf({ refreshToken, scope: "b", clientSecret: new Secret("other") }))
    expect(await identityOf({ refreshToken })).not.toBe(await identityOf({ refreshToken: new Secret("another") }))
  })

  test("a grant type of the provider's own is sent, and is a part of the login", async () => {
    provider(gives({ access_token: "token-1" }))
    const zoom = login({ grantType: "account_credentials", tokenParameters: [{ name: "account_id", value: new Secret("7") }] })
    expect(await statusesOf(oauth2Auth(zoom, TLS))).toEqual([200])
    expect(Object.fromEntries(new URLSearchParams(api.seen[0]?.body))).toMatchObject({ grant_type: "account_credentials", account_id: "7" })
    const identities = new Set(asks.map(({ identity }) => identity))
    await statusesOf(oauth2Auth(login({ tokenParameters: zoom.tokenParameters }), TLS))
    expect(asks.every(({ identity }) => identities.has(identity))).toBe(false)
  })

  test.each<[string, string, string]>([
    ["form-encoded", "application/x-www-form-urlencoded", "access_token=token-1&token_type=bearer&expires_in=60&refresh_token=r"],
    ["form-encoded under another name", "text/plain; charset=utf-8", "expires_in=60&access_token=token-1&refresh_token=r\n"],
    ["form-encoded without a name", "", "access_token=token-1&refresh_token=r&expires_in=60"],
    ["JSON under another name", "text/html", '{"access_token":"token-1","expires_in":60,"refresh_token":"r"}'],
  ])("an answer that is %s is read", async (_, type, body) => {
    provider((_seen, response) => void response.writeHead(200, type === "" ? {} : { "content-type": type }).end(body))
    expect(await statusesOf(oauth2Auth(login(), TLS))).toEqual([200])
    expect(grants).toEqual([{ accessToken: "token-1", expiresInMs: 60_000, refreshToken: "r" }])
  })

  test.each<[number, object | string, string, string, boolean | undefined]>([
    [200, { errcode: 40013, errmsg: "invalid appid" }, "auth_failed", "refuses the login (40013: invalid appid)", false],
    [200, { code: 99991663, msg: "app_id 不存在" }, "auth_failed", "refuses the login (99991663: app_id 不存在)", false],
    [200, "error=bad_verification_code&error_description=The+code+has+expired", "auth_failed", "(bad_verification_code: The code has expired)", false],
    [200, "error=incorrect_client_credentials", "auth_failed", "(incorrect_client_credentials)", true],
    [400, "error=invalid_client&error_description=no+s3cret", "auth_failed", "(invalid_client: no [secret])", true],
    [400, { error: "invalid_scope" }, "auth_failed", "(invalid_scope)", false],
    [401, { error: "whatever" }, "auth_failed", "(whatever)", true],
    [200, { error: { message: "Unknown client s3cret", code: 190 } }, "auth_failed", "(190: Unknown client [secret])", false],
    [200, { fault: { faultstring: "Invalid client" } }, "auth_failed", "(Invalid client)", false],
    [200, { errors: [{ message: "no" }] }, "auth_failed", "(no)", false],
    [200, { access_token: "", message: "locked" }, "auth_failed", "(locked)", false],
    [401, { message: "no client" }, "auth_failed", "no client", true],
    [403, "<b>forbidden</b>", "auth_failed", "forbidden", false],
    [429, { error: "slow_down" }, "rate_limited", "(slow_down)", undefined],
    [200, { token: "hidden-value", data: 1 }, "response_invalid", "without an access token, but with token, data; check the token URL", undefined],
    [200, "<html>", "response_invalid", "without an access token; check the token URL", undefined],
  ])("%i %j is %s, in the provider's own words", async (status, body, code, says, certain) => {
    provider((_, response) => (typeof body === "string" ? void response.writeHead(status).end(body) : json(response, body, status)))
    const error = await failure(statusesOf(oauth2Auth(login(), TLS)))
    expect([error.code, error.message, error.details["certain"]]).toEqual([code, expect.stringContaining(says), certain])
    expect(error.message).not.toMatch(/s3cret|hidden-value/)
  })

  test("outside of a connector's call there is no token", async () => {
    await expect(oauth2Auth(login(), TLS).sign(requestTo(new URL(api.origin)), lease)).rejects.toMatchObject({ code: "internal" })
  })
})

// RFC 7523, 2.1, as Google's service accounts use it.
test("a service account exchanges its signed assertion for a token, and its key stays here", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 })
  const tokenUrl = `${api.origin}/token`
  const claims = { iss: "robot@project.example", scope: "read", aud: tokenUrl }
  const assertion = jwtSource({ key: privateKey, algorithm: "RS256", claims, lifeMs: 3_600_000 })
  const key = new Secret(String(privateKey.export({ type: "pkcs8", format: "pem" })))
  provider(gives({ access_token: "token-1", expires_in: 3_599 }))
  const auth = assertionAuth({ tokenUrl, account: "robot@project.example", key, scope: "read", assertion }, TLS)
  expect(await statusesOf(auth)).toEqual([200])
  const form = new URLSearchParams(api.seen[0]?.body)
  expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer")
  expect((await jwtVerify(form.get("assertion") ?? "", publicKey)).payload).toMatchObject(claims)
  expect(JSON.stringify(api.seen)).not.toContain("PRIVATE KEY")
  provider((_, response) => json(response, { error: "invalid_grant", error_description: "Invalid JWT Signature." }, 400))
  await expect(statusesOf(assertionAuth({ tokenUrl, account: "other", key, scope: "read", assertion }, TLS))).rejects.toMatchObject({
    code: "auth_failed",
    message: expect.stringContaining("Invalid JWT Signature."),
  })
})
