import type { KeyObject } from "node:crypto"
import type { JWTPayload } from "jose"
import { withPrivate } from "../../../../core/http/request.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

/** A signed JSON Web Token (RFC 7519), made from a private key. */
export interface JwtLogin {
  /** RSA for RS256, P-256 for ES256. */
  readonly key: KeyObject
  readonly algorithm: "RS256" | "ES256"
  /** The key's id, where the server has several. */
  readonly keyId?: string | undefined
  /** Everything but the times, which are set when a token is made. */
  readonly claims: Readonly<JWTPayload>
  readonly lifeMs: number
}

/** A token is replaced so long before it ends, but not in the first half of its life. */
const RENEW_MS = 600_000

/** Gives a token that is good for some time; one token is used for many requests. */
export function jwtSource({ key, algorithm, keyId, claims, lifeMs }: JwtLogin, now: () => number = () => Date.now()): () => Promise<string> {
  const renewMs = Math.min(RENEW_MS, lifeMs / 2)
  let current: { readonly token: Promise<string>; readonly until: number } | undefined
  const make = async (issued: number): Promise<string> => {
    const { SignJWT } = await import("jose")
    return await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
      .setIssuedAt(issued)
      .setExpirationTime(issued + Math.floor(lifeMs / 1_000))
      .sign(key)
  }
  return () => {
    if (current !== undefined && current.until - now() >= renewMs) return current.token
    const issued = Math.floor(now() / 1_000)
    const token = make(issued)
    current = { token, until: issued * 1_000 + lifeMs }
    token.catch(() => {
      current = undefined
    })
    return token
  }
}

/** The token itself as the bearer token: Snowflake's key pairs, and Google's service accounts with an audience of the API. `headers` go with it. */
export function jwtAuth(token: () => Promise<string>, headers: Readonly<Record<string, string>> = {}): HttpAuth {
  return {
    sign: async (request) => withPrivate(request, { ...headers, authorization: `Bearer ${await token()}` }),
    show: (request) => withPrivate(request, { ...headers, authorization: `Bearer ${SECRET}` }),
  }
}
