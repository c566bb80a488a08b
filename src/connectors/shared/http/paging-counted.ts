import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row, Value } from "../../../core/values.ts"
import type { Paging } from "./paging-fields.ts"
import { type Answered, type Place, type PlacedPage, pagingFault, printOf } from "./paging-place.ts"

/** Kinds of paging for which the hub counts the positions itself. */
export type CountedPaging = Extract<Paging, { readonly kind: "page" | "offset" }>

export const isCounted = (paging: Paging): paging is CountedPaging => paging.kind === "page" || paging.kind === "offset"

/**
 * Returns the new records of a page at a number or offset, and the position of the next page. A short page is not the last one, because a server may cap
 * or filter its pages: reading ends at an empty page, or when the total is reached. Fewer records than the total are an error.
 */
export function countedPage(paging: CountedPaging, place: Place | undefined, answered: Answered): PlacedPage {
  const { answer, count, given, counts, last } = answered
  const before = place === undefined ? 0 : place.read
  const read = before === undefined ? undefined : before + given
  const total = read === undefined ? undefined : totalIn(paging, answered)
  const whole = read !== undefined && (total === undefined ? counts.includes(read) : read >= total)
  if (total !== undefined && whole) return {}
  if (count === 0) {
    if (total !== undefined) throw pagingFault(answer, `returns no more records after ${read} of ${total}; check Paging and the permissions of the login`)
    return {}
  }
  const now = place?.at ?? paging.start
  const known = read === undefined ? {} : { read }
  if (paging.kind === "page") return { next: { at: now + 1, ...known }, whole }
  // If the server filters its pages, this offset lies inside the page that was just read.
  const short = paging.size !== undefined && paging.sizeParameter !== undefined && count < paging.size
  return { next: { at: now + count, ...known, ...(short && last !== undefined ? { last } : {}) }, whole }
}

/** The records after the last record of the previous page, if this page overlaps with it. */
export function withoutRepeated(answer: HttpAnswer, rows: readonly Row[], last: string): readonly Row[] {
  const prints = rows.map(printOf)
  const at = prints.indexOf(last)
  if (at === -1) return rows
  if (new Set(prints).size < prints.length)
    throw pagingFault(answer, "returns pages that overlap and contain equal records, so repeated records cannot be recognised; page by number instead")
  return rows.slice(at + 1)
}

function totalIn({ total: expression }: CountedPaging, { answer, total }: Answered): number | undefined {
  if (!expression || total === null) return undefined
  const number = typeof total === "string" && total !== "" ? Number(total) : total
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number
  throw pagingFault(answer, `has no whole number at ${expression.slice(0, 200)}; correct Total in Paging`)
}

const COUNT = /^(total|count|num)(_?(count|records|results|items|elements|found|hits|entries|rows))?$/i

/** What an answer says about the number of its records. Such a number may mean the page's, so it proves something only together with other evidence. At most 100. */
export function countsIn(value: Value): number[] {
  const objects = [value, ...(isObject(value) ? Object.values(value) : [])].filter(isObject)
  const counts = objects.flatMap((each) => Object.entries(each).flatMap(([name, count]) => (typeof count === "number" && COUNT.test(name) ? [count] : [])))
  return counts.slice(0, 100)
}

const isObject = (value: Value): value is Row => typeof value === "object" && value !== null && !Array.isArray(value)
