import { generateKeyPairSync } from "node:crypto"
import { jwtVerify } from "jose"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { json, type Serve, startApi } from "../../../../../test/support/api-server.ts"
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
