import { PlatformError } from "../../../core/errors.ts"
import { evaluate, isTruthy } from "../../../core/expression.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row, Value } from "../../../core/values.ts"
import { parseJson } from "../json.ts"

/** The body as text, by the charset that the answer names; UTF-8 when it names none that is known. */
export function textOf({ headers, body }: HttpAnswer): string {
  const charset = /charset="?([\w-]+)/i.exec(headers["content-type"] ?? "")?.[1] ?? "utf-8"
  try {
    return new TextDecoder(charset).decode(body)
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder().decode(body)
    throw error
  }
}

/** The body of an answer that must be JSON; `response_invalid` when it is not. */
export function jsonOf(answer: HttpAnswer): Value {
  try {
    return parseJson(textOf(answer))
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause
    throw new PlatformError(
      "response_invalid",
      `${answer.url.origin} answers ${answer.status} with a body that is not JSON; check the URL, and any proxy in between.`,
      {
        cause,
        details: { status: answer.status },
      },
    )
  }
}

/** The body of any answer: JSON where it says so or looks like it, `{ text }` for other text, undefined for an empty one. */
export function contentOf(answer: HttpAnswer): Value | undefined {
  const text = textOf(answer)
  if (text.trim() === "") return undefined
  const declared = /^application\/(.+\+)?json\b/i.test(answer.headers["content-type"] ?? "")
  try {
    return declared || /^\s*[[{]/.test(text) ? parseJson(text) : { text }
  } catch (error) {
    if (error instanceof PlatformError) throw error
    if (!declared) return { text }
    throw new PlatformError("response_invalid", `${answer.url.origin} declares its answer to be JSON, and it is not; check what the server sends.`, {
      cause: error,
    })
  }
}

/** A JSON object is a row, an array is rows, another value is `{ value }`; an empty body is `{}`. */
export function rowsOf(value: Value | undefined): Row | Row[] {
  if (value === undefined) return {}
  return Array.isArray(value) ? value.map(rowOf) : rowOf(value as Value)
}

/**
 * The records where a JMESPath expression finds them: a list, or one object. A path that matches nothing is an error,
 * because the path is usually wrong; a page after the first (`later`) may lack its list.
 */
export function recordsOf(answer: HttpAnswer, value: Value | undefined, records: string, later: boolean): Row | Row[] {
  const found = evaluate(records, value ?? null, answer.body.length)
  if (Array.isArray(found)) return found.map(rowOf)
  if (found === null && later && !saysError(value)) return []
  const where = `${answer.url.origin} answers ${answer.status}`
  if (found === null)
    throw new PlatformError(
      "response_invalid",
      `${where} with nothing at ${records.slice(0, 200)}; correct Records, or add || \`[]\` where nothing means none.`,
    )
  if (typeof found !== "object")
    throw new PlatformError("response_invalid", `${where} with no list at ${records.slice(0, 200)}, but ${typeof found}; correct Records.`)
  return found as Row
}

/** Whether an answer without records has a member that names an error, so that it is no last page. */
const saysError = (value: Value | undefined): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).some(([name, said]) => /^(error|errors|fault|exception)$/i.test(name) && isTruthy(said as Value))

/** The rows of an answer in pages, without an expression that finds them; `response_invalid` when it is no list. */
export function listOf(answer: HttpAnswer, value: Value | undefined): Row[] {
  const rows = rowsOf(value)
  if (Array.isArray(rows)) return rows
  throw new PlatformError("response_invalid", `${answer.url.origin} gives pages that are no lists; name the place of the list in Records.`)
}

const rowOf = (value: Value): Row => (value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Row) : { value })
