import type { Field, Fields } from "./fields.ts"

type Plain = Readonly<Record<string, unknown>>

/** An upload that a config names; `pointer` is its JSON pointer. */
export interface NamedUpload {
  readonly pointer: string
  readonly id: string
}

/** The uploads that a parsed config names, including those in variants and lists. */
export const namedUploads = (fields: Fields, plain: Plain, base = ""): NamedUpload[] =>
  Object.entries(fields).flatMap(([name, field]) => inField(field, plain[name], `${base}/${name}`))

function inField(field: Field, value: unknown, pointer: string): NamedUpload[] {
  if (field.format === "upload") return typeof value === "string" && value !== "" ? [{ pointer, id: value.toLowerCase() }] : []
  if (field.kind === "list" && Array.isArray(value))
    return value.flatMap((row: unknown, index) => (isPlain(row) ? namedUploads(field.fields ?? {}, row, `${pointer}/${index}`) : []))
  if (field.kind === "variant" && isPlain(value)) return namedUploads(field.variants?.[String(value["kind"])]?.fields ?? {}, value, pointer)
  return []
}

const isPlain = (value: unknown): value is Plain => value !== null && typeof value === "object" && !Array.isArray(value)
