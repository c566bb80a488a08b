import type { Token } from "../../../../core/call.ts"
import { type HttpRequest, withPrivate } from "../../../../core/http/request.ts"
import { type AwsCredentials, type AwsScope, canonicalQuery, signV4 } from "../../../../core/sigv4.ts"
import { type HttpAuth, SECRET } from "../auth.ts"
import type { HttpCall } from "../call.ts"

/** The credentials of a request. `refused` is the token that the service has just refused; it must not be given again. */
export type CredentialSource = (call: HttpCall, refused?: string) => Promise<AwsCredentials & { readonly token?: Token }>

/** How services say that temporary credentials have ended (docs, AWS APIs, Common errors; Amazon S3, Error responses). */
const EXPIRED = /\b(ExpiredToken|ExpiredTokenException|RequestExpired)\b/

/** Signature Version 4 of AWS for one service and region. `credentials` is called for each request, because temporary ones expire; refused ones are renewed once. */
export function sigV4Auth(credentials: CredentialSource, scope: AwsScope, now: () => Date = () => new Date()): HttpAuth {
  const sent = new WeakMap<HttpRequest, Token>()
  const sign = async (request: HttpRequest, call: HttpCall, refused?: string): Promise<HttpRequest> => {
    const url = new URL(request.url)
    url.search = canonicalQuery(url)
    const whole = { ...request, url }
    const { token, ...keys } = await credentials(call, refused)
    const signed = withPrivate(whole, signV4(whole, keys, scope, now()))
    if (token !== undefined) sent.set(signed, token)
    return signed
  }
  return {
    sign: (request, call) => sign(request, call),
    refuses: ({ status, body }) =>
      status === 401 || ((status === 400 || status === 403) && Buffer.isBuffer(body) && EXPIRED.test(body.toString("utf8", 0, 4_096))),
    async renew(refused, call) {
      const token = sent.get(refused)
      if (token?.cached !== true) return undefined
      const unsigned = Object.fromEntries(
        Object.entries(refused.headers).filter(([name]) => !/^(authorization|x-amz-(date|security-token|content-sha256))$/.test(name)),
      )
      return await sign({ ...refused, headers: unsigned }, call, token.value)
    },
    show: (request) => withPrivate(request, { authorization: `AWS4-HMAC-SHA256 ${SECRET}` }),
  }
}
