import type { Token, TokenAsk, TokenGrant } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import { type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import type { Lease, TlsSpec } from "../../../../core/lease.ts"
import { Scrubber } from "../../../../core/scrub.ts"
import { type HttpAuth, type Route, SECRET } from "../auth.ts"
import type { HttpCall } from "../call.ts"
import { httpClient } from "../client.ts"
import { granted } from "./token-answer.ts"

/** A login at a token endpoint. `identity` and `terms` are those of `TokenAsk`. */
export interface TokenLogin extends Pick<TokenAsk, "identity" | "terms"> {
  /** The refresh token from the config; a newer one replaces it. */
  readonly refreshToken?: string | undefined
  /** Values that the endpoint may repeat in an error. */
  readonly secrets: readonly string[]
  request(refreshToken: string | undefined): HttpRequest | Promise<HttpRequest>
}

const MAX_BYTES = 262_144
const direct: Route = (lease) => lease

/**
 * Bearer tokens from `Call.token`, which stores them for all nodes. A stored token that the API refuses is replaced once; a new
 * token is not, because the next one would be refused too.
 */
export function tokenAuth(login: TokenLogin, tls: TlsSpec, route: Route = direct): HttpAuth {
  const sent = new WeakMap<HttpRequest, Token>()
  const sign = async (request: HttpRequest, call: HttpCall, refused?: string): Promise<HttpRequest> => {
    if (call.token === undefined) throw new PlatformError("internal", "An access token is needed for a request outside of a connector's call.")
    const token = await call.token(askOf(login, tls, route, refused))
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

const askOf = (login: TokenLogin, tls: TlsSpec, route: Route, refused: string | undefined): TokenAsk => ({
  identity: login.identity,
  terms: login.terms,
  ...(refused === undefined ? {} : { refused }),
  grant: (lease, refreshToken) => grant(login, tls, route(lease), refreshToken ?? login.refreshToken),
})

/** Sends one request to the endpoint (RFC 6749, 4.4 and 6). Redirects are not followed; the body of the answer decides whether it is a success. */
async function grant(login: TokenLogin, tls: TlsSpec, lease: Lease, refreshToken: string | undefined): Promise<TokenGrant> {
  const scrub = new Scrubber([...login.secrets, refreshToken ?? ""])
  const client = httpClient(lease.dispatcher(tls), { maxBytes: MAX_BYTES, redirects: false, judge: () => undefined })
  const answer = await client.send(await login.request(refreshToken), lease)
  return granted(answer, refreshToken !== undefined, scrub)
}
