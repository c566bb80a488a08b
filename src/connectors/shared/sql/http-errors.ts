import { PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import { readableText } from "../http/charset.ts"
import { retryAfterMs } from "../http/rate-limits.ts"
import { meaningOf } from "../http/statuses.ts"
import { codeIn, type ErrorTable, explainBy, type Said } from "./errors.ts"

/** A refusal of a statement API; each part of it may be missing. */
export interface Refusal {
  readonly code?: string | undefined
  readonly sqlState?: string | undefined
  readonly message?: string | undefined
  /** Facts for the caller in addition to the code. */
  readonly details?: Readonly<Record<string, unknown>>
}

class Refused extends Error {
  override readonly name = "Refused"
  readonly said: Said

  constructor(said: Said) {
    super(said.text)
    this.said = said
  }
}

/** What a refusal said, also once it is explained, and once `retrying` has counted the attempts: for `ErrorTable.said`. A refusal without a code of its own has `HTTP 503`. */
export function saidOf(error: unknown): Said | undefined {
  if (error instanceof Refused) return error.said
  if (!(error instanceof PlatformError)) return undefined
  const { cause } = error
  const same = cause instanceof PlatformError && cause.code === error.code && cause.message === error.message
  return cause instanceof Refused || same ? saidOf(cause) : undefined
}

/** The HTTP status of a refusal. */
export const statusOf = ({ details }: Said): number => Number(details?.["status"])

/** The JSON object of an answer; undefined for another body. */
export function objectIn({ body }: HttpAnswer, parse: (text: string) => unknown = JSON.parse): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = parse(body.toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The refusal in an answer, which is JSON where the warehouse itself gave it, or a plain text, as ours. */
export function refusalIn(table: ErrorTable, answer: HttpAnswer, read: (body: Readonly<Record<string, unknown>>) => Refusal = flat): PlatformError {
  const isPlain = answer.headers["content-type"]?.startsWith("text/plain") === true
  const said = objectIn(answer)
  const refusal = said === undefined ? (isPlain ? { message: readableText(answer).split("\n", 1)[0]?.slice(0, 300) } : {}) : read(said)
  return refused(table, answer.status, refusal, retryAfterMs(answer.headers))
}

/** A refusal whose parts are members of the answer itself. */
function flat(said: Readonly<Record<string, unknown>>): Refusal {
  const text = (name: string): string | undefined => (typeof said[name] === "string" ? said[name] : undefined)
  return { code: text("code") ?? text("error_code"), sqlState: text("sqlState"), message: text("message") }
}

/** A refusal as ours. `details` carry its code, and line and position where the message names them. */
export function refused(table: ErrorTable, status: number, { code, sqlState, message = "", details: more }: Refusal, afterMs?: number): PlatformError {
  const [, line, position] = /line (\d+) at position (\d+)/.exec(message) ?? []
  const details = {
    ...more,
    status,
    ...(line === undefined ? {} : { line: Number(line), position: Number(position) }),
    ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
  }
  // Without the request's id, and without a token that the message may repeat.
  const text = message.replace(/\s*\[[0-9a-f-]{36}\]/g, "").replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[secret]")
  const said = { code: code ?? `HTTP ${status}`, state: sqlState, text: text.trim() || `HTTP ${status}`, details }
  return explainBy(table)(new Refused(said)) as PlatformError
}

/** The table of a statement API: the system's codes first, and then what the HTTP status means; `isRowFault` also knows the status. */
export const httpErrors = (table: Omit<ErrorTable, "said" | "codeName" | "refine">): ErrorTable => ({
  ...table,
  codeName: "code",
  said: saidOf,
  refine: (said) => codeIn(table.codes, said) ?? (statusOf(said) < 400 ? "remote_failed" : meaningOf(statusOf(said)).code),
})

/** The error for an answer that no such system gives. `how` follows "answer": `has no rows`. */
export const strange = ({ product }: Pick<ErrorTable, "product">, how: string): PlatformError =>
  new PlatformError("response_invalid", `${product}'s answer ${how}; check for a proxy between it and the hub.`)

/** No such API redirects, and no redirect is followed: it comes from something that stands before it, such as a page to log in. */
export const redirected = (errors: ErrorTable, { status, headers, url }: HttpAnswer): PlatformError => {
  const to = headers["location"] ?? ""
  return strange(errors, `is a redirect (${status})${URL.canParse(to, url.href) ? ` to ${new URL(to, url.href).origin}` : ""}`)
}
