import { PlatformError } from "../../core/errors.ts"
import { isDeeper, parseExactly } from "../../core/exact-json.ts"
import type { Value } from "../../core/values.ts"

/** Levels at most: what writes JSON, and what goes through it, runs out of stack at some thousands. */
const DEPTH_MAX = 500

/** JSON as JSON; a number in it that a double would damage becomes a string of its own digits. `response_invalid` when it is nested deeper than 500 levels. */
export function parseJson(text: string): Value {
  if (isDeeper(text, DEPTH_MAX))
    throw new PlatformError("response_invalid", `The answer holds JSON that is nested deeper than ${DEPTH_MAX} levels, which is not taken; ask for less of it.`)
  return parseExactly(text, (digits) => digits) as Value
}
