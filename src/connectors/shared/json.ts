import { PlatformError } from "../../core/errors.ts"
import { isDeeper, parseExactly } from "../../core/exact-json.ts"
import { holdsMoreValues } from "../../core/json-values.ts"
import type { Value } from "../../core/values.ts"

/** Levels at most: what writes JSON, and what goes through it, runs out of stack at some thousands. */
const DEPTH_MAX = 500

/** JSON as JSON; a number in it that a double would damage becomes a string of its own digits. `response_invalid` when it is nested deeper than 500 levels. */
export function parseJson(text: string): Value {
  if (isDeeper(text, DEPTH_MAX))
    throw new PlatformError("response_invalid", `The answer holds JSON that is nested deeper than ${DEPTH_MAX} levels, which is not taken; ask for less of it.`)
  return parseExactly(text, (digits) => digits) as Value
}

/** JSON values in one value of a column at most: it is parsed and encoded in one go. */
const CELL_VALUES = 200_000

/** A value of a JSON column, as `parseJson` reads it; `response_too_large` when it holds more than 200,000 values. */
export function parseJsonCell(text: string): Value {
  if (text.length / 2 > CELL_VALUES && holdsMoreValues(Buffer.from(text), CELL_VALUES)) {
    const most = CELL_VALUES.toLocaleString("en")
    throw new PlatformError("response_too_large", `A JSON value of the answer holds more than ${most} values; select parts of it, or its text.`)
  }
  return parseJson(text)
}
