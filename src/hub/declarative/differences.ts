/** One leaf that differs, by its RFC 6901 pointer. A side is absent when the leaf did not exist before, or will not exist after. */
export interface Difference {
  readonly pointer: string
  readonly before?: unknown
  readonly after?: unknown
}

/** The leaves in which two JSON values differ, in the order of their members. An empty object or list is a leaf. */
export function differencesOf(before: unknown, after: unknown, pointer = ""): Difference[] {
  if (!isBranch(before) || !isBranch(after) || Array.isArray(before) !== Array.isArray(after)) return leafDifference(before, after, pointer)
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])]
  return names.flatMap((name) => differencesOf(member(before, name), member(after, name), `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`))
}

function leafDifference(before: unknown, after: unknown, pointer: string): Difference[] {
  // A part that is added or removed as a whole is reported leaf by leaf, so that a secret in it is a leaf of its own.
  if (before === undefined && isBranch(after) && !isEmpty(after)) return differencesOf(Array.isArray(after) ? [] : {}, after, pointer)
  if (after === undefined && isBranch(before) && !isEmpty(before)) return differencesOf(before, Array.isArray(before) ? [] : {}, pointer)
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  return [{ pointer, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
}

/** A secret's mask is a leaf, though it is an object. */
const isBranch = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === "object" && (value as { set?: unknown }).set !== true

const isEmpty = (value: object): boolean => Object.keys(value).length === 0

const member = (value: Readonly<Record<string, unknown>>, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined)
