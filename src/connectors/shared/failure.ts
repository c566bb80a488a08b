import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Scrubber } from "../../core/scrub.ts"
import type { HttpAnswer } from "./http.ts"

const EXCERPT = 300

/** By the charset that the answer names, UTF-8 unless it names one that is known. */
export function textOf({ headers, body }: HttpAnswer): string {
  const charset = /charset="?([\w-]+)/i.exec(headers["content-type"] ?? "")?.[1] ?? "utf-8"
  try {
    return new TextDecoder(charset).decode(body)
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder().decode(body)
    throw error
  }
}

/** The beginning of what an answer says; scrubbed before it is cut, so that no half of a secret stays. */
export const excerptOf = (answer: HttpAnswer, scrub: Scrubber): string => scrub.text(textOf(answer)).replace(/\s+/g, " ").trim().slice(0, EXCERPT)

/** What a status of 400 or more means. */
export function failureOf(answer: HttpAnswer, scrub: Scrubber): PlatformError {
  const { status, url } = answer
  const said = excerptOf(answer, scrub)
  const retryAfter = retryAfterMs(answer)
  const details = { status, ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }) }
  return new PlatformError(codeOf(status), `${url.origin} answers ${status}${said === "" ? "" : `: ${said}`}${adviceOf(status)}`, { details })
}

/** How long an answer asks to wait, in milliseconds: seconds or a date (RFC 9110, 10.2.3). */
export function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const said = headers["retry-after"]?.trim() ?? ""
  if (/^\d{1,9}$/.test(said)) return Number(said) * 1_000
  const date = /^[A-Za-z]{3}/.test(said) ? Date.parse(said) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return "auth_failed"
  if (status === 429) return "rate_limited"
  if (status === 408 || status === 504) return "timed_out"
  if (status === 502 || status === 503) return "server_unavailable"
  return status >= 500 ? "remote_failed" : "query_invalid"
}

function adviceOf(status: number): string {
  if (status === 401 || status === 403) return "; check the credentials."
  if (status === 429) return "; call less often."
  if (status >= 500) return "; try again in a moment."
  return "; check the URL, the method and the inputs."
}
