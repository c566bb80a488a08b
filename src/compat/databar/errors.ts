import type { MountAnswer } from "../../api/mount.ts"
import { PlatformError } from "../../core/errors.ts"

/** One entry of a 422 in FastAPI's form (databar-create-connector.md, ValidationError). It never repeats the value that was sent. */
export interface Detail {
  readonly type: string
  readonly loc: readonly (string | number)[]
  readonly msg: string
}

/** The error for a 422 with these details. */
export const unprocessable = (detail: readonly Detail[]): PlatformError =>
  new PlatformError("request_invalid", detail.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; "), { details: { detail } })

/** The error for a 400, for faults that a schema cannot express. */
export const bad = (message: string): PlatformError => new PlatformError("config_invalid", message)

/** Shows an error in Databar's shape: an object with `detail`, which is a list of faults for a 422 and a sentence otherwise. */
export function answerOf(error: PlatformError): MountAnswer {
  const detail = detailOf(error)
  const status = Array.isArray(detail) ? 422 : statusOf(error)
  const retryAfter = error.details["retryAfterSeconds"] ?? (status === 503 ? 2 : status === 429 ? 1 : undefined)
  return { status, body: { detail }, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } }
}

function detailOf({ code, details, message, cause }: PlatformError): string | readonly Detail[] {
  if (Array.isArray(details["detail"])) return details["detail"] as Detail[]
  if (code === "json_invalid") return [{ type: "json_invalid", loc: ["body", positionIn(cause)], msg: "JSON decode error" }]
  return code === "not_found" ? "Not found." : message
}

/** Takes only the number from the parser's message, because the message quotes the body, secrets included. */
function positionIn(cause: unknown): number {
  const position = cause instanceof Error ? /at position (\d{1,9})/.exec(cause.message)?.[1] : undefined
  return Number(position ?? 0)
}

/** The status of an error. Databar's pages have 400, 403, 404, 406, 410 and 422. */
function statusOf({ code, status }: PlatformError): number {
  switch (code) {
    case "unauthenticated":
      return 403
    case "plan_limit_reached":
      return 406
    case "store_unavailable":
    case "method_not_allowed":
    case "body_too_large":
    case "content_type_unsupported":
    case "rate_limited":
    case "forbidden":
    case "not_found":
      return status
    default:
      return status < 500 ? 400 : 500
  }
}
