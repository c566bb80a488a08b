import { evaluate } from "../../../core/expression.ts"
import type { Row, Value } from "../../../core/values.ts"
import type { Paging } from "./paging-fields.ts"
import { type Answered, type Place, type PlacedPage, pagingFault, printOf } from "./paging-place.ts"

/** Paging whose positions the hub counts itself. */
export type CountedPaging = Extract<Paging, { readonly kind: "page" | "offset" }>

export const isCounted = (paging: Paging): paging is CountedPaging => paging.kind === "page" || paging.kind === "offset"

/**
 * A page at a number or an offset. A page with fewer records than were asked for is not the last one, since a server may cap or filter its pages:
 * reading ends at an empty page, or where the answer's total is reached. Fewer records than the total are an error.
 */
export function countedPage(paging: CountedPaging, place: Place | undefined, answered: Answered): PlacedPage {
  const { answer, value } = answered
  const rows = place?.last === undefined ? answered.rows : withoutRepeated(answered, place.last)
  const before = place === undefined ? 0 : place.read
  const read = before === undefined ? undefined : before + rows.length
  const total = read === undefined ? undefined : totalIn(paging, answered)
  const whole = read !== undefined && (total === undefined ? countsIn(value).includes(read) : read >= total)
  const count = answered.rows.length
  if (total !== undefined && whole) return { rows }
  if (count === 0) {
    if (total !== undefined) throw pagingFault(answer, `gives no more records after ${read} of ${total}; check Paging and what the login may see`)
    return { rows }
  }
  const now = place?.at ?? paging.start
  const known = read === undefined ? {} : { read }
  if (paging.kind === "page") return { rows, next: { at: now + 1, ...known }, whole }
  // Where the server leaves records out of its pages, the offset after so many records lies within the page that was read.
  const short = paging.size !== undefined && paging.sizeParameter !== undefined && count < paging.size
  return { rows, next: { at: now + count, ...known, ...(short ? { last: printOf(answered.rows[count - 1] as Row) } : {}) }, whole }
}

/** The records behind the last one of the page before, where this page begins within that one. */
function withoutRepeated({ answer, rows }: Answered, last: string): readonly Row[] {
  const prints = rows.map(printOf)
  const at = prints.indexOf(last)
  if (at === -1) return rows
  if (new Set(prints).size < prints.length)
    throw pagingFault(answer, "gives pages that overlap, with equal records in them, so that repeated records cannot be told apart; read it by page number")
  return rows.slice(at + 1)
}

function totalIn({ total }: CountedPaging, { answer, value }: Answered): number | undefined {
  if (!total) return undefined
  const found = evaluate(total, value, answer.body.length)
  if (found === null) return undefined
  const number = typeof found === "string" && found !== "" ? Number(found) : found
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number
  throw pagingFault(answer, `has no whole number at ${total.slice(0, 200)}; correct Total in Paging`)
}

const COUNT = /^(total|count|num)(_?(count|records|results|items|elements|found|hits|entries|rows))?$/i

/** What an answer says about the number of its records. Such a number may mean the page's, so it proves something only together with other evidence. */
function countsIn(value: Value): number[] {
  const objects = [value, ...(isObject(value) ? Object.values(value) : [])].filter(isObject)
  return objects.flatMap((each) => Object.entries(each).flatMap(([name, count]) => (typeof count === "number" && COUNT.test(name) ? [count] : [])))
}

const isObject = (value: Value): value is Row => typeof value === "object" && value !== null && !Array.isArray(value)
