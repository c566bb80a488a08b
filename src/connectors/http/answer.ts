import type { Row, Value } from "../../core/connector.ts"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Scrubber } from "../../core/scrub.ts"
import type { HttpAnswer } from "../shared/http.ts"
import { parseJson } from "../shared/json.ts"

const EXCERPT = 300

/** A JSON object is a row, an array rows, another value `{ value }`; text that is not JSON `{ text }`; nothing `{}`. */
export function rowsOf(answer: HttpAnswer): Row | Row[] {
  const text = textOf(answer)
  if (text.trim() === "") return {}
  const declared = /^application\/(.+\+)?json\b/i.test(answer.headers["content-type"] ?? "")
  let value: Value
  try {
    value = declared || /^\s*[[{]/.test(text) ? parseJson(text) : { text }
  } catch (error) {
    if (!declared) return { text }
    throw new PlatformError("response_invalid", `${answer.url.origin} says that it answers JSON, and it is not; see what it sends.`, { cause: error })
  }
  return Array.isArray(value) ? value.map(rowOf) : rowOf(value)
}

const rowOf = (value: Value): Row => (value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Row) : { value })

/** By the charset that the answer names, UTF-8 unless it names one that is known. */
function textOf({ headers, body }: HttpAnswer): string {
  const charset = /charset="?([\w-]+)/i.exec(headers["content-type"] ?? "")?.[1] ?? "utf-8"
  try {
    return new TextDecoder(charset).decode(body)
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder().decode(body)
    throw error
  }
}

/** What a status of 400 or more means; scrubbed before it is cut, so that no half of a secret stays. */
export function failureOf(answer: HttpAnswer, scrub: Scrubber): PlatformError {
  const { status, headers } = answer
  const said = scrub.text(textOf(answer)).replace(/\s+/g, " ").trim().slice(0, EXCERPT)
  const retryAfter = Number(headers["retry-after"])
  const details = { status, ...(Number.isFinite(retryAfter) ? { retryAfterMs: retryAfter * 1_000 } : {}) }
  return new PlatformError(codeOf(status), `${answer.url.origin} answers ${status}${said === "" ? "" : `: ${said}`}${adviceOf(status)}`, { details })
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
