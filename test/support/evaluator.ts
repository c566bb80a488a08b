import type { Evaluate } from "../../src/core/answer-plan.ts"
import { EncodedRecords } from "../../src/core/encoded-records.ts"
import type { Row } from "../../src/core/values.ts"
import { Evaluator } from "../../src/evaluator/evaluator.ts"

let evaluator: Evaluator | undefined

/** Evaluates large answers for sessions that a test opens itself. The processes end with the test's. */
export const evaluate: Evaluate = (...work) => {
  evaluator ??= new Evaluator(2)
  return evaluator.for({ workspaceId: "test" }).evaluate(...work)
}

/** What a request gave, whether it was encoded or not. */
export function plainRows(output: Row | readonly Row[] | EncodedRecords): Row | readonly Row[] {
  if (!(output instanceof EncodedRecords)) return output
  const rows = JSON.parse(`[${output.bytes.toString()}]`) as Row[]
  return output.single ? (rows[0] as Row) : rows
}
