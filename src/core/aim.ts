import type { Field, Fields } from "./fields.ts"

type Plain = Readonly<Record<string, unknown>>

/**
 * Whether the value of a field that decides the destination has changed. A field that was empty may take any value;
 * removing a value counts as a change.
 */
export const aimChanged = (fields: Fields, before: Plain, after: Plain): boolean =>
  Object.entries(fields).some(([name, field]) => {
    const was = before[name] === undefined ? undefined : aimOf(field, before[name])
    return was !== undefined && was !== aimOf(field, after[name])
  })

/**
 * The part of a value that decides where the connection goes, as text for comparison: a URL's origin, a name in lower
 * case, an object without regard to the order of its members (jsonb reorders them). Undefined for a field that has no
 * influence on the destination.
 */
function aimOf(field: Field, value: unknown): string | undefined {
  if (field.aims === "within") return undefined
  if (field.aims === true || field.format === "url") {
    if (typeof value !== "string") return JSON.stringify(value, sorted) ?? ""
    return field.format === "url" && URL.canParse(value) ? new URL(value).origin : value.toLowerCase()
  }
  const inner = [field.fields ?? {}, ...Object.values(field.variants ?? {}).map((each) => each.fields)].flatMap((fields) => Object.entries(fields))
  if (!inner.some(([, each]) => aimOf(each, "") !== undefined)) return undefined
  const rows = Array.isArray(value) ? value : [value]
  return JSON.stringify(rows.map((row: unknown) => (isRecord(row) ? [row["kind"], ...inner.map(([name, each]) => aimOf(each, row[name]))] : row)))
}

const sorted = (_name: string, part: unknown): unknown =>
  isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1))) : part

const isRecord = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
