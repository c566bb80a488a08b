import type { AnswerPlan, PagingFacts } from "../../../core/answer-plan.ts"
import { clip, evaluate, isQuick, isTruthy } from "../../../core/expression.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row, Value } from "../../../core/values.ts"
import { contentOf, listOf, recordsOf, rowsOf } from "./answers.ts"
import { countsIn, withoutRepeated } from "./paging-counted.ts"
import { printOf } from "./paging-place.ts"

/** What was found in an answer: one record or a list, what leads to the next page, and the value that each record is ordered by. */
export interface Found extends PagingFacts {
  readonly records: Row | readonly Row[]
  readonly orders: readonly Value[]
}

/** The longest text that may lead to a next page, and one more character, so that a longer one is seen to be longer. */
const NEXT_MAX = 16_385

/**
 * Parses an answer and finds what the plan wants; undefined if the answer is not a success. It takes as long as the
 * answer and the expressions make it, so an answer that is not `isQuickAnswer` is for another process. `note` is told
 * what is being done.
 */
export function find(answer: HttpAnswer, plan: AnswerPlan, note: (doing: string) => void = () => undefined): Found | undefined {
  const using = (text: string | undefined, value: Value): Value => {
    if (text === undefined) return null
    note(`evaluating the expression ${clip(text)}`)
    return evaluate(text, value)
  }
  note("reading the answer")
  const value = contentOf(answer, plan)
  const whole = value ?? null
  if (plan.success !== undefined && !isTruthy(using(plan.success, whole))) return undefined
  const all = allIn(answer, value, plan, using)
  const list = Array.isArray(all) ? all : [all]
  const records = plan.after === undefined ? all : withoutRepeated(answer, list, plan.after)
  const last = plan.counted === true ? list.at(-1) : undefined
  return {
    records,
    next: plain(using(plan.next, whole)),
    total: plain(using(plan.total, whole)),
    counts: plan.counted === true ? countsIn(whole) : [],
    count: list.length,
    ...(last === undefined ? {} : { last: printOf(last) }),
    orders:
      plan.order === undefined ? [] : (Array.isArray(records) ? (records as readonly Row[]) : [records as Row]).map((row) => plain(using(plan.order, row))),
  }
}

function allIn(answer: HttpAnswer, value: Value | undefined, { records, later, list }: AnswerPlan, using: (text: string, value: Value) => Value): Row | Row[] {
  if (records !== undefined) return recordsOf(answer, value, using(records, value ?? null), { records, later })
  return list ? listOf(answer, value) : rowsOf(value)
}

/** A value that is a number or a text of moderate length; true stands for every other that is there. */
const plain = (value: Value): Value => (typeof value === "string" ? value.slice(0, NEXT_MAX) : value !== null && typeof value === "object" ? true : value)

/** Bytes of an answer that may be parsed and evaluated at once. */
const QUICK_BYTES = 16_384

/** Whether an answer of so many bytes is surely evaluated within a few milliseconds. */
export const isQuickAnswer = (bytes: number, { success, records, next, total, order }: AnswerPlan): boolean =>
  bytes <= QUICK_BYTES && [success, records, next, total, order].every((text) => text === undefined || isQuick(text, bytes))
