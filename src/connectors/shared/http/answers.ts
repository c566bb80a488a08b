import { PlatformError } from "../../../core/errors.ts"
import { isTruthy } from "../../../core/expression.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row, Value } from "../../../core/values.ts"
import { parseJson } from "../json.ts"
import { textOf } from "./charset.ts"

/** The body of an answer that must be JSON; fails with `response_invalid` if it is not. */
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

/** Options for reading the body of an answer. */
export interface Reading {
  /** The charset that the connector sets; if absent, the answer decides. */
  readonly charset?: string | undefined
  /** Return an HTML page as text. By default, an HTML page is an error, because it usually replaces the data. */
  readonly html?: boolean
}

const JSON_TYPE = /^\s*(application|text)\/([\w.-]+\+)?(x-)?json\s*(;|,|$)/i
const LINES_TYPE = /^\s*[\w.-]+\/(x-)?(nd-?json|jsonl(ines)?|json-?(lines|seq|stream)|(stream|lines)\+json)\s*(;|,|$)/i
const HTML_TYPE = /^\s*(text\/html|application\/xhtml\+xml)\s*(;|,|$)/i

/**
 * The content of an answer: JSON if it is declared or looks like JSON, a list if each line is a JSON value (NDJSON), `{ text }` for other text, and
 * undefined for an empty body. Fails with `response_invalid` if the body is an unwanted HTML page, is declared as JSON but is not, or is not text.
 */
export function contentOf(answer: HttpAnswer, { charset, html = false }: Reading = {}): Value | undefined {
  const type = answer.headers["content-type"] ?? ""
  const text = textOf(answer, charset)
  if (text.trim() === "") return undefined
  if (LINES_TYPE.test(type)) return linesOf(answer, text)
  const declared = JSON_TYPE.test(type)
  if (!declared && !html && (HTML_TYPE.test(type) || /^\s*<(!doctype\s+html|html)\b/i.test(text)))
    throw new PlatformError(
      "response_invalid",
      `${answer.url.origin} answers ${answer.status} with an HTML page, which is usually a login or error page; check the URL and the credentials, or set the header Accept to text/html if you want the page.`,
      { details: { status: answer.status } },
    )
  if (!declared && !/^\s*[[{]/.test(text)) return { text }
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof PlatformError) throw error
    const lines = /[\r\n]\s*[[{]/.test(text.trim()) ? linesIn(text) : undefined
    if (Array.isArray(lines)) return lines
    if (!declared) return { text }
    throw new PlatformError("response_invalid", `${answer.url.origin} declares its answer as JSON, but it is not JSON; check what the server sends.`, {
      cause: error,
    })
  }
}

/** The values of NDJSON, JSON Lines or a JSON text sequence (RFC 7464), one per line; or the number of the first line that is not JSON. */
function linesIn(text: string): Value[] | number {
  const values: Value[] = []
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const value = line.replaceAll("\u001e", "").trim()
    if (value === "") continue
    try {
      values.push(parseJson(value))
    } catch (error) {
      if (error instanceof SyntaxError) return index + 1
      throw error
    }
  }
  return values
}

function linesOf({ url }: HttpAnswer, text: string): Value[] {
  const values = linesIn(text)
  if (Array.isArray(values)) return values
  throw new PlatformError(
    "response_invalid",
    `${url.origin} declares its answer as one JSON value per line, but line ${values} is not JSON; check what the server sends.`,
  )
}

/** A JSON object is a row, an array is rows, another value is `{ value }`; an empty body is `{}`. */
export function rowsOf(value: Value | undefined): Row | Row[] {
  if (value === undefined) return {}
  return Array.isArray(value) ? value.map(rowOf) : rowOf(value as Value)
}

/**
 * The records that the expression `records` found in the answer's value: a list, or one object. A path that matches
 * nothing is an error, because the path is usually wrong; a page after the first (`later`) may lack its list.
 */
export function recordsOf(answer: HttpAnswer, value: Value | undefined, found: Value, { records, later }: FoundBy): Row | Row[] {
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

interface FoundBy {
  readonly records: string
  readonly later: boolean
}

/** Whether an answer without records reports an error. Such an answer is not the last page. */
const saysError = (value: Value | undefined): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).some(([name, said]) => /^(error|errors|fault|exception)$/i.test(name) && isTruthy(said as Value))

/** The rows of a page if no expression finds them; fails with `response_invalid` if the answer is not a list. */
export function listOf(answer: HttpAnswer, value: Value | undefined): Row[] {
  const rows = rowsOf(value)
  if (Array.isArray(rows)) return rows
  throw new PlatformError("response_invalid", `${answer.url.origin} returns pages that are not lists; enter the path of the list in Records.`)
}

const rowOf = (value: Value): Row => (value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Row) : { value })
