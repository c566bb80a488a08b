import type { HttpAnswer } from "../../../core/http/request.ts"
import { readableText } from "./charset.ts"

type Headers = HttpAnswer["headers"]

/** Header names for the rest of a limit and its reset: `RateLimit-Remaining`, `X-Rate-Limit-Reset`, `x-ratelimit-reset-requests`. */
const REMAINING = /^(x-)?rate-?limit-remaining(-\w+)?$/
const RESET = /^(x-)?rate-?limit-reset(-\w+)?$/
/** The RateLimit header of draft-ietf-httpapi-ratelimit-headers, in both of its forms. */
const LIMIT_LEFT = /\b(?:r|remaining)=0\b/
const LIMIT_WAIT = /\b(?:t|reset)=(\d{1,9})\b/
/** Texts of a 403 that mean a rate limit, such as GitHub's secondary limits and Google's rateLimitExceeded. */
const WORDS =
  /rate.?limit.?exceeded|secondary rate limit|exceeded.{0,40}(rate.?limit|quota)|(rate.?limit|quota).{0,40}exceeded|too many requests|request.{0,20}throttled/i

/** Whether an answer means too many requests: a 429, or a 403 with a wait time, an exhausted limit, or a text that says so. */
export function isRateLimit(answer: HttpAnswer): boolean {
  if (answer.status === 429) return true
  if (answer.status !== 403) return false
  return retryAfterMs(answer.headers) !== undefined || isExhausted(answer.headers) || WORDS.test(readableText(answer).slice(0, 10_000))
}

/** The time that an answer asks to wait, in milliseconds: Retry-After, or the time until an exhausted limit resets. */
export function waitMs({ status, headers }: Pick<HttpAnswer, "status" | "headers">): number | undefined {
  const asked = retryAfterMs(headers)
  return asked === undefined && (status === 429 || (status === 403 && isExhausted(headers))) ? resetMs(headers) : asked
}

/** Retry-After in seconds or as a date (RFC 9110, 10.2.3), in milliseconds from now; the longest value if the header is repeated. */
export function retryAfterMs(headers: Headers): number | undefined {
  const ms = ["retry-after-ms", "x-ms-retry-after-ms"].flatMap((name) => (/^\d{1,12}$/.test(headers[name] ?? "") ? [Number(headers[name])] : []))
  const said = headers["retry-after"]?.trim() ?? ""
  const seconds = said.split(",").flatMap((each) => (/^\s*\d{1,9}(\.\d{1,9})?s?\s*$/.test(each) ? [Math.ceil(Number.parseFloat(each) * 1_000)] : []))
  const dates = [...said.matchAll(/(?:[A-Za-z]{3,9},\s*)?[^,]*\d{2}:\d{2}[^,]*/g)].flatMap(([date]) => fromNow(Date.parse(date.trim())))
  return longest([...ms, ...seconds, ...dates])
}

const isExhausted = (headers: Headers): boolean =>
  LIMIT_LEFT.test(headers["ratelimit"] ?? "") || Object.entries(headers).some(([name, value]) => REMAINING.test(name) && /^\s*0(\.0+)?\s*(;|,|$)/.test(value))

function resetMs(headers: Headers): number | undefined {
  const [, seconds] = LIMIT_WAIT.exec(headers["ratelimit"] ?? "") ?? []
  const named = Object.entries(headers).flatMap(([name, value]) => (RESET.test(name) ? instantMs(value.trim()) : []))
  return longest([...(seconds === undefined ? [] : [Number(seconds) * 1_000]), ...named])
}

/** From the first number on, a value is a time in seconds since 1970; from the second on, in milliseconds. Smaller values are seconds from now. */
const [SECONDS_OF_2001, MS_OF_2001] = [1e9, 1e12]
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

/** The wait that a reset header asks for: a time since 1970 in seconds or milliseconds, a date, seconds from now, or a duration such as 1m30s. */
function instantMs(said: string): number[] {
  if (/^\d+(\.\d+)?$/.test(said)) {
    const number = Number(said)
    if (number < SECONDS_OF_2001) return [Math.ceil(number * 1_000)]
    return fromNow(number < MS_OF_2001 ? number * 1_000 : number)
  }
  if (/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(said))
    return [[...said.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce((sum, [, count, unit = "s"]) => sum + Math.ceil(Number(count) * (UNITS[unit] ?? 0)), 0)]
  return /\d{2}:\d{2}/.test(said) ? fromNow(Date.parse(said)) : []
}

const fromNow = (instant: number): number[] => (Number.isNaN(instant) ? [] : [Math.max(0, Math.ceil(instant - Date.now()))])

const longest = (waits: readonly number[]): number | undefined => (waits.length === 0 ? undefined : Math.max(...waits))
