import { ExactNumber, type Value } from "../../core/values.ts"

/** `-1.25e3` without its exponent: `-1250`. A number whose exponent has more than two digits stays as it is. */
export function plainNumber(number: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/.exec(number) ?? []
  if (whole === "") return number
  const all = `${"0".repeat(99)}${whole}${fraction}${"0".repeat(99)}`
  const point = 99 + whole.length + Number(exponent)
  return `${sign}${all.slice(0, point).replace(/^0+(?=\d)/, "")}.${all.slice(point)}`.replace(/\.?0*$/, "")
}

/** The number without an exponent, if it has at most that many digits; undefined if it has more. */
export function withinDigits(number: string, most: number): string | undefined {
  const plain = plainNumber(number)
  return /^-?\d+(\.\d+)?$/.test(plain) && plain.replace(/\D/g, "").length <= most ? plain : undefined
}

/** The digits of a whole number or of one that a double does not hold, without an exponent; undefined for other values, and for numbers with more digits. */
export const digitsOf = (value: Value, most: number): string | undefined =>
  value instanceof ExactNumber || (typeof value === "number" && Number.isInteger(value)) ? withinDigits(String(value), most) : undefined
