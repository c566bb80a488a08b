import { withPrivate } from "../../../../core/http/request.ts"
import { type AwsCredentials, type AwsScope, canonicalQuery, signV4 } from "../../../../core/sigv4.ts"
import { type HttpAuth, SECRET } from "../auth.ts"

/** Signature Version 4 of AWS for one service and region. `credentials` is called for each request, because session tokens expire. */
export const sigV4Auth = (credentials: () => AwsCredentials | Promise<AwsCredentials>, scope: AwsScope, now: () => Date = () => new Date()): HttpAuth => ({
  async sign(request) {
    const url = new URL(request.url)
    url.search = canonicalQuery(url)
    const sent = { ...request, url }
    return withPrivate(sent, signV4(sent, await credentials(), scope, now()))
  },
  show: (request) => withPrivate(request, { authorization: `AWS4-HMAC-SHA256 ${SECRET}` }),
})
