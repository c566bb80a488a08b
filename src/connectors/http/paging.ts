import { createHash } from "node:crypto"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { evaluate } from "../../core/expression.ts"
import type { Row, Value } from "../../core/values.ts"
import type { HttpAnswer, HttpRequest } from "../shared/http.ts"
import { bodyOf, recordsOf, rowsOf } from "./answer.ts"
import { type Client, exchange } from "./exchange.ts"
import type { HttpConfig } from "./fields.ts"

type Paging = HttpConfig["paging"]

/** Where a page is: its number or offset, the cursor that leads to it, or its address; `{}` for the first of a cursor or an address. */
export interface Place {
  readonly at?: number
  readonly cursor?: string
  readonly url?: string
}

/** One page's records, and where the next is; undefined at the end. */
export interface Page {
  readonly place: Place
  readonly rows: readonly Row[]
  readonly next: Place | undefined
}

/**
 * The pages of a request from `from` on, each asked for when it is wanted. A page that repeats the one before, a cursor or an
 * address that was there already, and an address elsewhere are faults: going on would never end, or leave out records.
 */
export async function* pages(client: Client, request: HttpRequest, call: Call, from?: Place): AsyncGenerator<Page> {
  const { paging, records } = client.config
  let place = from ?? firstPlace(paging)
  const seen = new Set<string>([keyOf(place)])
  let before: string | undefined
  for (let count = 0; ; count++) {
    if (count > 0) await call.turn()
    const answer = await exchange(client, at(request, client.config, place), call)
    const value = bodyOf(answer, client.config, client.scrub)
    const rows = records ? [recordsOf(answer, value, records, place !== from && count > 0)].flat() : listOf(answer, value, paging)
    const print = rows.length === 0 ? undefined : createHash("sha256").update(JSON.stringify(rows)).digest("base64")
    const numbered = paging.kind === "page" || paging.kind === "offset"
    if (numbered && print !== undefined && print === before) throw fault(answer, `gives the same page twice, whatever ${paging.parameter} says; mend Paging`)
    before = print
    const next = nextPlace(paging, request, answer, value ?? null, place, rows.length)
    if (next !== undefined && seen.has(keyOf(next))) throw fault(answer, "leads back to a page that was read already; mend Paging")
    yield { place, rows, next }
    if (next === undefined) return
    seen.add(keyOf(next))
    place = next
  }
}

const keyOf = (place: Place): string => createHash("sha256").update(JSON.stringify(place)).digest("base64")

/** The records of one call, all its pages. */
export async function allRecords(client: Client, request: HttpRequest, call: Call): Promise<Row[]> {
  const { paging } = client.config
  const most = paging.kind === "none" ? 1 : paging.maxPages
  const rows: Row[] = []
  let count = 0
  let bytes = 0
  for await (const page of pages(client, request, call)) {
    for (const row of page.rows) rows.push(row)
    bytes += JSON.stringify(page.rows).length
    if (rows.length > MOST_RECORDS || bytes > MOST_BYTES) throw tooMuch(`holds more than ${MOST_RECORDS} records or 32 MiB over its pages; ask for less`)
    if (++count === most && page.next !== undefined) throw tooMuch(`has more than ${most} pages; ask for less, or raise the most pages`)
  }
  return rows
}

const MOST_RECORDS = 100_000
const MOST_BYTES = 32 * 1_048_576

const tooMuch = (what: string): PlatformError => new PlatformError("response_too_large", `The answer ${what}.`)

function firstPlace(paging: Paging): Place {
  return paging.kind === "page" || paging.kind === "offset" ? { at: paging.start } : {}
}

function listOf(answer: HttpAnswer, value: Value | undefined, paging: Paging): Row[] {
  const rows = rowsOf(value)
  if (Array.isArray(rows) || paging.kind === "none") return [rows].flat() as Row[]
  throw fault(answer, "gives pages that are no lists; say in Records where the list is")
}

/** The request for one page. */
function at(request: HttpRequest, { paging, auth }: HttpConfig, place: Place): HttpRequest {
  if (place.url !== undefined) {
    const url = new URL(place.url)
    if (auth.kind === "query") url.searchParams.set(auth.name, auth.value.reveal())
    return { ...request, url }
  }
  if (paging.kind === "none" || paging.kind === "link") return request
  const sized: [string, number][] = paging.kind !== "cursor" && paging.sizeParameter && paging.size ? [[paging.sizeParameter, paging.size]] : []
  const position = place.cursor ?? place.at
  return withValues(request, paging.place, position === undefined ? sized : [...sized, [paging.parameter, position]])
}

function withValues(request: HttpRequest, place: "query" | "body", values: readonly [string, string | number][]): HttpRequest {
  if (place === "query") {
    const url = new URL(request.url)
    for (const [name, value] of values) url.searchParams.set(name, String(value))
    return { ...request, url }
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "")) {
    const form = new URLSearchParams(request.body ?? "")
    for (const [name, value] of values) form.set(name, String(value))
    return { ...request, body: form.toString() }
  }
  const body = { ...objectIn(request.body ?? "{}"), ...Object.fromEntries(values) }
  return { ...request, headers: { ...request.headers, "content-type": request.headers["content-type"] ?? "application/json" }, body: JSON.stringify(body) }
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

function nextPlace(paging: Paging, request: HttpRequest, answer: HttpAnswer, value: Value, { at: now = 0 }: Place, count: number): Place | undefined {
  switch (paging.kind) {
    case "none":
      return undefined
    case "page":
    case "offset":
      if (count === 0 || (paging.size !== undefined && paging.sizeParameter !== undefined && count < paging.size)) return undefined
      return { at: paging.kind === "page" ? now + 1 : now + count }
    case "cursor": {
      const cursor = evaluate(paging.cursor, value, answer.body.length)
      if (cursor === null || cursor === "" || cursor === false) return undefined
      if (typeof cursor !== "string" && typeof cursor !== "number") throw fault(answer, `has no text or number at ${paging.cursor.slice(0, 200)}; mend Paging`)
      if (String(cursor).length > 8_192) throw fault(answer, "gives a cursor of more than 8192 characters")
      return { cursor: String(cursor) }
    }
    case "link":
      return linked(paging.next ? evaluate(paging.next, value, answer.body.length) : linkIn(answer.headers["link"] ?? ""), request, answer)
  }
}

/** RFC 8288: the target of the first link whose relations hold `next`. */
export function linkIn(header: string): string | null {
  for (const [, target = "", parameters = ""] of header.matchAll(/<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\*?(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))/i.exec(parameters)
    if ((relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/).includes("next")) return target
  }
  return null
}

function linked(link: Value, request: HttpRequest, answer: HttpAnswer): Place | undefined {
  if (link === null || link === "" || link === false) return undefined
  const url = typeof link === "string" && URL.canParse(link, answer.url.href) ? new URL(link, answer.url) : undefined
  if (url === undefined || url.username !== "" || url.password !== "") throw fault(answer, "gives a next page that is no address; mend Paging")
  if (url.origin !== request.url.origin) throw fault(answer, `gives a next page at ${url.origin}, and pages are read from the connector's own host alone`)
  if (url.href.length > 16_384) throw fault(answer, "gives an address of more than 16384 characters")
  url.hash = ""
  return { url: url.href }
}

const fault = ({ url }: HttpAnswer, what: string): PlatformError => new PlatformError("response_invalid", `${url.origin} ${what}.`)
