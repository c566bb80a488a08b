import { type ErrorCode, PlatformError } from "../../../../core/errors.ts"
import { brief, codeIn, type ErrorTable, READ_ONLY, type Said, WRONG_LOGIN } from "../errors.ts"

/** A refusal of the server: the fields of its ErrorResponse (PostgreSQL docs, 55.8). */
interface ServerError extends Error {
  readonly severity: string
  readonly code: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: string
  /** A statement that a function or a trigger ran. */
  readonly internalQuery?: string
  /** The function in the server's source code that reported the error; its name does not depend on the language. */
  readonly routine?: string
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && "severity" in error && "code" in error && typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)

/** Not a SQLSTATE: a login without TLS that a pooler refuses. */
const PLAIN_REFUSED = "TLS"

/** SQLSTATEs (docs, appendix A) and their classes; the longer one wins. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  "28": "auth_failed",
  "28P01": "auth_failed",
  "57P03": "server_unavailable",
  [PLAIN_REFUSED]: "tls_required",
  "3D000": "database_not_found",
  "42501": "permission_denied",
  "42": "query_invalid",
  "22": "query_invalid",
  "23": "query_invalid",
  "26": "query_invalid",
  "34": "query_invalid",
  "3F": "query_invalid",
  "08": "server_unavailable",
  "08P01": "query_invalid",
  "0A": "query_invalid",
  "21": "query_invalid",
  "25": "query_invalid",
  "25P": "connection_lost",
  "2F": "query_invalid",
  "38": "query_invalid",
  "39": "query_invalid",
  "44": "query_invalid",
  "54": "query_invalid",
  "55": "query_invalid",
  P0: "query_invalid",
  "53300": "too_many_connections",
  "53": "server_unavailable",
  "57P": "server_unavailable",
  "57014": "timed_out",
  "55P03": "timed_out",
  "40": "server_unavailable",
}

/**
 * PgBouncer reports its own failures with the code for a protocol violation, and always in English. They are mapped to PostgreSQL's
 * codes; the first match wins. A message without a match means that the pooler is unavailable.
 */
const POOLER: readonly (readonly [RegExp, string])[] = [
  [/no such database|database .*(does not exist|not found|not allowed)/i, "3D000"],
  [/no such user|user .*does not exist|authentication|auth failed|login rejected|password|SASL/i, "28P01"],
  [/SSL required|TLS required/i, PLAIN_REFUSED],
  [/no more connections|max_\w+|too many|query_wait_timeout/i, "53300"],
  [/unsupported|packet|protocol|not allowed in/i, "08P01"],
]

/** A pooler's error; undefined for errors of the server itself, which are not fatal with that code. */
function pooled({ code, severity, message }: ServerError): Said | undefined {
  if (code !== "08P01" || severity !== "FATAL") return undefined
  const [, known = "57P03"] = POOLER.find(([pattern]) => pattern.test(message)) ?? []
  return { code: known, state: code, text: message }
}

/** The table for the login. A pooler that lets a client wait during the login has no connection to its server; after the login, its pool is full. */
export const duringLogin = (errors: ErrorTable): ErrorTable => ({
  ...errors,
  said: (error) => {
    const said = errors.said(error)
    return said?.text === "query_wait_timeout" ? { ...said, code: "57P03" } : said
  },
})

/** Codes whose detail names the key; the detail of other codes repeats the whole row. */
const KEYED: ReadonlySet<string> = new Set(["23503", "23505", "23P01"])

/** The server's hint, or ours for text that is not in any known encoding. A zero byte (0x00) comes from the caller. */
const hintFor = ({ code, hint, message }: ServerError): string | undefined => (code === "22021" && !message.includes("0x00") ? OTHER_ENCODING : hint)
const OTHER_ENCODING =
  "The database has the encoding SQL_ASCII, so its text may be in any encoding; select convert_from(convert(convert_to(column, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII'), with the actual encoding in place of LATIN1."

/** Whether RAISE in a function or a trigger caused the error; its author may choose any code. */
const isRaised = (error: unknown): boolean => isServerError(error) && error.routine === "exec_stmt_raise"

/** Whether a policy of row-level security caused the error, which has the code for a missing privilege. */
const isPolicy = (error: unknown): boolean => isServerError(error) && error.code === "42501" && error.routine === "ExecWithCheckOptions"

/** Codes that concern the whole batch: the connection, the transaction, resources, shutdowns. */
const WHOLE = /^(08|25|28|3D|3F|40|53|57|58|F0|26|34|0B|2D)|^22P04/

/** The errors of PostgreSQL, or of a system that speaks its protocol and uses its codes. */
export const pgErrors = (product: string): ErrorTable => ({
  product,
  login: "role",
  codeName: "sqlstate",
  said: (error) =>
    isServerError(error)
      ? (pooled(error) ?? {
          code: error.code,
          text: error.message,
          hint: hintFor(error),
          at: error.position === undefined ? undefined : Number(error.position),
        })
      : undefined,
  codes: CODES,
  refine: (said, error) => {
    return isPolicy(error) || (isRaised(error) && codeIn(CODES, said) === undefined) ? "query_invalid" : undefined
  },
  sentences: {
    "28P01": WRONG_LOGIN,
    "25006": READ_ONLY,
    auth_failed: "{product} does not let this {login} in from here ({said}); see its pg_hba.conf.",
  },
  // Data, constraints and triggers, but not a malformed COPY.
  isRowFault: ({ code }, error) => (/^(22|23|44|P0)/.test(code) && code !== "22P04") || isPolicy(error),
  isBatchFault: ({ code }, error) => {
    if (isRaised(error)) return false
    // A statement of a trigger may fail for some rows only; a missing privilege affects all rows.
    if (code.startsWith("42")) return code === "42501" || !isServerError(error) || error.internalQuery === undefined
    return WHOLE.test(code)
  },
  reason: ({ code, text }, error) => `${brief(text)}${KEYED.has(code) && isServerError(error) && error.detail ? ` (${error.detail})` : ""}.`,
  client: (error) => explainClient(product, error),
})

/** Whether the server refused a value rather than the statement. */
export const isDataError = (error: unknown): boolean => isServerError(error) && error.code.startsWith("22")

const LOST: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "ERR_STREAM_DESTROYED"])

function explainClient(product: string, error: Error): PlatformError | undefined {
  const ours = (code: ErrorCode, message: string): PlatformError => new PlatformError(code, message, { cause: error })
  if (error.message.startsWith("SASL:")) return explainSasl(error.message, ours)
  if (("code" in error && LOST.has(error.code)) || /^(Connection terminated|Client (has encountered|was closed))/.test(error.message))
    return ours("connection_lost", `The connection to ${product} broke; try again, and check the server's log if it happens again.`)
  if (/^(received invalid response|Unknown authenticationOk|Received unexpected|Binary mode)/i.test(error.message))
    return ours("protocol_invalid", `The server does not speak the protocol of ${product}; check host and port.`)
  return undefined
}

function explainSasl(message: string, ours: (code: ErrorCode, message: string) => PlatformError): PlatformError {
  if (message.includes("client password must be")) return ours("auth_failed", "The server asks for a password, and the connector has none; enter it.")
  if (message.includes("supported") || message.includes("requires a certificate"))
    return ours(
      "auth_failed",
      "The server requires a login method that is not supported; let this login in by a password (scram-sha-256 in PostgreSQL's pg_hba.conf).",
    )
  return ours("protocol_invalid", "The server violated the SCRAM login, so it may not be the server that it claims to be; check host and TLS.")
}
