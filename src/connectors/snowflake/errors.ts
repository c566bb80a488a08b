import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { HttpAnswer } from "../../core/http/request.ts"
import { meaningOf, retryAfterMs } from "../shared/http/statuses.ts"
import { type ErrorTable, explainBy, type Said } from "../shared/sql/errors.ts"

/** A refusal (docs, SQL API reference, QueryFailureStatus); each part of it may be missing. */
export interface Refusal {
  readonly code?: string | undefined
  readonly sqlState?: string | undefined
  readonly message?: string | undefined
}

/** The login of a request, for messages that name what to mend. */
export interface Asker {
  readonly host: string
  readonly user: string
  readonly role: string
  readonly fingerprint: string | undefined
}

class Refused extends Error {
  override readonly name = "Refused"
  readonly said: Said

  constructor(said: Said) {
    super(said.text)
    this.said = said
  }
}

/** Snowflake's own codes. Each account has a host of its own, so a 403 or 404 without a code means that there is no such account. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ...Object.fromEntries(["390100", "390101", "390144", "390146", "390303", "390318", "394400"].map((code) => [code, "auth_failed"])),
  "HTTP 403": "auth_failed",
  "HTTP 404": "auth_failed",
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

export const errors: ErrorTable = {
  product: "Snowflake",
  login: "role",
  codeName: "code",
  codes: CODES,
  said: (error) => (error instanceof Refused ? error.said : error instanceof PlatformError && error.cause instanceof Refused ? error.cause.said : undefined),
  refine: ({ code, details }) => CODES[code] ?? (Number(details?.["status"]) < 400 ? "remote_failed" : meaningOf(Number(details?.["status"])).code),
  // Data exceptions, and what SQLSTATE calls data or integrity.
  isRowFault: ({ code, state, details }) => details?.["status"] === 422 && (/^100\d{3}$/.test(code) || /^2[23]/.test(String(state))),
}

/** The sentences of one login. */
function sentencesFor({ host, user, role, fingerprint }: Asker): Readonly<Record<string, string>> {
  const noAccount = (status: number): string =>
    `${host} answers ${status} and knows no such account; check the account identifier, and whether a network rule keeps this hub out.`
  return {
    "HTTP 403": noAccount(403),
    "HTTP 404": noAccount(404),
    auth_failed:
      fingerprint === undefined
        ? "Snowflake refused the token ({said}); check that it is of this account, has not expired, and that a network policy lets this hub in."
        : `Snowflake refused the key pair of ${user} ({said}); check account and user, that \`DESC USER\` shows the fingerprint ${fingerprint}, and this machine's clock.`,
    "390422": "Snowflake's network policy does not let this hub in ({said}); add its address to the policy.",
    "003001": "The role lacks a permission: {said}; grant it to the role.",
    permission_denied: `The user ${user} may not take the role ${role} ({said}); GRANT ROLE ${role} TO USER ${user}, or choose another.`,
    "000606": "Snowflake has no warehouse to run this in; name one in the connector, or set the user's default.",
    database_not_found: "Snowflake does not find what the connector names: {said}; check warehouse, database and schema.",
    remote_failed: "Snowflake failed: {said} ({code}).",
    internal: "Snowflake failed: {said} ({code}).",
  }
}

/** The refusal in an answer, which is JSON where Snowflake itself gave it. */
export function refusalOf(answer: HttpAnswer, asker: Asker): PlatformError {
  const said = bodyOf(answer) ?? {}
  const text = (name: string): string | undefined => (typeof said[name] === "string" ? said[name] : undefined)
  return refused(answer.status, { code: text("code"), sqlState: text("sqlState"), message: text("message") }, asker, retryAfterMs(answer.headers))
}

/** The JSON object of an answer; undefined for another body. */
export function bodyOf({ body }: HttpAnswer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return undefined
  }
}

/** A refusal as ours. `details` carry Snowflake's code, and line and position where it names them. */
export function refused(status: number, { code, sqlState, message = "" }: Refusal, asker: Asker, retryAfterMs?: number): PlatformError {
  const [, line, position] = /line (\d+) at position (\d+)/.exec(message) ?? []
  const details = {
    status,
    ...(line === undefined ? {} : { line: Number(line), position: Number(position) }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  // Without the request's id, and without a token that the message may repeat.
  const text = message.replace(/\s*\[[0-9a-f-]{36}\]/g, "").replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[secret]")
  const said = { code: code ?? `HTTP ${status}`, state: sqlState, text: text.trim() || `HTTP ${status}`, details }
  return explainBy({ ...errors, sentences: sentencesFor(asker) })(new Refused(said)) as PlatformError
}
