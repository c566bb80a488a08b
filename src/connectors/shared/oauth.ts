import type { TokenAsk, TokenGrant } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Secret } from "../../core/fields.ts"
import type { Lease, TlsSpec } from "../../core/lease.ts"
import { Scrubber } from "../../core/scrub.ts"
import { failureOf, textOf } from "./failure.ts"
import { explainHttp, type HttpAnswer, type HttpRequest, send } from "./http.ts"

/** A client of an OAuth 2.0 provider; with a refresh token it acts for whoever logged in, without one for itself. */
export interface OAuthLogin {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret?: Secret | undefined
  readonly refreshToken?: Secret | undefined
  readonly scope?: string | undefined
  readonly audience?: string | undefined
  readonly clientAuth: "basic" | "post"
  readonly tokenParameters: readonly { readonly name: string; readonly value: Secret }[]
}

const MAX_BYTES = 262_144
const LONGEST_S = 86_400

/** What to ask for a token with; `refused` is one that the API has just refused. */
export function tokenAsk(login: OAuthLogin, tls: TlsSpec, refused: string | undefined): TokenAsk {
  return {
    ...whoseOf(login),
    ...(refused === undefined ? {} : { refused }),
    grant: (lease, refreshToken) => grant(login, tls, lease, refreshToken ?? login.refreshToken?.reveal()),
  }
}

/** A refresh token stays good when the secret or the scope changes, and so what took its place does. */
function whoseOf({
  tokenUrl,
  clientId,
  clientSecret,
  refreshToken,
  scope = "",
  audience = "",
  tokenParameters,
}: OAuthLogin): Pick<TokenAsk, "identity" | "terms"> {
  const terms = JSON.stringify([clientSecret?.reveal() ?? null, scope, audience, tokenParameters.map(({ name, value }) => [name, value.reveal()])])
  const client = JSON.stringify([tokenUrl, clientId, refreshToken?.reveal() ?? null])
  return refreshToken === undefined ? { identity: client + terms, terms } : { identity: client, terms }
}

/** One request to the token endpoint (RFC 6749, 4.4 and 6); it follows no redirect. */
async function grant(login: OAuthLogin, tls: TlsSpec, lease: Lease, refreshToken: string | undefined): Promise<TokenGrant> {
  const secrets = [login.clientSecret?.reveal() ?? "", refreshToken ?? "", ...login.tokenParameters.map(({ value }) => value.reveal())]
  const scrub = new Scrubber(secrets)
  let answer: HttpAnswer
  try {
    answer = await send(requestOf(login, refreshToken), { dispatcher: lease.dispatcher(tls), signal: lease.signal, maxBytes: MAX_BYTES, redirects: false })
  } catch (error) {
    throw explainHttp(error) ?? error
  }
  return granted(answer, refreshToken !== undefined, scrub)
}

function requestOf(login: OAuthLogin, refreshToken: string | undefined): HttpRequest {
  const form = new URLSearchParams(
    refreshToken === undefined ? { grant_type: "client_credentials" } : { grant_type: "refresh_token", refresh_token: refreshToken },
  )
  if (login.scope) form.set("scope", login.scope)
  if (login.audience) form.set("audience", login.audience)
  for (const { name, value } of login.tokenParameters) form.append(name, value.reveal())
  const headers: Record<string, string> = {
    "user-agent": "jackfield",
    accept: "application/json",
    "accept-encoding": "gzip, deflate, br",
    "content-type": "application/x-www-form-urlencoded",
  }
  const secret = login.clientSecret?.reveal()
  if (secret !== undefined && login.clientAuth === "basic")
    headers["authorization"] = `Basic ${Buffer.from(`${formEncoded(login.clientId)}:${formEncoded(secret)}`).toString("base64")}`
  else {
    form.set("client_id", login.clientId)
    if (secret !== undefined) form.set("client_secret", secret)
  }
  return { method: "POST", url: new URL(login.tokenUrl), headers, private: new Set(["authorization"]), body: form.toString() }
}

/** RFC 6749, 2.3.1: both are form-encoded before they become a Basic login. */
const formEncoded = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)

function granted(answer: HttpAnswer, refreshing: boolean, scrub: Scrubber): TokenGrant {
  const said = objectIn(answer)
  const error = said?.["error"]
  if (typeof error === "string" && error !== "") throw refusal(answer, error, said?.["error_description"], refreshing, scrub)
  if (answer.status >= 400) throw failureOf(answer, scrub)
  const token = said?.["access_token"]
  const type = said?.["token_type"]
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,65536}$/.test(token))
    throw new PlatformError("response_invalid", `${answer.url.origin} answers ${answer.status} without an access token; check the token URL.`)
  if (typeof type === "string" && /^(mac|dpop|pop)$/i.test(type))
    throw new PlatformError("response_invalid", `${answer.url.origin} gives tokens of the type ${type}; the hub can use bearer tokens alone.`)
  const refreshToken = said?.["refresh_token"]
  return {
    accessToken: token,
    expiresInMs: lifeOf(said?.["expires_in"]),
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
  }
}

/** RFC 6749, 5.2. The description is the provider's own text, and may hold what was sent. */
function refusal(answer: HttpAnswer, error: string, description: unknown, refreshing: boolean, scrub: Scrubber): PlatformError {
  const name = plain(error, scrub, 60)
  const more = typeof description === "string" && description !== "" ? `: ${plain(description, scrub, 200)}` : ""
  const { origin } = answer.url
  const details = { status: answer.status, oauthError: name }
  if (answer.status >= 500 || answer.status === 429 || ["temporarily_unavailable", "server_error", "slow_down"].includes(error))
    return new PlatformError(
      answer.status === 429 ? "rate_limited" : "server_unavailable",
      `${origin} gives no token now (${name}${more}); try again in a moment.`,
      { details },
    )
  const next =
    refreshing && error === "invalid_grant" ? "log in again and enter the new refresh token" : "check the client's id, secret and scope at the provider"
  return new PlatformError("auth_failed", `${origin} refuses the login (${name}${more}); ${next}.`, { details })
}

const plain = (text: string, scrub: Scrubber, most: number): string =>
  scrub
    .text(text)
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, most)

function objectIn(answer: HttpAnswer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(textOf(answer))
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Seconds as a number or as text, at most a day; undefined when it is neither. */
function lifeOf(said: unknown): number | undefined {
  const seconds = typeof said === "string" && said.trim() !== "" ? Number(said) : said
  return typeof seconds === "number" && !Number.isNaN(seconds) ? Math.min(Math.max(0, seconds), LONGEST_S) * 1_000 : undefined
}
