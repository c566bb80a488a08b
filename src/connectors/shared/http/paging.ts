import type { PagingPlan } from "../../../core/answer-plan.ts"
import type { HttpRequest } from "../../../core/http/request.ts"
import type { Value } from "../../../core/values.ts"
import { type CountedPaging, countedPage, isCounted } from "./paging-counted.ts"
import type { Paging } from "./paging-fields.ts"
import { type Answered, type Place, type PlacedPage, pagingFault } from "./paging-place.ts"
import { withValues } from "./paging-values.ts"

const MOST_CURSOR = 8_192
const MOST_ADDRESS = 16_384

/** Whether a value from outside is a possible position for this paging; an address must be on the API's own host. */
export function isPlace(value: unknown, paging: Paging, origin: string): value is Place {
  if (typeof value !== "object" || value === null) return false
  const { at, read = 0, last = "", cursor, url } = value as Readonly<Record<string, unknown>>
  switch (paging.kind) {
    case "page":
    case "offset":
      return isCount(at) && isCount(read) && typeof last === "string"
    case "cursor":
      return typeof cursor === "string"
    case "link":
      return typeof url === "string" && URL.canParse(url) && new URL(url).origin === origin
    default:
      return false
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** The request for the page at a position, or for the first page. */
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

/** What finds the page after a page `place` in its answer. */
export function pagingPlan(paging: Paging, place: Place | undefined): PagingPlan {
  const next = paging.kind === "cursor" ? paging.cursor : paging.kind === "link" ? paging.next : undefined
  const total = isCounted(paging) ? paging.total : undefined
  return {
    ...(next ? { next } : {}),
    ...(total ? { total } : {}),
    ...(place?.last === undefined ? {} : { after: place.last }),
    ...(isCounted(paging) ? { counted: true } : {}),
  }
}

/** Where the page after one is. `parameter` is left out of an address: it would repeat a secret. */
export function placedPage(paging: Paging, place: Place | undefined, answered: Answered, origin: string, parameter?: string): PlacedPage {
  if (isCounted(paging)) return countedPage(paging, place, answered)
  const next = nextPlace(paging, answered, origin, parameter)
  return next === undefined ? {} : { next }
}

function nextPlace(paging: Exclude<Paging, CountedPaging>, { answer, next }: Answered, origin: string, parameter: string | undefined): Place | undefined {
  switch (paging.kind) {
    case "none":
      return undefined
    case "cursor": {
      if (isNothing(next)) return undefined
      if (typeof next !== "string" && typeof next !== "number")
        throw pagingFault(answer, `has no text or number at ${paging.cursor.slice(0, 200)}; correct Paging`)
      if (String(next).length > MOST_CURSOR) throw pagingFault(answer, `returns a cursor of more than ${MOST_CURSOR} characters`)
      return { cursor: String(next) }
    }
    case "link": {
      const link = paging.next ? next : linkIn(answer.headers["link"] ?? "")
      return isNothing(link) ? undefined : { url: addressOf(link, answer, origin, parameter) }
    }
  }
}

const isNothing = (value: Value): boolean => value === null || value === "" || value === false

/** The target of the first link with the relation `next` (RFC 8288). */
export function linkIn(header: string): string | null {
  for (const [, target = "", parameters = ""] of header.matchAll(/<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~-]+\*?(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^",;\s]*))/i.exec(parameters)
    if ((relations?.[1] ?? relations?.[2] ?? "").toLowerCase().split(/\s+/).includes("next")) return target
  }
  return null
}

function addressOf(link: Value, answer: Answered["answer"], origin: string, parameter: string | undefined): string {
  const url = typeof link === "string" && URL.canParse(link, answer.url.href) ? new URL(link, answer.url) : undefined
  if (url === undefined || url.username !== "" || url.password !== "") throw pagingFault(answer, "returns a next page that is not an address; correct Paging")
  // A server behind a proxy that terminates TLS puts its own scheme into addresses.
  if (origin.startsWith("https:") && url.origin === origin.replace("https:", "http:")) url.protocol = "https:"
  if (url.origin !== origin)
    throw pagingFault(answer, `returns a next page at ${url.origin}, but pages are read only from ${origin}; use that address as the URL`)
  if (url.href.length > MOST_ADDRESS) throw pagingFault(answer, `returns an address of more than ${MOST_ADDRESS} characters`)
  url.hash = ""
  if (parameter !== undefined) url.searchParams.delete(parameter)
  return url.href
}
