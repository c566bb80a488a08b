import { ExactNumber } from "./values.ts"

/** Long runs of digits and exponents: only these can lose digits as a double. */
const RISKY = /[\d.]{16}|\d[eE]/

/** Whether the text may hold a number that a double does not. */
export const mayLoseDigits = (text: string): boolean => RISKY.test(text)

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown
const parseWith = JSON.parse as (text: string, reviver: Reviver) => unknown

/** Parses JSON; `exact` gets the digits of each number that a double would damage, and returns what stands in its place. Throws `SyntaxError`. */
export function parseExactly(text: string, exact: (digits: string) => unknown = (digits) => new ExactNumber(digits)): unknown {
  if (!mayLoseDigits(text)) return JSON.parse(text)
  return parseWith(text, (_, value, { source }) =>
    typeof value === "number" && source !== undefined && !isShort(source) && spelled(source) !== spelled(String(value)) ? exact(source) : value,
  )
}

/** A number of at most 15 characters and an exponent of at most two digits: a double always holds it. */
const isShort = (source: string): boolean => source.length <= 15 && !/[eE][+-]?\d{3}/.test(source)

/** A decimal number in one spelling: significant digits and exponent. */
function spelled(source: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const all = (whole + fraction).replace(/^0+/, "")
  // No regular expression: it would search for the end from each zero, and there may be a million.
  let end = all.length
  while (all[end - 1] === "0") end--
  const kept = all.slice(0, end)
  return kept === "" ? "0" : `${sign}${kept}e${Number(exponent) - fraction.length + all.length - kept.length}`
}

/** Whether JSON is nested deeper than that, by its brackets outside of strings. Whether the text is valid JSON is for the parser to say. */
export function isDeeper(text: string, levels: number): boolean {
  if (text.length <= levels) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++
    if (code === BRACKET || code === BRACE) depth++
    // Closing brackets have the opening ones' codes and two more.
    else if (code === BRACKET + 2 || code === BRACE + 2) depth--
    if (depth > levels) return true
  }
  return false
}

const [QUOTE, BACKSLASH, BRACKET, BRACE] = [34, 92, 91, 123]
