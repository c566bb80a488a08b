import { isMask } from "../core/config.ts"
import { isGiven, isSettings, type Row, type Settings } from "./mapping.ts"

/** How a value is checked, read and written; rows spread it. */
type Values = Pick<Row, "secret" | "check" | "read" | "write">

export const mustBeText = (value: unknown): string | undefined => (typeof value === "string" ? undefined : "must be text.")

/** A whole number, which a client may also send as a string of digits. */
export const digits: Values = { read: (value) => (typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value) }

/** Maps a vendor's words to ours: `{ disable: "off" }`. `silent` is a value of ours that is shown only to a client that sent a word for it. */
export const words = (ours: Readonly<Record<string, unknown>>, silent?: unknown): Values => ({
  check: (value) => (Object.hasOwn(ours, String(value)) ? undefined : `must be one of ${Object.keys(ours).join(", ")}.`),
  read: (value) => ours[String(value)],
  write: (value) => (value === silent ? undefined : Object.keys(ours).find((word) => ours[word] === value)),
})

/** Converts `{ "X-Name": "value" }` to rows of `{ name, value }`; a value may be a secret, which `mask` keeps. */
export const valuesByName = (mask: string): Values => ({
  secret: true,
  check: (given) =>
    isSettings(given) && Object.values(given).every((value) => typeof value === "string") ? undefined : "must be an object whose values are texts.",
  read: (given) => (isSettings(given) ? Object.entries(given).map(([name, value]) => ({ name, value: value === mask ? { set: true } : value })) : undefined),
  write: (rows) => (rowsIn(rows).length === 0 ? undefined : Object.fromEntries(rowsIn(rows).map(({ name, value }) => [String(name), shownValue(value, mask)]))),
})

/** The same for a list of `{ name, value }`. */
export const namedValues = (mask: string): Required<Pick<Row, "read" | "write">> => ({
  read: (given) => rowsIn(given).map(({ name, value }) => ({ name, value: value === mask ? { set: true } : value })),
  write: (rows) => rowsIn(rows).map(({ name, value }) => ({ name: String(name), value: shownValue(value, mask) })),
})

const rowsIn = (rows: unknown): readonly Settings[] => (Array.isArray(rows) ? rows.filter(isSettings) : [])

const shownValue = (value: unknown, mask: string): string => (isMask(value) ? mask : isGiven(value) ? String(value) : "")
