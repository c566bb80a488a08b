import type { Token, TokenGrant } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { type HttpRequest, withPrivate } from "../../../core/http/request.ts"
import type { Lease } from "../../../core/lease.ts"
import { Scrubber } from "../../../core/scrub.ts"
import { type HttpAuth, SECRET } from "../http/auth.ts"
import type { HttpCall } from "../http/call.ts"
import { httpClient } from "../http/client.ts"
import { requestTo } from "../http/requests.ts"
import { meaningOf } from "../http/statuses.ts"
import { googleRefusal } from "./refusals.ts"

const HOST = "iamcredentials.googleapis.com"
const MAX_BYTES = 65_536

export interface Impersonation {
  readonly login: HttpAuth
  /** What tells the login from others; it may hold secrets, since only a keyed hash of it is kept. */
  readonly identity: string
  /** The e-mail address of the service account. */
  readonly account: string
  readonly scopes: readonly string[]
}

/**
 * Tokens of a service account that the login may create (docs, Service Account Credentials API, generateAccessToken). They last for an
 * hour, and all nodes share one.
 */
export function impersonating(how: Impersonation): HttpAuth {
  const sent = new WeakMap<HttpRequest, Token>()
  const identity = JSON.stringify([how.identity, how.account, how.scopes])
  const sign = async (request: HttpRequest, call: HttpCall, refused?: string): Promise<HttpRequest> => {
    if (call.token === undefined) throw new PlatformError("internal", "An access token is needed for a request outside of a connector's call.")
    const ask = { identity, terms: identity, ...(refused === undefined ? {} : { refused }) }
    const token = await call.token({ ...ask, grant: (lease) => grant(how, lease, call) })
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

async function grant({ login, account, scopes }: Impersonation, lease: Lease, { token }: HttpCall): Promise<TokenGrant> {
  const own = { signal: lease.signal, remainingMs: () => lease.remainingMs(), ...(token === undefined ? {} : { token }) }
  const client = httpClient(lease.dispatcher({ mode: "verify" }), { auth: login, maxBytes: MAX_BYTES, redirects: false, judge: () => undefined })
  const url = new URL(`https://${HOST}/v1/projects/-/serviceAccounts/${encodeURIComponent(account)}:generateAccessToken`)
  const answer = await client.send(requestTo(url, { json: { scope: scopes, lifetime: "3600s" } }), own)
  const { status } = answer
  const said = jsonIn(answer.body)
  if (status !== 200) {
    const { code = `HTTP ${status}`, message = code } = googleRefusal(said)
    const sentTo = answer.url.origin
    const ours = status >= 500 || status === 429 ? meaningOf(status).code : "auth_failed"
    const text = new Scrubber([]).text(message, 300).replace(/\.$/, "")
    const next = "check the login, and that it has the role Service Account Token Creator on the account"
    throw new PlatformError(ours, `${sentTo} does not let this login act as ${account}: ${text}; ${next}.`, { details: { code, status } })
  }
  const { accessToken, expireTime } = said
  const expiresInMs = Date.parse(String(expireTime)) - Date.now()
  if (typeof accessToken !== "string" || !/^[\x21-\x7e]{1,16384}$/.test(accessToken) || Number.isNaN(expiresInMs))
    throw new PlatformError("response_invalid", `${HOST} answers without an access token; check for a proxy between it and the hub.`)
  return { accessToken, expiresInMs: Math.min(expiresInMs, 3_600_000), refreshToken: undefined }
}

function jsonIn(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
