import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { meaningOf, retryAfterMs } from "../shared/http/statuses.ts"

/** What Snowflake says when it refuses (docs, SQL API reference, QueryFailureStatus); each part of it may be missing. */
export interface Refusal {
  readonly code?: string | undefined
  readonly sqlState?: string | undefined
  readonly message?: string | undefined
}

/** Whose request it was, for messages that name what to mend. */
export interface Asker {
  readonly host: string
  readonly user: string
  readonly role: string
  readonly warehouse: string
  readonly fingerprint: string | undefined
}

/** Snowflake's own codes; messages are not looked at. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  "390100": "auth_failed",
  "390101": "auth_failed",
  "390144": "auth_failed",
  "390146": "auth_failed",
  "390303": "auth_failed",
  "390318": "auth_failed",
  "394400": "auth_failed",
  "390186": "permission_denied",
  "390189": "permission_denied",
  "390422": "permission_denied",
  "003001": "permission_denied",
  "390201": "database_not_found",
  "000606": "database_not_found",
  "000604": "cancelled",
  "000630": "timed_out",
  "000625": "server_unavailable",
  "090073": "server_unavailable",
  "000709": "remote_failed",
  "391903": "internal",
  "391908": "response_too_large",
}

/** Each account has a host of its own, so without a word of Snowflake's own these mean that there is no such account. */
const NO_ACCOUNT: ReadonlySet<number> = new Set([403, 404])

/** The refusal in an answer, which is JSON where Snowflake itself gave it. */
export function refusalOf(answer: HttpAnswer, asker: Asker): PlatformError {
  const said = saidIn(answer)
  const text = (name: string): string | undefined => (typeof said[name] === "string" ? said[name] : undefined)
  const refusal: Refusal = { code: text("code"), sqlState: text("sqlState"), message: text("message") }
  return refused(answer.status, refusal, asker, retryAfterMs(answer.headers))
}

function saidIn({ body }: HttpAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** An answer that is no success, as ours. `details` carry Snowflake's code, and line and position where it names them. */
export function refused(status: number, refusal: Refusal, asker: Asker, retryAfterMs?: number): PlatformError {
  const { code: number = "", sqlState, message = "" } = refusal
  const code = CODES[number] ?? (NO_ACCOUNT.has(status) ? "auth_failed" : status < 400 ? "remote_failed" : meaningOf(status).code)
  const [, line, position] = /line (\d+) at position (\d+)/.exec(message) ?? []
  const details = {
    status,
    ...(number === "" ? {} : { code: number }),
    ...(sqlState === undefined ? {} : { sqlstate: sqlState }),
    ...(line === undefined ? {} : { line: Number(line), position: Number(position) }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return new PlatformError(code, sentence(code, status, refusal, asker), { details })
}

function sentence(code: ErrorCode, status: number, refusal: Refusal, asker: Asker): string {
  const said = saying(refusal, status)
  switch (code) {
    case "auth_failed":
      return authSentence(status, refusal, asker)
    case "permission_denied":
      if (refusal.code === "390422") return `Snowflake's network policy does not let this hub in (${said}); add its address to the policy.`
      if (refusal.code === "003001") return `The role lacks a permission: ${said}; grant it to the role.`
      return `The user ${asker.user} may not take the role ${asker.role} (${said}); GRANT ROLE ${asker.role} TO USER ${asker.user}, or choose another.`
    case "database_not_found":
      return refusal.code === "000606"
        ? "Snowflake has no warehouse to run this in; name one in the connector, or set the user's default."
        : `Snowflake does not find what the connector names: ${said}; check warehouse, database and schema.`
    case "cancelled":
      return `Somebody cancelled the statement in Snowflake (${said}); call again.`
    case "timed_out":
      return `Snowflake stopped the statement: ${said}; ask for less, or allow more time.`
    case "rate_limited":
      return "Snowflake gets too many requests from this user; call less often."
    case "server_unavailable":
      return `Snowflake cannot serve this now: ${said}; try again in a moment.`
    case "query_invalid":
      return `Snowflake refused the statement: ${said}.`
    case "response_too_large":
      return `The result is larger than Snowflake hands out: ${said}; ask for less.`
    default:
      return `Snowflake failed: ${said} (${refusal.code ?? `HTTP ${status}`}).`
  }
}

function authSentence(status: number, refusal: Refusal, { host, user, fingerprint }: Asker): string {
  if (refusal.code === undefined && status !== 401)
    return `${host} answers ${status} and knows no such account; check the account identifier, and whether a network rule keeps this hub out.`
  if (fingerprint !== undefined)
    return `Snowflake refused the key pair of ${user} (${saying(refusal, status)}); check account and user, that \`DESC USER\` shows the fingerprint ${fingerprint}, and this machine's clock.`
  return `Snowflake refused the token (${saying(refusal, status)}); check that it is of this account, has not expired, and that a network policy lets this hub in.`
}

/** Snowflake's message as part of a sentence: one line, 300 characters, no request id, no token that it may repeat, no full stop. */
export const saying = ({ message }: Refusal, status: number): string =>
  (message ?? "")
    .replace(/\s*\[[0-9a-f-]{36}\]/g, "")
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[secret]")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 300)
    .replace(/\.$/, "") || `HTTP ${status}`

/** A fault of single rows, from which others need not suffer: data exceptions, and what SQLSTATE calls data or integrity. */
export function isRowFault(error: unknown): error is PlatformError {
  if (!(error instanceof PlatformError)) return false
  const { code, sqlstate, status } = error.details
  return status === 422 && (/^100\d{3}$/.test(String(code)) || /^2[23]/.test(String(sqlstate)))
}
