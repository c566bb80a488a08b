import type { AnswerPlan, Evaluate, PagingFacts } from "../../../core/answer-plan.ts"
import type { Call } from "../../../core/call.ts"
import type { EncodedRecords } from "../../../core/encoded-records.ts"
import type { HttpAnswer } from "../../../core/http/request.ts"
import type { Row, Value } from "../../../core/values.ts"
import { encoded } from "./encoding.ts"
import { find, isQuickAnswer } from "./found.ts"

/** What was found in an answer. The records are encoded if the answer was evaluated in another process; `print` hashes them then. */
export interface Evaluated extends PagingFacts {
  readonly records: Row | readonly Row[] | EncodedRecords
  /** Empty for records that are encoded: in the form `ordered`, they have it in their lines. */
  readonly orders: readonly Value[]
  readonly print?: string
}

/** Finds the records of an answer: at once where that is quick, and otherwise in another process, encoded. Undefined if the answer is not a success. */
export async function evaluated(
  answer: HttpAnswer,
  plan: AnswerPlan,
  form: EncodedRecords["form"],
  call: Pick<Call, "evaluate">,
): Promise<Evaluated | undefined> {
  const { status, headers, url, body } = answer
  if (isQuickAnswer(body.length, plan)) return find(answer, plan)
  const found = await call.evaluate({ status, headers, url: url.href, body }, plan, form)
  if (found === undefined) return undefined
  const { rows, ...facts } = found
  return { ...facts, records: rows, orders: [] }
}

/** Evaluates where it is called; for a process that serves nobody else. */
export const evaluateHere: Evaluate = async ({ status, headers, url, body }, plan, form) => {
  const found = find({ status, headers, url: new URL(url), body: Buffer.from(body) }, plan)
  return found === undefined ? undefined : encoded(found, form)
}
