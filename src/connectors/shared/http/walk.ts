import { createHash } from "node:crypto"
import { EncodedRecords } from "../../../core/encoded-records.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Row, Value } from "../../../core/values.ts"
import type { HttpCall } from "./call.ts"
import { ENCODED_MAX, printOf } from "./encoding.ts"

/** One page of records. `next` leads to the one after it, in a form that only its API reads; absent at the end. */
export interface Page<R extends Records = readonly Row[]> {
  readonly rows: R
  readonly next?: unknown
  /** What each record is ordered by, where an incremental read asked for it; a record's own member `orderedBy` comes first. */
  readonly orders?: readonly Value[]
  /** A hash of the records, if one is known. */
  readonly print?: string
  /** Bytes of the records as JSON, if they are known. */
  readonly bytes?: number
  /** The answer states exactly the number of records that were read so far, so a page that repeats this one is the end. */
  readonly whole?: boolean
}

/** Records as they are, or encoded. */
export type Records = readonly Row[] | EncodedRecords

/** A page and where it was; undefined is the first. */
export interface VisitedPage<R extends Records = readonly Row[]> extends Page<R> {
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
export async function* walk<R extends Records>(
  page: (position: unknown) => Promise<Page<R>>,
  { from, counted, origin, most }: Walk,
  call: HttpCall,
): AsyncGenerator<VisitedPage<R>> {
  const seen = new Set<string>([markOf(from)])
  let before: { readonly print: string; readonly whole: boolean } | undefined
  for (let position = from, count = 0; ; count++) {
    if (count > 0) await call.turn?.()
    const visited = await page(position)
    const { rows, next, whole = false } = visited
    if (count === most && (rows.length > 0 || next !== undefined)) throw tooMuch(`has more than ${most} pages; ask for less, or raise Most pages`)
    const print = counted && rows.length > 0 ? (visited.print ?? (rows instanceof EncodedRecords ? undefined : printOf(rows))) : undefined
    if (print !== undefined && print === before?.print) {
      // Some APIs return the last page for every later position.
      if (before.whole) return
      const next = "correct Paging, or enter the path of the total in Paging if the answer has one"
      throw new PlatformError("response_invalid", `${origin} returns the same page for two positions; ${next}.`)
    }
    before = print === undefined ? undefined : { print, whole }
    const mark = markOf(next)
    if (next !== undefined && seen.has(mark))
      throw new PlatformError("response_invalid", `${origin} leads back to a page that was already read; correct Paging.`)
    yield { ...visited, position }
    if (next === undefined) return
    seen.add(mark)
    position = next
  }
}

const markOf = (position: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(position ?? null))
    .digest("base64")

const MOST_RECORDS = 100_000
/** Bytes of records that are given as they are; more of them are given encoded. */
const MOST_PLAIN = 65_536

/** All records of some pages as one list; more than 100,000 of them or 32 MiB are an error, and never a part. */
export async function allRows(pages: AsyncIterable<Records>): Promise<Row[] | EncodedRecords> {
  const all: Row[] = []
  const encoded: Buffer[] = []
  let [plain, count, bytes] = [true, 0, 0]
  for await (const rows of pages) {
    if (rows.length === 0) continue
    const json = rows instanceof EncodedRecords ? rows.bytes : Buffer.from(JSON.stringify(rows).slice(1, -1))
    count += rows.length
    bytes += json.length
    if (count > MOST_RECORDS || bytes > ENCODED_MAX) throw tooMuch(`holds more than ${MOST_RECORDS} records or 32 MiB over its pages; ask for less`)
    plain &&= !(rows instanceof EncodedRecords) && bytes <= MOST_PLAIN
    if (plain) all.push(...(rows as readonly Row[]))
    encoded.push(...(encoded.length === 0 ? [json] : [COMMA, json]))
  }
  return plain ? all : new EncodedRecords("list", Buffer.concat(encoded), count, false)
}

const COMMA = Buffer.from(",")

const tooMuch = (what: string): PlatformError => new PlatformError("response_too_large", `The answer ${what}.`)
