import { type ErrorCode, PlatformError } from "../../../../core/errors.ts"
import { runSql } from "../../../../core/remedies.ts"
import { codeIn, type ErrorTable, READ_ONLY } from "../errors.ts"

/** An ERR packet of the server (MySQL docs, ERR_Packet). */
export interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
}

/** Whether the error is a response of the server, and not a failure of the connection. */
export const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error && "errno" in error && typeof error.errno === "number" && "sqlState" in error && typeof error.sqlState === "string"

/** Error numbers of MySQL and MariaDB (docs, Error Reference). */
const NUMBERS: readonly (readonly [ErrorCode, readonly number[]])[] = [
  ["auth_failed", [1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 1873, 3118, 3955, 4151]],
  ["database_not_found", [1049]],
  ["permission_denied", [1044, 1142, 1143, 1227, 1370, 1410]],
  ["too_many_connections", [1040, 1203, 1226]],
  ["server_unavailable", [1053, 1077, 1079, 1080, 1129, 1152, 1205, 1213, 2013, 3169]],
  ["timed_out", [1317, 1969, 3024]],
  ["tls_required", [3159]],
  ["connection_lost", [1158, 1159, 1160, 1161, 1184, 4031]],
  ["query_invalid", [1290, 1348, 1356, 1393, 1394, 1395, 1471, 1792, 1836, 1906, 3105, 3948, 4166]],
  ["response_too_large", [1301]],
]

/** Our codes, by the error's number or the class of its SQLSTATE (ISO 9075). */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ...Object.fromEntries(NUMBERS.flatMap(([code, numbers]) => numbers.map((number) => [number, code]))),
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

/** Faults of data, constraints and triggers whose SQLSTATE is general, or a class of statement faults. */
const ROW_FAULTS: ReadonlySet<number> = new Set([
  1118, 1139, 1172, 1265, 1329, 1364, 1366, 1411, 1416, 1423, 1467, 1526, 1643, 1644, 1647, 1748, 3140, 3156, 3643, 3819, 3903, 4025, 4078, 4079, 4084,
])
/**
 * Classes of data and constraints, and classes that triggers may choose because the standard leaves them free (ISO 9075: those that
 * begin with 5 to 9 or I to Z). The server itself uses 70 and XA.
 */
const ROW_STATES = /^(02|21(?!S)|22|23|44|45|(?!70|XA)[5-9I-Z])/
/** No server uses such a number; it comes from a SIGNAL statement. */
const FIRST_OF_SIGNAL = 10_000

const WRONG_LOGIN = "The server refused the login; check user and password, whether the user may log in from this host, and whether it must use TLS."

const NO_LOCAL_FILES = "The server does not let clients send data; set its local_infile to ON, or pass rows instead of bytes."

const LET_SEND = [runSql("Let clients send data, as an administrator", "SET GLOBAL local_infile = ON")]

/** The errors of MySQL, MariaDB, and systems that speak their protocol and use their numbers. */
export const mysqlErrors: ErrorTable = {
  product: "The server",
  login: "user",
  codeName: "errno",
  said: (error) => (isServerError(error) ? { code: String(error.errno), state: error.sqlState, text: error.message } : undefined),
  codes: CODES,
  sentences: {
    "1045": WRONG_LOGIN,
    "1203": "The server lets this user have no more connections: {said}; try later, or raise max_user_connections.",
    "1226": "The user has used up one of its limits: {said}; try later, or raise that limit with ALTER USER … WITH.",
    "1356": "The view does not work: {said}; repair the view, or give its definer the rights on what it reads.",
    "1698": WRONG_LOGIN,
    "1792": READ_ONLY,
    "3948": NO_LOCAL_FILES,
    "4166": NO_LOCAL_FILES,
    tls_required: "The server accepts logins over TLS only; set TLS to verify or require.",
    remote_failed: "The server failed: {said} (error {code}).",
  },
  remedies: { "3948": LET_SEND, "4166": LET_SEND },
  isRowFault: ({ code, state = "" }) => ROW_FAULTS.has(Number(code)) || ROW_STATES.test(state) || Number(code) >= FIRST_OF_SIGNAL,
  // A trigger or a function may raise any other code, for some rows or for all.
  isBatchFault: (said) => !["query_invalid", undefined].includes(codeIn(CODES, said)),
  client: explainClient,
}

const BROKEN: readonly [ErrorCode, string] = [
  "connection_lost",
  "The connection to the server broke; try again, and if it keeps breaking, look at the server's log.",
]

/** The client library's errors, by its codes. */
const CLIENT: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HANDSHAKE_NO_SSL_SUPPORT: ["tls_unsupported", "The server does not offer TLS; turn it on there, or set TLS to off."],
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: [
    "auth_failed",
    "The server asks for the password in clear text, which is never sent; give the user another authentication plugin.",
  ],
  AUTH_SWITCH_PLUGIN_ERROR: [
    "auth_failed",
    "The server asks for an authentication plugin that is not supported; use mysql_native_password or caching_sha2_password.",
  ],
  PROTOCOL_CONNECTION_LOST: BROKEN,
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ERR_STREAM_DESTROYED: BROKEN,
  ERR_STREAM_WRITE_AFTER_END: BROKEN,
  ERR_STREAM_PREMATURE_CLOSE: BROKEN,
}

function explainClient(error: Error): PlatformError | undefined {
  const code = "code" in error ? String(error.code) : ""
  const ours = ([as, message]: readonly [ErrorCode, string]): PlatformError => new PlatformError(as, message, { cause: error })
  const known = Object.hasOwn(CLIENT, code) ? CLIENT[code] : undefined
  if (known !== undefined) return ours(known)
  if (/closed state$/.test(error.message)) return ours(["connection_lost", "The connection to the server is closed already; open it again."])
  // The library's parser fails in these ways on packets that no server of this protocol sends.
  if (
    error instanceof RangeError ||
    error instanceof TypeError ||
    /^(PROTOCOL_|HANDSHAKE_)/.test(code) ||
    "fatal" in error ||
    /LOCAL INFILE/.test(error.message)
  )
    return ours(["protocol_invalid", "The server does not speak MySQL's protocol; check host and port."])
  return undefined
}
