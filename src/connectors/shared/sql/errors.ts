import { type ErrorCode, PlatformError, platformErrorIn } from "../../../core/errors.ts"
import type { Remedy } from "../../../core/remedies.ts"
import type { Fault } from "../put.ts"

/** A server's refusal. */
export interface Said {
  /** Its own code: a SQLSTATE, MySQL's number, Snowflake's. */
  readonly code: string
  /** The SQLSTATE, if it is not the code. */
  readonly state?: string | undefined
  readonly text: string
  /** The position in the statement, in characters from 1. */
  readonly at?: number | undefined
  readonly hint?: string | undefined
  /** Facts for the caller in addition to the codes. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** How a type's errors are mapped to ours: by the system's own codes, and not by the text of its messages, which may be in any language. */
export interface ErrorTable {
  /** The system's name in messages: "PostgreSQL", or "The server" if the type supports several products. */
  readonly product: string
  /** The word for the login in messages: "role" or "user". */
  readonly login: string
  /** The name of the code in `details`: `sqlstate`, `errno`, `code`. */
  readonly codeName: string
  /** The server's refusal; undefined if the error did not come from the server. */
  said(error: unknown): Said | undefined
  /** Looked up by code, then by SQLSTATE, then by its first three and first two characters. Codes that are not listed are `remote_failed`. */
  readonly codes: Readonly<Record<string, ErrorCode>>
  /** Sentences that replace the shared ones, by the server's code or by ours. `{said}` is the server's text. */
  readonly sentences?: Readonly<Record<string, string>>
  /** By the server's code, then by ours: what mends it, beside what its code says of the connector's fields. */
  readonly remedies?: Readonly<Record<string, readonly Remedy[]>>
  /** A more specific code than the table's, if the server's own code is too coarse. */
  refine?(said: Said, error: unknown): ErrorCode | undefined
  /** Whether the error concerns single rows and not the others: data, constraints, triggers. */
  isRowFault(said: Said, error?: unknown): boolean
  /**
   * Whether the error concerns the whole batch regardless of its rows: the connection, a privilege on the table, the statement itself.
   * An error that is neither is decided by trial (`put.ts`). Absent: every error that is not a row's.
   */
  isBatchFault?(said: Said, error: unknown): boolean
  /** The reason in a row's report, if it is more than the server's text. */
  reason?(said: Said, error: unknown): string
  /** Errors of the client library and the connection. */
  client?(error: Error): PlatformError | undefined
}

/** A server's text as part of a sentence: one line, 300 characters, no full stop. */
export const brief = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 300).replace(/\.$/, "")

/** The shared sentences, by our code. `{product}`, `{login}`, `{said}`, `{at}` and `{hint}` are filled in. */
const SENTENCES: Readonly<Partial<Record<ErrorCode, string>>> = {
  auth_failed: "{product} does not let this {login} in: {said}.",
  database_not_found: "{product} has no such database: {said}; check its name.",
  permission_denied: "The {login} lacks a permission: {said}; grant it to the {login}.",
  too_many_connections: "{product} takes no more connections: {said}; try later, or raise max_connections.",
  server_unavailable: "{product} cannot serve this now: {said}; try again in a moment.",
  timed_out: "{product} stopped the statement: {said}; ask for less, or allow more time.",
  cancelled: "Somebody cancelled the statement in {product} ({said}); call again.",
  tls_required: "{product} takes this login over TLS only: {said}.",
  connection_lost: "{product} ended the connection: {said}; try again.",
  rate_limited: "{product} gets too many requests from this {login}; call less often.",
  response_too_large: "The result is larger than {product} hands out: {said}; ask for less.",
  query_invalid: "{product} refused the statement: {said}{at}.{hint}",
}

/** How a message names a code that is not in the table. */
const CODE_NAMES: Readonly<Record<string, string>> = { sqlstate: "SQLSTATE ", code: "" }

/** The sentence for a statement that tries to write where only reading is allowed. */
export const READ_ONLY = "Queries are read-only here, and this one writes: {said}."

/** The sentence for a wrong user or password. */
export const WRONG_LOGIN = "{product} refused the login; check user and password."

/** A type's `explain`. */
export const explainBy =
  (table: ErrorTable) =>
  (error: unknown): PlatformError | undefined => {
    const said = table.said(error)
    if (said !== undefined) return explained(table, said, error)
    if (!(error instanceof Error)) return undefined
    return platformErrorIn(error) ?? table.client?.(error)
  }

