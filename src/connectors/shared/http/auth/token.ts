import type { Token, TokenAsk, TokenGrant } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import { type HttpAnswer, type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../../../core/lease.ts"
import { Scrubber } from "../../../../core/scrub.ts"
import { type HttpAuth, SECRET } from "../auth.ts"
import type { HttpCall } from "../call.ts"
import { readableText } from "../charset.ts"
import { httpClient } from "../client.ts"
import { failureOf } from "../statuses.ts"

/** A login at a token endpoint. `identity` and `terms` are those of `TokenAsk`. */
export interface TokenLogin extends Pick<TokenAsk, "identity" | "terms"> {
  /** The refresh token that was entered; a later one takes its place. */
  readonly refreshToken?: string | undefined
  /** Values that the endpoint may repeat in an error. */
  readonly secrets: readonly string[]
  request(refreshToken: string | undefined): HttpRequest | Promise<HttpRequest>
}

const MAX_BYTES = 262_144
const LONGEST_S = 86_400

/**
 * Bearer tokens by `Call.token`, which keeps them for all nodes. A kept token that the API refuses is replaced once; one
 * that was just made is not, since the next would be refused as well.
 */
export function tokenAuth(login: TokenLogin, tls: TlsSpec): HttpAuth {
  const sent = new WeakMap<HttpRequest, Token>()
  const sign = async (request: HttpRequest, call: HttpCall, refused?: string): Promise<HttpRequest> => {
    if (call.token === undefined) throw new PlatformError("internal", "An access token is needed for a request outside of a connector's call.")
    const token = await call.token(askOf(login, tls, refused))
    const signed = withPrivate(request, { authorization: `Bearer ${token.value}` })
    sent.set(signed, token)
    return signed
  }
  return {
    sign: (request, call) => sign(request, call),
    async renew(refused, call) {
      const token = sent.get(refused)
      return token?.cached === true ? await sign(refused, call, token.value) : undefined
    },
    show: (request) => withPrivate(request, { authorization: `Bearer ${SECRET}` }),
  }
}

const askOf = (login: TokenLogin, tls: TlsSpec, refused: string | undefined): TokenAsk => ({
  identity: login.identity,
  terms: login.terms,
  ...(refused === undefined ? {} : { refused }),
  grant: (lease, refreshToken) => grant(login, tls, lease, refreshToken ?? login.refreshToken),
})

/** One request to the endpoint (RFC 6749, 4.4 and 6). It follows no redirect, and the body of its answer says whether it is a success. */
async function grant(login: TokenLogin, tls: TlsSpec, lease: Lease, refreshToken: string | undefined): Promise<TokenGrant> {
  const scrub = new Scrubber([...login.secrets, refreshToken ?? ""])
  const client = httpClient(lease.dispatcher(tls), { maxBytes: MAX_BYTES, redirects: false, judge: () => undefined })
  const answer = await client.send(await login.request(refreshToken), lease)
  return granted(answer, refreshToken !== undefined, scrub)
}

function granted(answer: HttpAnswer, refreshing: boolean, scrub: Scrubber): TokenGrant {
  const said = objectIn(answer)
  const error = said?.["error"]
  if (typeof error === "string" && error !== "") throw refusal(answer, error, said?.["error_description"], refreshing, scrub)
  if (answer.status >= 400) throw failureOf(answer, { scrub: (text, most) => scrub.text(text, most) })
  const token = said?.["access_token"]
  const type = said?.["token_type"]
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,65536}$/.test(token))
    throw new PlatformError("response_invalid", `${answer.url.origin} answers ${answer.status} without an access token; check the token URL.`)
  if (typeof type === "string" && /^(mac|dpop|pop)$/i.test(type))
    throw new PlatformError("response_invalid", `${answer.url.origin} gives tokens of the type ${type}; the hub can use only bearer tokens.`)
  const refreshToken = said?.["refresh_token"]
  return {
    accessToken: token,
    expiresInMs: lifeOf(said?.["expires_in"]),
    refreshToken: typeof refreshToken === "string" && refreshToken !== "" ? refreshToken : undefined,
  }
}

/** RFC 6749, 5.2. The description is the provider's own text, and may repeat the login's secrets. */
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
    const value: unknown = JSON.parse(readableText(answer))
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
