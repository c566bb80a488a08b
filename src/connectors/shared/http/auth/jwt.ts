import type { KeyObject } from "node:crypto"
import type { JWTPayload } from "jose"
import { withPrivate } from "../../../../core/http/request.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

/** A signed JSON Web Token (RFC 7519), made from a private key. */
export interface JwtLogin {
  /** RSA for RS256, P-256 for ES256. */
  readonly key: KeyObject
  readonly algorithm: "RS256" | "ES256"
  /** The key's id, if the server has several keys. */
  readonly keyId?: string | undefined
  /** All claims except the times, which are set when a token is created. */
  readonly claims: Readonly<JWTPayload>
  readonly lifeMs: number
}

/** A token is replaced this long before it expires, but not in the first half of its lifetime. */
const RENEW_MS = 600_000

/** Returns a function that gives a valid token; one token is used for many requests. */
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

/** Sends the token itself as the bearer token, as Snowflake's key pairs and Google's self-signed service account tokens need. `headers` are sent with it. */
export function jwtAuth(token: () => Promise<string>, headers: Readonly<Record<string, string>> = {}): HttpAuth {
  return {
    sign: async (request) => withPrivate(request, { ...headers, authorization: `Bearer ${await token()}` }),
    show: (request) => withPrivate(request, { ...headers, authorization: `Bearer ${SECRET}` }),
  }
}
