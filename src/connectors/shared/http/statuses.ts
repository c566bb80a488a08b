import { type ErrorCode, PlatformError } from "../../../core/errors.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { HttpCall } from "./call.ts"
import { readableText } from "./charset.ts"
import { isRateLimit, waitMs } from "./rate-limits.ts"

/** What a status means for us, and what to do about it. */
interface Meaning {
  readonly code: ErrorCode
  readonly next: string
}

const LOGIN: Meaning = { code: "auth_failed", next: "check the credentials" }
const GONE: Meaning = { code: "stream_not_found", next: "check the URL's path" }
const BUSY: Meaning = { code: "server_unavailable", next: "try again in a moment" }
const LATE: Meaning = { code: "timed_out", next: "try again in a moment" }

/**
 * The one table of statuses. 403 counts as a refused login, because most APIs give it for a wrong key, unless it limits the rate. 404 and 410 are
 * about the path, so the code is the one that other types have for a table that is not there: a caller who reads a stream
 * or fetches a file then knows that it is gone. A 400 or 422 blames the request. A vendor whose statuses mean something
 * else (404 for an unknown account) says so in its own `judge`.
 */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  401: LOGIN,
  403: LOGIN,
  404: GONE,
  408: LATE,
  410: GONE,
  429: { code: "rate_limited", next: "call less often" },
  502: BUSY,
  503: BUSY,
  504: LATE,
}

/** What a status of 400 or more means. */
export const meaningOf = (status: number): Meaning =>
  MEANINGS[status] ??
  (status >= 500 ? { code: "remote_failed", next: "try again in a moment" } : { code: "query_invalid", next: "check the URL, the method and the inputs" })

/** The error of an answer whose status is no success; `details` have the status and how long the server asks to wait. */
export function failureOf(answer: HttpAnswer, call: Pick<HttpCall, "scrub">): PlatformError {
  const { status, url } = answer
  const { code, next } = meaningOf(isRateLimit(answer) ? 429 : status)
  const said = excerptOf(answer, call)
  return new PlatformError(code, `${url.origin} answers ${status}${said === "" ? "" : `: ${said}`}; ${next}.`, { details: factsOf(answer) })
}

/** The status, and the wait that the answer asks for, as an error's details have them. */
export function factsOf(answer: Pick<HttpAnswer, "status" | "headers">): Readonly<Record<string, number>> {
  const retryAfter = waitMs(answer)
  return { status: answer.status, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) }
}

const EXCERPT = 300

/** As much of an answer is read for its excerpt: there may be white space before the first word. */
const READ = 4_096

/** The beginning of an answer's text on one line, scrubbed. */
export const excerptOf = (answer: HttpAnswer, { scrub }: Pick<HttpCall, "scrub">): string => {
  const text = readableText(answer)
  return (scrub?.(text, READ) ?? text.slice(0, READ)).replace(/\s+/g, " ").trim().slice(0, EXCERPT)
}

/** The error that an answer stands for, undefined for a success. */
export type Judge = (answer: HttpAnswer, call: HttpCall) => PlatformError | undefined

/** Statuses of 200 to 299 are a success, and so is a redirect that was not to be followed. */
export const byStatus: Judge = (answer, call) => {
  const { status, headers } = answer
  if (status >= 400) return failureOf(answer, call)
  return (status >= 200 && status < 300) || headers["location"] !== undefined ? undefined : unexpected(answer, status === 304 ? UNCHANGED : NO_ANSWER, call)
}

const UNCHANGED = "which means that nothing has changed since an earlier answer; take If-None-Match and If-Modified-Since out of the headers"
const NO_ANSWER = "which is a redirect that names no address to follow; correct the URL"

/** The statuses in a list such as `200-299, 404` are a success, whatever they mean elsewhere. */
export function byStatuses(list: string): Judge {
  const fine = statusesIn(list)
  return (answer, call) => {
    if (fine(answer.status)) return undefined
    return answer.status < 400 ? unexpected(answer, "which is not one of its statuses of success", call) : failureOf(answer, call)
  }
}

/** The error of an answer that is no success although its status is none of a failure. */
export const unexpected = (answer: HttpAnswer, why: string, call: Pick<HttpCall, "scrub">): PlatformError =>
  new PlatformError("remote_failed", `${answer.url.origin} answers ${answer.status}, ${why}${saidIn(answer, call)}`, { details: factsOf(answer) })

const saidIn = (answer: HttpAnswer, call: Pick<HttpCall, "scrub">): string => {
  const said = excerptOf(answer, call)
  return said === "" ? "." : `: ${said}`
}

type Range = readonly [from: number, to: number]

/** What is wrong with a list of statuses such as `200-299, 404`, in words that follow a field's title. */
export const statusesFault = (text: string): string | undefined =>
  rangesOf(text).every(([from, to]) => from >= 100 && to <= 599 && from <= to) ? undefined : "must be statuses of 100 to 599, such as 200-299, 404."

/** Whether a status is in a list such as `200-299, 404`. */
export function statusesIn(text: string): (status: number) => boolean {
  const ranges = rangesOf(text)
  return (status) => ranges.some(([from, to]) => status >= from && status <= to)
}

const rangesOf = (text: string): Range[] =>
  text.split(",").map((part) => {
    const [, from, to = from] = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part) ?? []
    return [Number(from), Number(to)]
  })
