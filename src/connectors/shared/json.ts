import { PlatformError } from "../../core/errors.ts"
import type { Value } from "../../core/values.ts"

/** Long runs of digits and exponents: only then can a number inside JSON lose digits. */
const RISKY = /[\d.]{16}|\d[eE]/
/** Whether a number in the text may be one that a double does not hold. */
export const mayLoseDigits = (text: string): boolean => RISKY.test(text)
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown
const parseWith = JSON.parse as (text: string, reviver: Reviver) => Value

/** Levels at most: what writes JSON, and what goes through it, runs out of stack at some thousands. */
const DEPTH_MAX = 500

/** JSON as JSON; a number in it that a double would damage becomes a string of its own digits. `response_invalid` when it is nested deeper than 500 levels. */
export function parseJson(text: string): Value {
  if (text.length > 2 * DEPTH_MAX && isDeep(text))
    throw new PlatformError("response_invalid", `The answer holds JSON that is nested deeper than ${DEPTH_MAX} levels, which is not taken; ask for less of it.`)
  return RISKY.test(text)
    ? parseWith(text, (_, value, { source }) =>
        typeof value === "number" && source !== undefined && digits(source) !== digits(String(value)) ? source : value,
      )
    : (JSON.parse(text) as Value)
}

/** By its brackets outside of strings; what is no JSON is the parser's to say. */
function isDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
    if (code === BRACKET || code === BRACE) depth++
    // Closing brackets have the opening ones' codes and two more.
    else if (code === BRACKET + 2 || code === BRACE + 2) depth--
    if (depth > DEPTH_MAX) return true
  }
  return false
}

const [QUOTE, BACKSLASH, BRACKET, BRACE] = [34, 92, 91, 123]

/** A decimal number in one spelling: significant digits and exponent. */
function digits(source: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const all = (whole + fraction).replace(/^0+/, "")
  // Not by a regular expression: from each zero it would look for the end, and there may be a million.
  let end = all.length
  while (all[end - 1] === "0") end--
  const kept = all.slice(0, end)
  return kept === "" ? "0" : `${sign}${kept}e${Number(exponent) - fraction.length + all.length - kept.length}`
}
