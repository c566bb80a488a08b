import { withoutZeros } from "../../fraction.ts"

const TIME = /^(\S+) (\d\d:\d\d:\d\d(?:\.\d+)?)(?: (\S+))?$/

/**
 * A timestamp as Trino prints it, `2024-03-31 01:30:00.000 Europe/Berlin`, in ISO 8601 with its zone as an offset. Where clocks go back
 * and an hour comes twice, Trino's text does not say which one it is, and the first is taken.
 */
export function isoTime(value: unknown): string {
  const text = String(value)
  const [, date, time = "", zone] = TIME.exec(text) ?? []
  if (date === undefined) return text
  const local = `${date}T${withoutZeros(time)}`
  if (zone === undefined) return local
  if (zone === "UTC" || zone === "Z" || /^[+-]00:00$/.test(zone)) return `${local}Z`
  if (/^[+-]\d\d:\d\d$/.test(zone)) return `${local}${zone}`
  const shown = Date.parse(`${date}T${time.slice(0, 8)}Z`)
  return Number.isNaN(shown) ? text : zoned(shown, local, zone)
}

/** A time that the zone's clocks show. Throws `RangeError` for a zone that is none. */
function zoned(shown: number, local: string, zone: string): string {
  const around = [secondsAt(zone, shown - 86_400_000), secondsAt(zone, shown + 86_400_000)].sort((a, b) => b - a)
  const seconds = around.find((each) => secondsAt(zone, shown - each * 1_000) === each) ?? around[0] ?? 0
  // Before there were zones, each place had its own minutes and seconds, for which ISO 8601 has no form.
  if (seconds % 60 !== 0) return `${new Date(shown - seconds * 1_000).toISOString().slice(0, -".000Z".length)}${/\.\d+$/.exec(local)?.[0] ?? ""}Z`
  const two = (part: number): string => String(Math.floor(part)).padStart(2, "0")
  const minutes = Math.abs(seconds) / 60
  return `${local}${seconds === 0 ? "Z" : `${seconds < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Seconds that a zone is ahead of UTC at an instant. */
function secondsAt(zone: string, instant: number): number {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" })
  formats.set(zone, format)
  const name = format.formatToParts(instant).find(({ type }) => type === "timeZoneName")?.value ?? ""
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(name) ?? []
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * (sign === "-" ? -1 : 1)
}

const GIVEN = /^([+-]?\d{4,}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/

/** A time in ISO 8601 as Trino casts it: `2024-03-31 01:30:00 +02:00`, or in UTC where the column has no zone. Any other text is for Trino to refuse. */
export function trinoTime(text: string, zoned: boolean, inUtc: (text: string) => string): string {
  const [, date, time = "00:00:00", zone = "Z"] = GIVEN.exec(zoned ? text : inUtc(text)) ?? []
  if (date === undefined) return text
  return `${date} ${time}${zoned ? ` ${zone === "Z" ? "UTC" : zone}` : ""}`
}
