import { PlatformError } from "../../../../core/errors.ts"
import type { HttpAnswer } from "../../../../core/http/request.ts"
import { readableText } from "../../http/charset.ts"
import { retryAfterMs } from "../../http/rate-limits.ts"
import { codesOf, type ErrorTable } from "../errors.ts"
import { httpErrors, redirected, refused } from "../http-errors.ts"

/** The codes of a server's exceptions (ClickHouse, src/Common/ErrorCodes.cpp; the header X-ClickHouse-Exception-Code). */
const CODES = codesOf({
  // Unknown user, wrong password, password required, address not allowed, authentication failed.
  auth_failed: ["192", "193", "194", "195", "516", "HTTP 401", "HTTP 403"],
  // A database, a dictionary, a right; a role that is not there or not the user's.
  permission_denied: ["291", "482", "497", "511", "512"],
  database_not_found: ["81"],
  timed_out: ["159", "160"],
  cancelled: ["394", "735"],
  rate_limited: ["201"],
  // Too many queries, sessions or connections, no connection to a replica, network errors, a table that is read-only for now, too many parts, no Keeper.
  server_unavailable: [
    ...["202", "209", "210", "225", "242", "252", "279", "319", "364", "425", "700", "749", "762", "999"],
    // No memory, no space on the disk, no slot, shutting down, no replica or no quorum.
    ...["236", "241", "243", "254", "265", "285", "286", "289", "369", "439", "776", "1019", "1020"],
  ],
  // Rows, bytes or values of a set beyond a limit of the user's.
  response_too_large: ["158", "191", "307", "396"],
  query_invalid: [
    // Names and syntax: columns, functions, tables, types, formats, settings, parameters.
    ...["8", "10", "16", "46", "47", "50", "60", "62", "73", "78", "80", "115", "119", "207", "352", "452", "456", "457", "636"],
    // What is there already, and what a statement or a setting cannot have.
    ...["15", "37", "56", "57", "63", "82", "161", "162", "167", "168", "181", "229", "353", "378", "440", "471", "472", "475", "703"],
    // Types and arguments.
    ...["34", "35", "133", "134"],
    ...["20", "36", "42", "43", "44", "48", "53", "59", "70", "125", "170", "179", "184", "215", "349", "386", "403", "620"],
    // Values.
    ...[
      "6",
      "26",
      "27",
      "38",
      "41",
      "69",
      "72",
      "117",
      "128",
      "131",
      "153",
      "190",
      "321",
      "376",
      "395",
      "407",
      "432",
      "441",
      "467",
      "469",
      "675",
      "676",
      "691",
    ],
    "164",
  ],
})

/** Data that cannot be read, numbers and texts that do not fit, NULL where none is taken, constraints, functions that fail for a value. */
const ROW_FAULTS: ReadonlySet<string> = new Set([
  ...["6", "26", "27", "38", "41", "53", "69", "70", "72", "117", "130", "131", "153", "190", "321", "349", "376", "395", "407", "432", "441", "467", "469"],
  ...["675", "676", "691"],
])

const SENTENCES: Readonly<Record<string, string>> = {
  "195": "ClickHouse does not let this user in from the hub's address ({said}); add the address to the user's HOST.",
  "164":
    "Queries are read-only here, and ClickHouse refused this one: {said}. Table functions that reach elsewhere, such as url() and s3(), and SETTINGS are refused too.",
  "60": "ClickHouse refused the statement: {said}; the user may also lack the right to see it.",
  "241": "ClickHouse has no memory left for this: {said}; ask for less, allow more by max_memory_usage, or try again later.",
  "511": "ClickHouse refused a role of the connector's: {said}; grant it to the user, or take it out of the roles.",
  "512": "ClickHouse refused a role of the connector's: {said}; grant it to the user, or take it out of the roles.",
  auth_failed: "ClickHouse refused the login ({said}); check user and password, or the token.",
  timed_out: "ClickHouse stopped the statement: {said}; ask for less, or allow more time.",
  rate_limited: "The user's quota is used up: {said}; call less often, or raise the quota.",
}

const table = httpErrors({
  product: "ClickHouse",
  login: "user",
  codes: CODES,
  sentences: SENTENCES,
  isRowFault: ({ code }) => ROW_FAULTS.has(code),
})

export const clickhouseErrors: ErrorTable = {
  ...table,
  // Codes are numbers, and not classes of codes as SQLSTATEs are: 607 has nothing of 60.
  refine: (said, error) => (Object.hasOwn(CODES, said.code) ? CODES[said.code] : /^\d+$/.test(said.code) ? "remote_failed" : table.refine?.(said, error)),
}

/** `Code: 60. DB::Exception: Table … (UNKNOWN_TABLE) (version 26.9.2.1)` as ours. */
export function exceptionIn(text: string, status: number, table: ErrorTable, afterMs?: number): PlatformError {
  const [, code, said = ""] = /Code: (\d{1,6})[.,] (?:e\.displayText\(\) = )?(?:DB::)?(?:[A-Z]\w+::)?(?:Exception: )?([\s\S]*)/.exec(text) ?? []
  const message = code === undefined ? text.split("\n", 1)[0] : said
  return refused(table, status, { code, message: withoutEnd(message ?? "") }, afterMs)
}

/** Without the version, the code's name, a stack trace, and what else follows the message. */
const withoutEnd = (said: string): string =>
  said
    .replace(/, Stack trace[\s\S]*$|, e\.what\(\) = [\s\S]*$/, "")
    .replace(/\s*\(version [^)]*\)[\s\S]*$/, "")
    .replace(/\s*\([A-Z0-9_]+\)\s*$/, "")
    .trim()

/** The error of an answer that is no success. */
export function judgedBy(table: ErrorTable): (answer: HttpAnswer) => PlatformError | undefined {
  return (answer) => {
    if (answer.status < 300 && answer.headers["x-clickhouse-exception-code"] === undefined) return undefined
    if (answer.status >= 300 && answer.status < 400) return redirected(table, answer)
    const isText = /^text\/(plain|tab-separated-values)/.test(answer.headers["content-type"] ?? "text/plain")
    return exceptionIn(isText ? readableText(answer) : "", answer.status, table, retryAfterMs(answer.headers))
  }
}

/** The error of a statement that the hub cannot send to so old a server. */
export const tooOld = (version: string, what: string): PlatformError =>
  new PlatformError("unsupported", `This server is ClickHouse ${version}, which ${what}; it takes ClickHouse 22.3 or newer.`)
