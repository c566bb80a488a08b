/** An instant in ISO 8601 as UTC has it: `2024-03-31T01:30:00.5+02:00` is `2024-03-30T23:30:00.5Z`. A text of any other form stays as it is. */
export function inUtc(text: string): string {
  const [, clock, fraction = "", sign, hours, minutes] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d):?(\d\d)$/.exec(text) ?? []
  const shown = clock === undefined ? Number.NaN : Date.parse(`${clock}Z`)
  if (Number.isNaN(shown)) return text
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000)
  return `${new Date(shown - offsetMs).toISOString().slice(0, -".000Z".length)}${fraction}Z`
}