function explained(table: ErrorTable, said: Said, cause: unknown): PlatformError {
  const code = codeOf(table, said, cause)
  const remedies = own(table.remedies, said.code) ?? own(table.remedies, code) ?? []
  return new PlatformError(code, sentence(table, code, said), { cause, details: detailsOf(table, said), remedies })
}

/** A server's code may be any text, also the name of something that every object has. */
const own = <T>(record: Readonly<Record<string, T>> = {}, key: string): T | undefined => (Object.hasOwn(record, key) ? record[key] : undefined)

const codeOf = ({ codes, refine, isRowFault }: ErrorTable, said: Said, cause: unknown): ErrorCode =>
  refine?.(said, cause) ?? codeIn(codes, said) ?? (isRowFault(said, cause) ? "query_invalid" : "remote_failed")

/** Our code for a refusal; see `ErrorTable.codes` for the order of lookup. */
export function codeIn(codes: ErrorTable["codes"], said: Said): ErrorCode | undefined {
  const state = said.state ?? said.code
  const found = [said.code, state, state.slice(0, 3), state.slice(0, 2)].find((key) => Object.hasOwn(codes, key))
  return codes[found ?? ""]
}

/** A table of codes from lists of them: `{ auth_failed: ["390100", "390144"] }`. */
export const codesOf = (lists: Readonly<Partial<Record<ErrorCode, readonly string[]>>>): ErrorTable["codes"] =>
  Object.fromEntries(Object.entries(lists).flatMap(([code, theirs]) => theirs.map((each) => [each, code as ErrorCode])))

const detailsOf = ({ codeName }: ErrorTable, { code, state, at, details }: Said): Record<string, unknown> => ({
  [codeName]: /^\d{1,9}$/.test(code) && codeName === "errno" ? Number(code) : code,
  ...(state === undefined ? {} : { sqlstate: state }),
  ...(at === undefined ? {} : { position: at }),
  ...details,
})

function sentence(table: ErrorTable, code: ErrorCode, said: Said): string {
  const { product, login, sentences } = table
  const template =
    own(sentences, said.code) ??
    own(sentences, code) ??
    SENTENCES[code] ??
    `{product} failed: {said} (${CODE_NAMES[table.codeName] ?? `${table.codeName} `}{code}).`
  const parts: Readonly<Record<string, string>> = {
    product,
    login,
    said: brief(said.text),
    code: said.code,
    at: said.at === undefined ? "" : ` (at character ${said.at})`,
    hint: said.hint === undefined ? "" : ` ${said.hint}`,
  }
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => parts[name] ?? whole)
}

/** Which rows of a batch an error concerns. An error that did not come from the server concerns all of them. */
export function faultOf(table: ErrorTable, error: unknown): Fault {
  const said = table.said(error)
  if (said === undefined) return "batch"
  if (table.isRowFault(said, error)) return "row"
  return table.isBatchFault?.(said, error) === false ? "unclear" : "batch"
}

/** Why a row was refused, for its report. */
export function refusal(table: ErrorTable, error: unknown): string {
  const said = table.said(error)
  return said === undefined ? `${brief(String(error))}.` : (table.reason?.(said, error) ?? `${brief(said.text)}.`)
}

/** Why a row was refused; undefined unless the code alone shows that the error concerns single rows. */
export const rowReason = (table: ErrorTable, error: unknown): string | undefined => (faultOf(table, error) === "row" ? refusal(table, error) : undefined)

/** Whether the server refused because a privilege is missing. */
export function isDenied(table: ErrorTable, error: unknown): boolean {
  const said = table.said(error)
  return said !== undefined && codeOf(table, said, error) === "permission_denied"
}

/** A write that was refused for want of a right; `advice` says what to grant. */
export function deniedWrite(table: ErrorTable, error: unknown, name: string, advice: string, remedies: readonly Remedy[]): PlatformError {
  const said = table.said(error) ?? { code: "", text: String(error) }
  return new PlatformError("permission_denied", `The ${table.login} may not write ${name} (${brief(said.text)}); ${advice}.`, {
    cause: error,
    details: detailsOf(table, said),
    remedies,
  })
}
