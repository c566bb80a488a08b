import { type ErrorCode, PlatformError } from "../../core/errors.ts"

/** What PostgreSQL says when it refuses; the fields of its ErrorResponse (docs, 55.8). */
export interface ServerError extends Error {
  readonly code: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: string
  readonly column?: string
}

/** An answer of the server, as against a failure of the connection. */
export const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && "severity" in error && "code" in error && typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)

/** SQLSTATEs (docs, appendix A) and their classes; the longer one wins. Messages are not looked at: servers speak many languages. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  "28": "auth_failed",
  "3D000": "database_not_found",
  "42501": "permission_denied",
  "42": "query_invalid",
  "22": "query_invalid",
  "23": "query_invalid",
  "26": "query_invalid",
  "34": "query_invalid",
  "3F": "query_invalid",
  "08P01": "query_invalid",
  "0A": "query_invalid",
  "21": "query_invalid",
  "25": "query_invalid",
  "25P": "connection_lost",
  "2F": "query_invalid",
  "38": "query_invalid",
  "39": "query_invalid",
  "54": "query_invalid",
  P0: "query_invalid",
  "53300": "too_many_connections",
  "53": "server_unavailable",
  "57P": "server_unavailable",
  "57014": "timed_out",
  "55P03": "timed_out",
  "40": "server_unavailable",
}

/** The `pg` client's and the server's errors as ours. */
export function explain(error: unknown): PlatformError | undefined {
  if (isServerError(error)) return explainServer(error)
  if (!(error instanceof Error)) return undefined
  const code = "code" in error ? error.code : undefined
  if (error.message.startsWith("SASL:")) return explainSasl(error)
  if (
    code === "ECONNRESET" ||
    code === "EPIPE" ||
    code === "ERR_STREAM_DESTROYED" ||
    /^(Connection terminated|Client (has encountered|was closed))/.test(error.message)
  )
    return new PlatformError("connection_lost", "The connection to PostgreSQL broke; try again, and look at the server's log if it stays.", { cause: error })
  if (/^(received invalid response|Unknown authenticationOk|Received unexpected|Binary mode)/i.test(error.message))
    return new PlatformError("protocol_invalid", "What answers does not speak PostgreSQL's protocol; check host and port.", { cause: error })
  return undefined
}

function explainServer(error: ServerError): PlatformError {
  const code = CODES[error.code] ?? CODES[error.code.slice(0, 3)] ?? CODES[error.code.slice(0, 2)] ?? "remote_failed"
  const details = { sqlstate: error.code, ...(error.position === undefined ? {} : { position: Number(error.position) }) }
  if (error.code === "28000" && /no encryption|SSL off/.test(error.message))
    return ours("tls_required", `The server takes this login over TLS only: ${said(error)}.`)
  return ours(code, sentence(code, error))

  function ours(as: ErrorCode, message: string): PlatformError {
    return new PlatformError(as, message, { cause: error, details })
  }
}

function sentence(code: ErrorCode, error: ServerError): string {
  switch (code) {
    case "auth_failed":
      return error.code === "28P01"
        ? "PostgreSQL refused the login; check user and password."
        : `PostgreSQL does not let this user in from here (${said(error)}); see its pg_hba.conf.`
    case "database_not_found":
      return `PostgreSQL has no such database: ${said(error)}; check its name.`
    case "permission_denied":
      return `The role lacks a permission: ${said(error)}; ${grantFor(error.message)}.`
    case "too_many_connections":
      return `PostgreSQL takes no more connections: ${said(error)}; try later, or raise max_connections.`
    case "server_unavailable":
      return `PostgreSQL cannot serve this now: ${said(error)}; try again in a moment.`
    case "timed_out":
      return `PostgreSQL stopped the statement: ${said(error)}; ask for less, or allow more time.`
    case "query_invalid":
      return error.code === "25006"
        ? `Queries are read-only here, and this one writes: ${said(error)}.`
        : `PostgreSQL refused the statement: ${said(error)}${error.position === undefined ? "" : ` (at character ${error.position})`}.${error.hint ? ` ${error.hint}` : ""}`
    default:
      return `PostgreSQL failed: ${said(error)} (SQLSTATE ${error.code}).`
  }
}

/** The server's message as part of a sentence: one line, 300 characters, no full stop. */
export const said = (error: Error): string => error.message.replace(/\s+/g, " ").slice(0, 300).replace(/\.$/, "")

/** The GRANT that would help, as far as an English server names the object. */
function grantFor(message: string): string {
  const found = /permission denied for (\w+(?: \w+)?) (\S+)$/.exec(message)
  const name = found?.[2] ?? ""
  switch (found?.[1]) {
    case "schema":
      return `GRANT USAGE ON SCHEMA ${name} TO the role`
    case "table":
    case "view":
    case "relation":
      return `GRANT SELECT (or INSERT, UPDATE) ON ${name} TO the role`
    case "database":
      return `GRANT CONNECT ON DATABASE ${name} TO the role`
    case "function":
      return `GRANT EXECUTE ON FUNCTION ${name} TO the role`
    default:
      return "GRANT it to the role"
  }
}

function explainSasl(error: Error): PlatformError {
  if (error.message.includes("client password must be"))
    return new PlatformError("auth_failed", "The server asks for a password, and the connector has none; enter it.", { cause: error })
  if (error.message.includes("supported") || error.message.includes("requires a certificate"))
    return new PlatformError("auth_failed", "The server asks for a way of logging in that is not supported; allow scram-sha-256 in its pg_hba.conf.", {
      cause: error,
    })
  return new PlatformError("protocol_invalid", "The server broke the rules of the SCRAM login, so it may not be the one it says it is; check host and TLS.", {
    cause: error,
  })
}
