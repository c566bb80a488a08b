import type { Value } from "../../core/connector.ts"

/** Long runs of digits and exponents: only then can a number inside JSON lose digits. */
const RISKY = /[\d.]{16}|\d[eE]/
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown
const parseWith = JSON.parse as (text: string, reviver: Reviver) => Value

/** JSON as JSON; a number in it that a double would damage becomes a string of its own digits. */
export const parseJson = (text: string): Value =>
  RISKY.test(text)
    ? parseWith(text, (_, value, { source }) =>
        typeof value === "number" && source !== undefined && digits(source) !== digits(String(value)) ? source : value,
      )
    : (JSON.parse(text) as Value)

/** A decimal number in one spelling: significant digits and exponent. */
function digits(source: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const all = (whole + fraction).replace(/^0+/, "")
  const kept = all.replace(/0+$/, "")
  return kept === "" ? "0" : `${sign}${kept}e${Number(exponent) - fraction.length + all.length - kept.length}`
}
