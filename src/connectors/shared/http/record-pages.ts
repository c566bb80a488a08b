import type { AnswerPlan } from "../../../core/answer-plan.ts"
import type { Call } from "../../../core/call.ts"
import { EncodedRecords } from "../../../core/encoded-records.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row } from "../../../core/values.ts"
import type { HttpAuth } from "./auth.ts"
import type { HttpCall } from "./call.ts"
import { decoded } from "./decoding.ts"
import { type Evaluated, evaluated } from "./evaluated.ts"
import { pagingPlan, placedPage } from "./paging.ts"
import { isCounted } from "./paging-counted.ts"
import type { Paging } from "./paging-fields.ts"
import type { Place } from "./paging-place.ts"
import { unexpected } from "./statuses.ts"
import { type Page, type Records, walk } from "./walk.ts"

/** Where records come from, and how an answer is read: what the config of a type says. */
export interface RecordSource {
  readonly reading: AnswerReading
  readonly auth: HttpAuth
  /** Begins the sentences of errors, and the addresses of pages: `https://api.example.com`. */
  readonly origin: string
  /** The answer with the page at a place; undefined is the first. Status 404 at a later place: there are no more pages. */
  send(place: Place | undefined, call: HttpCall): Promise<HttpAnswer>
}

/** What a config says about reading an answer. */
export interface AnswerReading {
  readonly paging: Paging
  readonly records?: string | undefined
  readonly success?: string | undefined
  readonly charset?: string | undefined
  readonly html: boolean
}

/** In which form the records of a page come when they are encoded, and by what each of them is ordered. */
interface Wish {
  readonly form: EncodedRecords["form"]
  readonly order?: string | undefined
}

/** The record or records of the one answer of a source without pages; a large answer is encoded as a `list`. */
export async function answerFrom({ reading, send }: RecordSource, call: Call): Promise<Row | readonly Row[] | EncodedRecords> {
  using answerRoom = call.room()
  return (await foundIn(await send(undefined, { ...call, answerRoom }), reading, undefined, { form: "list" }, call)).records
}

/** The records page by page; each page is requested when the reader wants it. Large ones are encoded. */
export async function* pagesFrom(source: RecordSource, form: "list" | "lines", call: Call): AsyncGenerator<Records> {
  const { paging } = source.reading
  const how = { from: undefined, counted: isCounted(paging), origin: source.origin, most: paging.kind === "none" ? 1 : paging.maxPages }
  for await (const { rows } of walk((place) => pageAt(source, place as Place | undefined, { form }, call), how, call)) yield rows
}

/** One page, its records decoded; `orders` has what `order` gives for each of them. */
export async function plainPage(source: RecordSource, place: Place | undefined, order: string | undefined, call: Call): Promise<Page<readonly Row[]>> {
  const { rows, ...page } = await pageAt(source, place, { form: "ordered", order }, call)
  return rows instanceof EncodedRecords ? { ...page, ...(await decoded(rows)), bytes: rows.bytes.length } : { ...page, rows }
}

async function pageAt({ reading, auth, origin, send }: RecordSource, place: Place | undefined, wish: Wish, call: Call): Promise<Page<Records>> {
  using answerRoom = call.room()
  const answer = await send(place, { ...call, answerRoom })
  const { records, orders, print, ...facts } = await foundIn(answer, reading, place, wish, call)
  const rows = records instanceof EncodedRecords ? records : [records].flat()
  const placed = placedPage(reading.paging, place, { ...facts, answer, given: rows.length }, origin, auth.parameter)
  return { ...placed, rows, orders, ...(print === undefined ? {} : { print }) }
}

/** What the config wants of an answer; an answer that is not a success is an error. */
export async function foundIn(
  answer: HttpAnswer,
  { success, records, paging, charset, html }: AnswerReading,
  place: Place | undefined,
  { form, order }: Wish,
  call: Call,
): Promise<Evaluated> {
  // Behind the last page there is no answer to judge.
  if (place !== undefined && answer.status === 404) return NO_RECORDS
  const plan: AnswerPlan = {
    ...pagingPlan(paging, place),
    html,
    list: paging.kind !== "none",
    later: place !== undefined,
    ...(charset ? { charset } : {}),
    ...(success ? { success } : {}),
    ...(records ? { records } : {}),
    ...(order === undefined ? {} : { order }),
  }
  const found = await evaluated(answer, plan, form, call)
  if (found === undefined) throw unexpected(answer, `but ${(success ?? "").slice(0, 200)} is not true`, call)
  return found
}

const NO_RECORDS: Evaluated = { records: [], orders: [], next: null, total: null, counts: [], count: 0 }
