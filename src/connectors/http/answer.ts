import { PlatformError } from "../../core/errors.ts"
import { evaluate, isTruthy } from "../../core/expression.ts"
import type { Scrubber } from "../../core/scrub.ts"
import type { Row, Value } from "../../core/values.ts"
import { excerptOf, failureOf, textOf } from "../shared/failure.ts"
import type { HttpAnswer } from "../shared/http.ts"
import { parseJson } from "../shared/json.ts"
import { type HttpConfig, statusesOf } from "./fields.ts"

type Rules = Pick<HttpConfig, "records" | "success" | "successStatuses">

/** What an answer that is a success holds: JSON, or `{ text }`; undefined for nothing. Throws what a failure means. */
export function bodyOf(answer: HttpAnswer, { success, successStatuses }: Rules, scrub: Scrubber): Value | undefined {
  const { status } = answer
  const fine = successStatuses ? statusesOf(successStatuses).some(([from, to]) => status >= from && status <= to) : status < 400
  if (!fine && status >= 400) throw failureOf(answer, scrub)
  if (!fine) throw unsuccessful(answer, "which is no status of success here", scrub)
  const value = contentOf(answer)
  if (success && !isTruthy(evaluate(success, value ?? null, answer.body.length))) throw unsuccessful(answer, `but ${success.slice(0, 200)} is not true`, scrub)
  return value
}

function unsuccessful(answer: HttpAnswer, why: string, scrub: Scrubber): PlatformError {
  const { status, url } = answer
  return new PlatformError("remote_failed", `${url.origin} answers ${status}, ${why}: ${excerptOf(answer, scrub)}`, { details: { status } })
}

/** A JSON object is a row, an array rows, another value `{ value }`; text that is not JSON `{ text }`; nothing `{}`. */
export function rowsOf(value: Value | undefined): Row | Row[] {
  if (value === undefined) return {}
  return Array.isArray(value) ? value.map(rowOf) : rowOf(value as Value)
}

/** The records where the config says that they are: a list, or one object. `later`: a page after the first may have none at all. */
export function recordsOf(answer: HttpAnswer, value: Value | undefined, records: string, later: boolean): Row | Row[] {
  const found = evaluate(records, value ?? null, answer.body.length)
  if (Array.isArray(found)) return found.map(rowOf)
  if (found === null && later) return []
  const where = `${answer.url.origin} answers ${answer.status}`
  if (found === null)
    throw new PlatformError("response_invalid", `${where} with nothing at ${records.slice(0, 200)}; mend Records, or add || \`[]\` where nothing means none.`)
  if (typeof found !== "object")
    throw new PlatformError("response_invalid", `${where} with no list at ${records.slice(0, 200)}, but ${typeof found}; mend Records.`)
  return found as Row
}

const rowOf = (value: Value): Row => (value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Row) : { value })

function contentOf(answer: HttpAnswer): Value | undefined {
  const text = textOf(answer)
  if (text.trim() === "") return undefined
  const declared = /^application\/(.+\+)?json\b/i.test(answer.headers["content-type"] ?? "")
  try {
    return declared || /^\s*[[{]/.test(text) ? parseJson(text) : { text }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    if (!declared) return { text }
    throw new PlatformError("response_invalid", `${answer.url.origin} says that it answers JSON, and it is not; see what it sends.`, { cause: error })
  }
}
