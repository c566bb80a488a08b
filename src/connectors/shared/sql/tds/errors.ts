import { PlatformError } from "../../../../core/errors.ts"
import { codesOf, type ErrorTable, type Said, WRONG_LOGIN } from "../errors.ts"
import { isUnreadable, LoginRefused } from "./line.ts"

/** An error of the server (MS-TDS, ERROR). */
interface ServerError extends Error {
  readonly number: number
  readonly state: number
  readonly class: number
  readonly procName?: string
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof LoginRefused || (error instanceof Error && "number" in error && typeof error.number === "number" && "class" in error)

/** The server's first error: those behind it say what came of it. */
const serverErrorIn = (error: unknown): ServerError | undefined => {
  const found: unknown = error instanceof AggregateError ? error.errors.find(isServerError) : error
  return isServerError(found) ? found : undefined
}

/** Faults of data, constraints and conversions (docs, Database engine errors). */
const ROW_FAULTS: ReadonlySet<number> = new Set([
  220, 232, 241, 242, 244, 245, 248, 257, 295, 296, 409, 512, 515, 517, 547, 550, 1505, 1946, 2601, 2627, 2628, 3609, 3616, 4406, 6522, 8114, 8115, 8134, 8152,
  8169, 13609, 33504,
])
/** Errors of RAISERROR and THROW, in triggers for example. */
const FIRST_OF_USERS = 50_000
const isXmlFault = (number: number): boolean => number >= 9_400 && number < 9_500

const isRowFault = ({ code }: Said): boolean => ROW_FAULTS.has(Number(code)) || Number(code) >= FIRST_OF_USERS || isXmlFault(Number(code))
/** The severity up to which an error is of the statement (docs, Database engine error severities). */
const OF_STATEMENTS = 16

/** The errors of SQL Server, and of the services of Azure that speak its protocol (docs, Database engine errors; Azure SQL, Connectivity errors). */
export const tdsErrors: ErrorTable = {
  product: "SQL Server",
  login: "login",
  codeName: "number",
  said(error) {
    const found = serverErrorIn(error)
    if (found === undefined) return undefined
    const { number, state, class: severity, message } = found
    return { code: String(number), text: message, details: { number, state, severity } }
  },
  codes: codesOf({
    auth_failed: [
      "18452",
      "18456",
      "18461",
      "18463",
      "18464",
      "18465",
      "18466",
      "18467",
      "18468",
      "18470",
      "18486",
      "18487",
      "18488",
      "40615",
      "40532",
      "33134",
    ],
    database_not_found: ["911", "4060", "4063", "4064"],
    permission_denied: ["229", "230", "262", "297", "300", "916", "1088", "2760", "4613", "4615", "6004", "15151", "15247", "15517", "18451"],
    too_many_connections: ["10928", "10929", "10936", "17809"],
    server_unavailable: [
      "701",
      "802",
      "1204",
      "1205",
      "1222",
      "3906",
      "3960",
      "3961",
      "6005",
      "8645",
      "17142",
      "40143",
      "40197",
      "40501",
      "40613",
      "42108",
      "42109",
      "49918",
    ].concat("49919", "49920"),
    timed_out: ["3617", "8649"],
    response_too_large: ["1105", "9002", "40544"],
  }),
  sentences: {
    "18456": WRONG_LOGIN,
    "18452": "{product} does not trust this login's domain: {said}; use a login of SQL Server, or Entra.",
    "40613": "The database is paused or starting: {said}; try again in a minute.",
    "40615": "The server's firewall keeps this hub out: {said}; add its address to the rules.",
    "1105": "The database has no space left: {said}.",
    "9002": "The transaction log of the database is full: {said}.",
    "40544": "The database has reached its size quota: {said}.",
  },
  refine: ({ details, code }) => {
    const severity = Number(details?.["severity"])
    return Object.hasOwn(tdsErrors.codes, code) || severity > OF_STATEMENTS || severity < 11 ? undefined : "query_invalid"
  },
  isRowFault,
  isBatchFault: ({ details, code }) => Object.hasOwn(tdsErrors.codes, code) || Number(details?.["severity"]) !== OF_STATEMENTS,
  client: (error) => {
    const code = "code" in error ? String(error.code) : ""
    if (code === "ECANCEL") return new PlatformError("cancelled", "The statement was cancelled; call again.", { cause: error })
    if (LOST.has(code) && !isUnreadable(error.cause))
      return new PlatformError("connection_lost", "The connection to the server is lost; try again.", { cause: error })
    if (LOST.has(code) || REFUSED.has(code))
      return new PlatformError("protocol_invalid", "The server sent data that cannot be read; check host and port.", { cause: error })
    return undefined
  },
}

/** Errors of the client library when the connection ends, and when it does not take the server's answer to a login. */
const LOST: ReadonlySet<string> = new Set(["ESOCKET", "ECLOSE", "ETIMEOUT", "EINVALIDSTATE", "ECONNRESET", "EPIPE"])
const REFUSED: ReadonlySet<string> = new Set(["ELOGIN", "ETDS", "EINTERFACENOTSUPP", "EENCRYPT"])
