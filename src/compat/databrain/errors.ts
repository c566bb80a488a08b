import type { FastifyRequest } from "fastify"
import type { MountAnswer } from "../../api/mount.ts"
import type { PlatformError } from "../../core/errors.ts"

/** The codes on the page, and codes for cases that the page does not name. */
type Code =
  | "INVALID_REQUEST_BODY"
  | "DATASOURCE_NAME_ERROR"
  | "DATASOURCE_ID_ERROR"
  | "DATASOURCE_IN_USE"
  | "CREDENTIAL_TEST_FAILED"
  | "AUTHENTICATION_ERROR"
  | "SCHEMA_CACHE_FAILED"
  | "CREATE_DATASOURCE_FAILED"
  | "INTERNAL_SERVER_ERROR"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "RATE_LIMITED"

const creating = new WeakSet<FastifyRequest>()

/** Marks a request: from now on its internal errors are reported as `CREATE_DATASOURCE_FAILED`. */
export const beginsCreating = (request: FastifyRequest): void => void creating.add(request)

/** Shows an error in both shapes that DataBrain's pages and clients read: `{ error: { message, code }, message, code }`. */
export function answerOf(error: PlatformError, request: FastifyRequest): MountAnswer {
  const [status, code] = codeOf(error, request)
  const message = status === 401 ? "Invalid or missing service token." : error.message
  const retryAfter = error.details["retryAfterSeconds"]
  return {
    status,
    body: { error: { message, code }, message, code },
    headers: status === 429 ? { "retry-after": String(retryAfter ?? 1) } : {},
  }
}

function codeOf({ code, details }: PlatformError, request: FastifyRequest): [number, Code] {
  switch (code) {
    case "json_invalid":
    case "request_invalid":
    case "config_invalid":
    case "content_type_unsupported":
    case "path_invalid":
      return [400, "INVALID_REQUEST_BODY"]
    case "body_too_large":
      return [413, "INVALID_REQUEST_BODY"]
    case "name_taken":
      return [400, "DATASOURCE_NAME_ERROR"]
    case "in_use":
      return [400, "DATASOURCE_IN_USE"]
    case "verification_failed":
      return [400, "CREDENTIAL_TEST_FAILED"]
    case "unauthenticated":
    case "forbidden":
      return [401, "AUTHENTICATION_ERROR"]
    case "not_found":
      return details["datasource"] === true ? [400, "DATASOURCE_ID_ERROR"] : [404, "NOT_FOUND"]
    case "method_not_allowed":
      return [405, "METHOD_NOT_ALLOWED"]
    case "rate_limited":
      return [429, "RATE_LIMITED"]
    case "discovery_failed":
      return [500, "SCHEMA_CACHE_FAILED"]
    default:
      return [500, creating.has(request) ? "CREATE_DATASOURCE_FAILED" : "INTERNAL_SERVER_ERROR"]
  }
}
