import type { Row } from "./values.ts"

/** A name that starts a line of an NDJSON stream's own, such as `{"$error": …}`. */
const OWN_LINE = /^\$+(error|cursor|rejected|hidden)$/

/** The name of a member in NDJSON: one that a line of the stream's own begins with has one more `$`. */
export const nameInLines = (name: string): string => (OWN_LINE.test(name) ? `$${name}` : name)

/** A record as one line of NDJSON, without the newline; `json` is the record as JSON, if it is known. */
export function lineOf(record: Row, json?: string): string {
  const text = json ?? JSON.stringify(record)
  if (!text.includes('"$') || !Object.keys(record).some((name) => OWN_LINE.test(name))) return text
  return JSON.stringify(Object.fromEntries(Object.entries(record).map(([name, value]) => [nameInLines(name), value])))
}
