import type { MountAnswer } from "../../api/mount.ts"
import type { PlatformError } from "../../core/errors.ts"

/** KaireonAI's codes. The vendor's pages print BAD_REQUEST; for other errors they print only the status. */
const CODES: Readonly<Record<number, string>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "RATE_LIMITED",
  500: "INTERNAL_ERROR",
  503: "SERVICE_UNAVAILABLE",
}

/** Shows an error in KaireonAI's shape: `{ error: { code, message, status } }`; a 429 and a 503 have `Retry-After`. */
export function answerOf(error: PlatformError): MountAnswer {
  const status = statusOf(error)
  const retryAfter = error.details["retryAfterSeconds"] ?? (status === 503 ? 2 : undefined)
  return {
    status,
    body: { error: { code: CODES[status] ?? "INTERNAL_ERROR", message: messageOf(error), status } },
    headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
  }
}

function statusOf({ code, status }: PlatformError): number {
  switch (code) {
    case "request_invalid":
    case "config_invalid":
      return 400
    case "version_stale":
      return 409
    case "store_unavailable":
      return 503
    default:
      return CODES[status] === undefined || status >= 500 ? 500 : status
  }
}

function messageOf({ code, message }: PlatformError): string {
  if (code === "not_found" && message.startsWith("There is no connector ")) return "Connector not found"
  return code === "unauthenticated" ? "A valid API key or session is required: Authorization: Bearer <key>, or X-API-Key." : message
}
