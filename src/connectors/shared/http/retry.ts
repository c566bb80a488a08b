import { platformErrorIn } from "../../../core/errors.ts"
import type { HttpRequest } from "../../../core/http/request.ts"
import type { Another, Retries } from "../../../core/retry.ts"
import type { HttpCall } from "./call.ts"

/** When a request is made again. */
export interface HttpRetries {
  /** Further tries at most. */
  readonly most: number
  /** Whether an answer of that status is worth another try. */
  statuses(status: number): boolean
  /** Whether the same request twice does no more than once. */
  repeatable(request: HttpRequest): boolean
}

const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"])

/** Whether the method alone says that a request may be repeated (RFC 9110, 9.2.2). */
export const isIdempotent = ({ method }: HttpRequest): boolean => IDEMPOTENT.has(method)

/** Too many requests, and a gateway or server that cannot serve now; no other status says that the same request may succeed later. */
export const isPassing = (status: number): boolean => [429, 502, 503, 504].includes(status)

/** Two more tries of requests that may be repeated. */
export const RETRIES: HttpRetries = { most: 2, statuses: isPassing, repeatable: isIdempotent }

/** Each request is made once. */
export const NO_RETRIES: HttpRetries = { most: 0, statuses: () => false, repeatable: () => false }

/** The rules of one request, for `retrying`: its waits end with the call and take turns of its limits. */
export function retriesOf(retries: HttpRetries, request: HttpRequest, call: HttpCall): Retries {
  const repeatable = retries.repeatable(request)
  return {
    most: retries.most,
    again: (error) => another(error, retries, repeatable),
    signal: call.signal,
    remainingMs: () => call.remainingMs(),
    ...(call.turn === undefined ? {} : { turn: call.turn }),
  }
}

/** A connection that was never made carried nothing, so that even a POST is made again; after that it depends on the request. */
function another(error: unknown, { statuses }: HttpRetries, repeatable: boolean): Another | undefined {
  const known = platformErrorIn(error)
  if (known?.code === "host_unreachable") return { reason: known.code }
  if (known === undefined || !repeatable) return undefined
  if (known.code === "connection_lost") return { reason: known.code }
  const { status, retryAfterMs } = known.details
  // Some APIs limit the rate by 403.
  if (typeof status !== "number" || !statuses(known.code === "rate_limited" ? 429 : status)) return undefined
  return { reason: String(status), afterMs: typeof retryAfterMs === "number" ? retryAfterMs : undefined }
}
