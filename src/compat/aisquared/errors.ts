import type { FastifyRequest } from "fastify"
import type { MountAnswer } from "../../api/mount.ts"
import { PlatformError } from "../../core/errors.ts"

/** Faults by field, as the vendor's contracts (dry-validation) report them: `{ connector: { name: ["is missing"] } }`. */
export interface Violations {
  readonly [field: string]: readonly string[] | Violations
}

/** The error for a broken contract: 400, before any other check. */
export const broken = (contract: Violations): PlatformError =>
  new PlatformError("request_invalid", "The request breaks its contract.", { details: { contract } })

/** The error for a configuration that its definition does not allow: 422. */
export const unfit = (message: string): PlatformError => new PlatformError("config_invalid", message)

/** The error for a `Workspace-Id` of a workspace without the caller: 400. */
export const noWorkspace = (cause?: unknown): PlatformError =>
  new PlatformError("request_invalid", "There was a problem with the request format: Workspace not found", { cause })

const LOGIN = /\/api\/v1\/login\/?(\?|$)/

/** Shows an error in the one of AI Squared's four shapes that the vendor uses in that case. */
export function answerOf(error: PlatformError, request: FastifyRequest): MountAnswer {
  const { code, details, faults, message } = error
  if (details["contract"] !== undefined) return { status: 400, body: { errors: details["contract"] } }
  switch (code) {
    case "unauthenticated":
      return single(401, LOGIN.test(request.url) ? "Invalid login credentials, please try again" : "Unauthorized")
    case "forbidden":
      return single(403, "You are not authorized to do this action")
    case "not_found":
      return single(404, message.startsWith("There is no connector ") ? "Connector not found" : "Not found")
    case "json_invalid":
    case "path_invalid":
    case "request_invalid":
      return badRequest(message)
    case "config_invalid":
    case "plan_limit_reached":
      return single(422, request.method === "POST" ? "Connector creation failed" : "Connector update failed", {
        configuration: faults[0]?.message ?? message,
      })
    case "name_taken":
      return single(422, "A connector with the same name already exists.")
    case "rate_limited":
      return throttled(Number(details["retryAfterSeconds"] ?? 1), LOGIN.test(request.url))
    case "store_unavailable":
      return { ...single(503, message), headers: { "retry-after": "2" } }
    case "method_not_allowed":
    case "body_too_large":
    case "content_type_unsupported":
      return single(error.status, message)
    default:
      return single(error.status < 500 ? 422 : 500, message)
  }
}

function single(status: number, detail: string, source?: Readonly<Record<string, string>>): MountAnswer {
  return { status, body: { errors: [{ status, title: "Error", detail, ...(source === undefined ? {} : { source }) }] } }
}

function badRequest(message: string): MountAnswer {
  const prefix = "There was a problem with the request format: "
  const detail = message.startsWith(prefix) ? message : prefix + message
  return { status: 400, body: { errors: [{ status: 400, title: "Bad Request", detail, source: { pointer: "/request/payload" } }] } }
}

function throttled(seconds: number, login: boolean): MountAnswer {
  const what = login ? "Too many login attempts" : "Too many requests"
  return { status: 429, body: { error: `${what}. Please try again in ${seconds} seconds.` }, headers: { "retry-after": String(seconds) } }
}
