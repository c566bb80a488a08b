import { createHash } from "node:crypto"
import { PlatformError } from "../../../core/errors.ts"
import type { Row } from "../../../core/values.ts"
import type { HttpCall } from "./call.ts"

/** One page of records. `next` leads to the one after it, in a form that only its API reads; absent at the end. */
export interface Page {
  readonly rows: readonly Row[]
  readonly next?: unknown
  /** The answer counts as many records as were read so far, so that a page that repeats this one is the end. */
  readonly whole?: boolean
}

/** A page and where it was; undefined is the first. */
export interface VisitedPage extends Page {
  readonly position: unknown
}

export interface Walk {
  /** Where to begin; undefined for the first page. */
  readonly from: unknown
  /** True where we count the next position ourselves: an API that ignores it gives the same page again. */
  readonly counted: boolean
  /** Begins the sentences of errors: `https://api.example.com`. */
  readonly origin: string
  /** Pages at most; one more is an error. Absent: as many as there are. */
  readonly most?: number
}

/**
 * The pages from a position on, one after the other; each is requested when the reader wants it, and each but the first
 * takes a turn. A page that repeats the one before and a position that was visited already are errors: going on would
 * never end, or leave records out. An empty page may follow the last one that is allowed, as the end of the list.
 */
export async function* walk(page: (position: unknown) => Promise<Page>, { from, counted, origin, most }: Walk, call: HttpCall): AsyncGenerator<VisitedPage> {
  const seen = new Set<string>([printOf(from ?? null)])
  let before: { readonly print: string; readonly whole: boolean } | undefined
  for (let position = from, count = 0; ; count++) {
    if (count > 0) await call.turn?.()
    const { rows, next, whole = false } = await page(position)
    if (count === most && (rows.length > 0 || next !== undefined)) throw tooMuch(`has more than ${most} pages; ask for less, or raise Most pages`)
    const print = counted && rows.length > 0 ? printOf(rows) : undefined
    if (print !== undefined && print === before?.print) {
      // Some APIs give the last page for every position behind it.
      if (before.whole) return
      const next = "check how its pages are asked for, or name the Total in Paging if the answer has one"
      throw new PlatformError("response_invalid", `${origin} gives the same page twice, whatever position it is asked for; ${next}.`)
    }
    before = print === undefined ? undefined : { print, whole }
    const mark = printOf(next ?? null)
    if (next !== undefined && seen.has(mark))
      throw new PlatformError("response_invalid", `${origin} leads back to a page that was read already; check how its pages are asked for.`)
    yield next === undefined ? { position, rows } : { position, rows, next }
    if (next === undefined) return
    seen.add(mark)
    position = next
  }
}

const printOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("base64")

const MOST_RECORDS = 100_000
const MOST_BYTES = 32 * 1_048_576

/** All records of some pages as one list; more than 100,000 of them or 32 MiB are an error, and never a part. */
export async function allRows(pages: AsyncIterable<readonly Row[]>): Promise<Row[]> {
  const all: Row[] = []
  let bytes = 0
  for await (const rows of pages) {
    for (const row of rows) all.push(row)
    bytes += JSON.stringify(rows).length
    if (all.length > MOST_RECORDS || bytes > MOST_BYTES) throw tooMuch(`holds more than ${MOST_RECORDS} records or 32 MiB over its pages; ask for less`)
  }
  return all
}

const tooMuch = (what: string): PlatformError => new PlatformError("response_too_large", `The answer ${what}.`)
