import { type ErrorCode, PlatformError, platformErrorIn } from "../../core/errors.ts"

/** What the server says when it refuses: an ERR packet (MySQL docs, ERR_Packet). */
export interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
}

/** An answer of the server, as against a failure of the connection. */
export const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && "errno" in error && typeof error.errno === "number" && "sqlState" in error && typeof error.sqlState === "string"

/** Error numbers of MySQL and MariaDB (each: docs, Error Reference). Messages are not looked at: servers speak many languages. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map(
  (
    [
      ["auth_failed", [1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 1873, 3118, 3955, 4151]],
      ["database_not_found", [1049]],
      ["permission_denied", [1044, 1142, 1143, 1227, 1370, 1410]],
      ["too_many_connections", [1040, 1203, 1226]],
      ["server_unavailable", [1053, 1077, 1079, 1080, 1129, 1152, 1205, 1213, 2013, 3169]],
      ["timed_out", [1317, 1969, 3024]],
      ["tls_required", [3159]],
      ["connection_lost", [1158, 1159, 1160, 1161, 1184, 4031]],
      ["query_invalid", [1290, 1792, 1836]],
      ["response_too_large", [1301]],
    ] as const
  ).flatMap(([code, numbers]) => numbers.map((number) => [number, code] as const)),
)

/** SQLSTATE classes (ISO 9075) for what has no entry of its own. */
const CLASSES: Readonly<Record<string, ErrorCode>> = {
  "28": "auth_failed",
  "42": "query_invalid",
  "22": "query_invalid",
  "23": "query_invalid",
  "21": "query_invalid",
  "25": "query_invalid",
  "0A": "query_invalid",
  "44": "query_invalid",
  "45": "query_invalid",
  "3D": "query_invalid",
  "08": "connection_lost",
  "40": "server_unavailable",
  "70": "timed_out",
}

/** The `mysql2` client's and the server's errors as ours. */
export function explain(error: unknown): PlatformError | undefined {
  if (isServerError(error)) return explainServer(error)
  if (!(error instanceof Error)) return undefined
  const door = platformErrorIn(error)
  if (door) return door
  const code = "code" in error ? String(error.code) : ""
  const ours = (as: ErrorCode, message: string): PlatformError => new PlatformError(as, message, { cause: error })
  switch (code) {
    case "HANDSHAKE_NO_SSL_SUPPORT":
      return ours("tls_unsupported", "The server does not offer TLS; switch it on there, or choose TLS off.")
    case "MYSQL_CLEAR_PASSWORD_NOT_ENABLED":
      return ours("auth_failed", "The server asks for the password itself, unhashed, which is never sent; give the user another authentication plugin.")
    case "AUTH_SWITCH_PLUGIN_ERROR":
      return ours("auth_failed", "The server asks for a way of logging in that is not supported; use mysql_native_password or caching_sha2_password.")
    case "PROTOCOL_CONNECTION_LOST":
    case "ECONNRESET":
    case "EPIPE":
    case "ERR_STREAM_DESTROYED":
    case "ERR_STREAM_WRITE_AFTER_END":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return ours("connection_lost", "The connection to the server broke; try again, and look at the server's log if it stays.")
    default:
  }
  if (/closed state$/.test(error.message)) return ours("connection_lost", "The connection to the server broke before; open it again.")
  // The library's own parser, at what no server of that protocol sends.
  if (error instanceof RangeError || error instanceof TypeError || /^(PROTOCOL_|HANDSHAKE_)/.test(code) || "fatal" in error)
    return ours("protocol_invalid", "What answers does not speak MySQL's protocol; check host and port.")
  return undefined
}

function explainServer(error: ServerError): PlatformError {
  const code = CODES.get(error.errno) ?? CLASSES[error.sqlState.slice(0, 2)] ?? (isRowFault(error) ? "query_invalid" : "remote_failed")
  return new PlatformError(code, sentence(code, error), { cause: error, details: { errno: error.errno, sqlstate: error.sqlState } })
}

function sentence(code: ErrorCode, error: ServerError): string {
  switch (code) {
    case "auth_failed":
      return error.errno === 1045 || error.errno === 1698
        ? "The server refused the login; check user and password, that the user may come from here, and whether it must come over TLS."
        : `The server does not let this user in: ${said(error)}.`
    case "database_not_found":
      return `The server has no such database: ${said(error)}; check its name.`
    case "permission_denied":
      return `The user lacks a permission: ${said(error)}; ${grantFor(error)}.`
    case "too_many_connections":
      return `The server takes no more connections: ${said(error)}; try later, or raise max_connections.`
    case "server_unavailable":
      return `The server cannot serve this now: ${said(error)}; try again in a moment.`
    case "timed_out":
      return `The server stopped the statement: ${said(error)}; ask for less, or allow more time.`
    case "tls_required":
      return "The server takes logins over TLS only; choose TLS verify, or require."
    case "connection_lost":
      return `The server ended the connection: ${said(error)}; try again.`
    case "query_invalid":
      return error.errno === 1792 ? `Queries are read-only here, and this one writes: ${said(error)}.` : `The server refused the statement: ${said(error)}.`
    default:
      return `The server failed: ${said(error)} (error ${error.errno}, SQLSTATE ${error.sqlState}).`
  }
}

/** The server's message as part of a sentence: one line, 300 characters, no full stop. */
export const said = (error: Error): string => error.message.replace(/\s+/g, " ").slice(0, 300).replace(/\.$/, "")

/** The GRANT that would help, as far as an English server names right, user and table. */
function grantFor(error: ServerError): string {
  const user = /'([^']*)'@'([^']*)'/.exec(error.message)
  const to = user === null ? "the user" : `'${user[1]}'@'${user[2]}'`
  const table = /^([A-Z ,]+) command denied to user .* for (?:table|column '[^']*' in table) (?:`([^`]+)`\.)?[`']([^`']+)[`']/.exec(error.message)
  if (table) return `GRANT ${table[1]} ON ${table[2] === undefined ? "" : `\`${table[2]}\`.`}\`${table[3]}\` TO ${to}`
  const database = /to database '([^']+)'/.exec(error.message)
  if (database) return `GRANT SELECT ON \`${database[1]}\`.* TO ${to}`
  const routine = /execute command denied to user .* for routine '([^']+)'/.exec(error.message)
  if (routine) return `GRANT EXECUTE ON ${routine[1]} TO ${to}`
  return `GRANT it to ${to}`
}

/** Data, constraint, trigger: what another row need not suffer from; by class, and by number where the class is the general one. */
const ROW_FAULTS: ReadonlySet<number> = new Set([1265, 1364, 1366, 1416, 1526, 1644, 1647, 1748, 3105, 3140, 3156, 3819, 3903, 4025, 4078, 4079])

export const isRowFault = (error: ServerError): boolean => ROW_FAULTS.has(error.errno) || /^(22|23|44|45)/.test(error.sqlState)
