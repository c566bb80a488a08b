/** Seconds since the epoch, with up to nine decimals, as ISO 8601; undefined for another text. A clock in the zone shows `shiftMin` minutes more. */
export function epochSeconds(text: string, zone: string, shiftMin = 0): string | undefined {
  const [, sign = "", whole, digits = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  // -1.25 s is the second before, and 0.75 of it: in nanoseconds floor and remainder say so.
  const nanos = BigInt(`${sign}${whole}${digits.padEnd(9, "0")}`)
  const rest = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = (nanos - rest) / 1_000_000_000n + BigInt(shiftMin * 60)
  const fraction = String(rest).padStart(9, "0").replace(/0+$/, "")
  return `${iso(seconds)}${fraction === "" ? "" : `.${fraction}`}${zone}`
}

const iso = (seconds: bigint): string => new Date(Number(seconds) * 1_000).toISOString().slice(0, -".000Z".length)

/** The same with an offset in minutes: `2021-03-19T09:06:59-08:00`. */
export function atOffset(seconds: string, minutes: number): string | undefined {
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0")
  const zone = minutes === 0 ? "Z" : `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
  return epochSeconds(seconds, zone, minutes)
}

/** Days since the epoch as a date; undefined for another text. */
export const epochDay = (days: string): string | undefined => (/^-?\d+$/.test(days) ? iso(BigInt(days) * 86_400n).slice(0, -"T00:00:00".length) : undefined)
