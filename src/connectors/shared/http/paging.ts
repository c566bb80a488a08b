import { PlatformError } from "../../../core/errors.ts"
import { evaluate } from "../../../core/expression.ts"
import type { HttpAnswer, HttpRequest } from "../../../core/http/request.ts"
import type { Value } from "../../../core/values.ts"
import type { Paging } from "./paging-fields.ts"

/** Where a page is: its number or offset, the cursor that leads to it, or its address. The first page has none. */
export interface Place {
  readonly at?: number
  readonly cursor?: string
  readonly url?: string
}

const MOST_CURSOR = 8_192
const MOST_ADDRESS = 16_384

/** Whether a value from outside is a place that these pages could have given; an address must be on the API's own host. */
export function isPlace(value: unknown, paging: Paging, origin: string): value is Place {
  if (typeof value !== "object" || value === null) return false
  const { at, cursor, url } = value as Readonly<Record<string, unknown>>
  switch (paging.kind) {
    case "page":
    case "offset":
      return Number.isSafeInteger(at) && (at as number) >= 0
    case "cursor":
      return typeof cursor === "string"
    case "link":
      return typeof url === "string" && URL.canParse(url) && new URL(url).origin === origin
    default:
      return false
  }
}

/** The request for the page at a place, or for the first one. */
export function requestAt(request: HttpRequest, paging: Paging, place: Place | undefined): HttpRequest {
  if (place?.url !== undefined) return { ...request, url: new URL(place.url) }
  switch (paging.kind) {
    case "page":
    case "offset": {
      const sized: [string, number][] = paging.sizeParameter && paging.size ? [[paging.sizeParameter, paging.size]] : []
      return withValues(request, paging.place, [...sized, [paging.parameter, place?.at ?? paging.start]])
    }
    case "cursor":
      return place?.cursor === undefined ? request : withValues(request, paging.place, [[paging.parameter, place.cursor]])
    default:
      return request
  }
}

/** An answer and how many records it has, to find the next page by. */
export interface Answered {
  readonly answer: HttpAnswer
  readonly value: Value
  readonly count: number
}

/** Where the page after this one is; undefined at the end. `parameter` is left out of an address: it would repeat a secret. */
export function nextPlace(paging: Paging, place: Place | undefined, { answer, value, count }: Answered, origin: string, parameter?: string): Place | undefined {
  switch (paging.kind) {
    case "none":
      return undefined
    case "page":
    case "offset": {
      if (count === 0 || (paging.size !== undefined && paging.sizeParameter !== undefined && count < paging.size)) return undefined
      const now = place?.at ?? paging.start
      return { at: paging.kind === "page" ? now + 1 : now + count }
    }
    case "cursor": {
      const cursor = evaluate(paging.cursor, value, answer.body.length)
      if (isNothing(cursor)) return undefined
      if (typeof cursor !== "string" && typeof cursor !== "number")
        throw fault(answer, `has no text or number at ${paging.cursor.slice(0, 200)}; correct Paging`)
      if (String(cursor).length > MOST_CURSOR) throw fault(answer, `gives a cursor of more than ${MOST_CURSOR} characters`)
      return { cursor: String(cursor) }
    }
    case "link": {
      const link = paging.next ? evaluate(paging.next, value, answer.body.length) : linkIn(answer.headers["link"] ?? "")
      return isNothing(link) ? undefined : { url: addressOf(link, answer, origin, parameter) }
    }
  }
}

const isNothing = (value: Value): boolean => value === null || value === "" || value === false

/** RFC 8288: the target of the first link whose relations hold `next`. */
export function linkIn(header: string): string | null {
  for (const [, target = "", parameters = ""] of header.matchAll(/<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\*?(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))/i.exec(parameters)
    if ((relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/).includes("next")) return target
  }
  return null
}

function addressOf(link: Value, answer: HttpAnswer, origin: string, parameter: string | undefined): string {
  const url = typeof link === "string" && URL.canParse(link, answer.url.href) ? new URL(link, answer.url) : undefined
  if (url === undefined || url.username !== "" || url.password !== "") throw fault(answer, "gives a next page that is no address; correct Paging")
  if (url.origin !== origin) throw fault(answer, `gives a next page at ${url.origin}, and pages are read only from the connector's own host`)
  if (url.href.length > MOST_ADDRESS) throw fault(answer, `gives an address of more than ${MOST_ADDRESS} characters`)
  url.hash = ""
  if (parameter !== undefined) url.searchParams.delete(parameter)
  return url.href
}

const fault = ({ url }: HttpAnswer, what: string): PlatformError => new PlatformError("response_invalid", `${url.origin} ${what}.`)

function withValues(request: HttpRequest, place: "query" | "body", values: readonly [string, string | number][]): HttpRequest {
  if (place === "query") {
    const url = new URL(request.url)
    for (const [name, value] of values) url.searchParams.set(name, String(value))
    return { ...request, url }
  }
  const text = typeof request.body === "string" ? request.body : undefined
  if (/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "")) {
    const form = new URLSearchParams(text ?? "")
    for (const [name, value] of values) form.set(name, String(value))
    return { ...request, body: form.toString() }
  }
  const body = { ...objectIn(text ?? "{}"), ...Object.fromEntries(values) }
  return { ...request, headers: { "content-type": "application/json", ...request.headers }, body: JSON.stringify(body) }
}

interface RawJson {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (name: string, value: unknown, context: { source?: string }) => unknown): unknown
}

/** The members of a JSON object, its numbers in their own digits. */
function objectIn(text: string): Record<string, unknown> {
  const json = JSON as unknown as RawJson
  const value = json.parse(text, (_, each, { source }) => (typeof each === "number" && source !== undefined ? json.rawJSON(source) : each))
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new PlatformError("config_invalid", "The body is not a JSON object, so the page cannot be named in it; send it in the query.")
}
