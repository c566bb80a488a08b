import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"
import { isSecretName } from "./header-rules.ts"

/** Whether a signed request carries credentials: in a private header, or in a parameter that is named like a secret. */
export const carriesCredentials = ({ headers, private: own, url }: HttpRequest): boolean =>
  Object.keys(headers).some((name) => own.has(name) && (isSecretName(name) || /cookie|session/i.test(name))) || [...url.searchParams.keys()].some(isSecretName)

/**
 * Decides whether a failure certainly refuses the connector's credentials. A 401 does so only if the request carried credentials, if they reached the
 * server that answered, and if the method was not HEAD. Otherwise `details.certain` is false, and the connector stays in use.
 */
export function judgedRefusal(failure: PlatformError, request: HttpRequest, answer: Pick<HttpAnswer, "url">, proven: boolean): PlatformError {
  if (failure.code !== "auth_failed" || failure.details["certain"] !== undefined) return failure
  const { origin } = request.url
  if (answer.url.origin !== origin) {
    const message = `${origin} redirects to ${answer.url.origin}, which requires credentials; they are not sent to another origin, so use that address as the URL.`
    return uncertain(failure, message)
  }
  if (!proven) return uncertain(failure, failure.message.replace(/; check the credentials\.$/, "; the request carries no credentials, so set Authentication."))
  return request.method === "HEAD" ? uncertain(failure) : failure
}

/** The same failure, which does not stop the connector. */
export const uncertain = (failure: PlatformError, message = failure.message, code = failure.code): PlatformError =>
  new PlatformError(code, message, { cause: failure, details: { ...failure.details, certain: false } })

/**
 * What to throw for the failure of a request with inputs, which may be the reason for a 401. `bare` sends the connector's request without them and
 * without judging the answer: the refusal is certain if that request is refused too, and becomes `permission_denied` if it succeeds. If there is no
 * `bare`, the refusal is not certain. Any other failure is returned as it is.
 */
export async function confirmedRefusal(failure: unknown, bare: (() => Promise<Pick<HttpAnswer, "status">>) | undefined, call: HttpCall): Promise<unknown> {
  if (!(failure instanceof PlatformError) || failure.code !== "auth_failed") return failure
  if (failure.details["status"] !== 401 || failure.details["certain"] !== undefined) return failure
  if (bare === undefined) return uncertain(failure)
  await call.turn?.("401")
  const status = await statusOf(bare)
  if (status === 401) return failure
  if (status === undefined || status >= 400) return uncertain(failure)
  const next = "; the credentials work for other requests, so check the inputs and the permissions of the login."
  return uncertain(failure, failure.message.replace(/; check the credentials\.$/, next), "permission_denied")
}

/** The status of the answer; undefined if there is none. */
async function statusOf(ask: () => Promise<Pick<HttpAnswer, "status">>): Promise<number | undefined> {
  try {
    return (await ask()).status
  } catch (error) {
    if (error instanceof PlatformError) return undefined
    throw error
  }
}
