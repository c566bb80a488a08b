import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { googleRefusal } from "../shared/google/refusals.ts"
import { byStatus, factsOf, type Judge } from "../shared/http/statuses.ts"
import { jsonIn } from "../shared/json-in.ts"

/** Docs, Cloud Storage, HTTP status and error codes for JSON. */
const REASONS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  authError: ["auth_failed", "check the key or the token"],
  required: ["auth_failed", "check the login"],
  forbidden: ["permission_denied", "give the login the role Storage Object Viewer on the bucket, and Storage Object Creator for writes"],
  insufficientPermissions: ["permission_denied", "give the login the role Storage Object Viewer on the bucket, and Storage Object Creator for writes"],
  accountDisabled: ["auth_failed", "enable the account"],
  UserProjectMissing: ["permission_denied", "enter the project that pays"],
  UserProjectAccessDenied: ["permission_denied", "give the login the role Service Usage Consumer in the project that pays"],
  rateLimitExceeded: ["rate_limited", "try again in a moment"],
  conditionNotMet: ["query_invalid", "the file was changed meanwhile; read it again from its beginning"],
}

/** The error of an answer of the bucket; undefined for a success, and for 308, which asks for the rest of an upload. */
export const judge =
  (bucket: string): Judge =>
  (answer, call) => {
    const { status, url } = answer
    if ((status >= 200 && status < 300) || (status === 308 && answer.headers["location"] === undefined)) return undefined
    if (status < 400)
      return new PlatformError("response_invalid", `${url.origin} answers ${status} and leads elsewhere, which is not followed; correct Endpoint.`, {
        details: factsOf(answer),
      })
    const { code, message } = googleRefusal(jsonIn(answer.body.toString("utf8", 0, 65_536)) ?? {})
    const [ours, next] = (code === undefined ? undefined : REASONS[code]) ?? (status === 404 ? gone(answer) : [])
    if (ours === undefined) return byStatus(answer, call)
    const said = call.scrub?.(message ?? code ?? "", 300) ?? code ?? ""
    const what = said === "" ? `answers ${status}` : `refuses: ${said.replace(/\.$/, "")}`
    return new PlatformError(ours, `${url.origin} ${what}; ${next}.`, { details: { ...factsOf(answer), bucket, ...(code === undefined ? {} : { code }) } })
  }

/** Whether the bucket or one of its files is not there. */
const gone = ({ url }: HttpAnswer): readonly [ErrorCode, string] =>
  /\/o(\/|$)./.test(url.pathname)
    ? ["stream_not_found", "discover again, and take the path from the catalog"]
    : ["database_not_found", "check the bucket's name, and that the login may list it"]
