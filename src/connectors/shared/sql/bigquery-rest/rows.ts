import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { withoutZeros } from "../../fraction.ts"
import { epochSeconds } from "../epoch.ts"
import { columnOf, rangeIn } from "../googlesql/types.ts"
import { strange } from "../http-errors.ts"
import { jsonIn, realIn, truthIn } from "../text-values.ts"
import { errors } from "./errors.ts"

/** A field of a table's or a result's schema (docs, REST, TableFieldSchema). Numbers are texts. */
export interface Field {
  readonly name: string
  readonly type: string
  readonly mode?: string
  readonly fields?: readonly Field[]
  readonly precision?: string
  readonly scale?: string
  readonly maxLength?: string
  readonly rangeElementType?: { readonly type: string }
}

const NAMES: Readonly<Record<string, string>> = { INTEGER: "INT64", FLOAT: "FLOAT64", BOOLEAN: "BOOL", RECORD: "STRUCT" }

/** The type as GoogleSQL spells it, which is how INFORMATION_SCHEMA has it: `ARRAY<STRUCT<a INT64>>`. */
export function nativeOf({ type, mode, fields = [], precision, scale, maxLength, rangeElementType }: Field): string {
  const name = NAMES[type] ?? type
  const numbers = maxLength ?? (precision === undefined ? undefined : scale === undefined ? precision : `${precision}, ${scale}`)
  const inner = name === "STRUCT" ? fields.map((each) => `${each.name} ${nativeOf(each)}`).join(", ") : rangeElementType?.type
  const native = `${name}${inner === undefined ? "" : `<${inner}>`}${numbers === undefined ? "" : `(${numbers})`}`
  return mode === "REPEATED" ? `ARRAY<${native}>` : native
}

export const columnsOf = (fields: readonly Field[]): Column[] => {
  const names = distinctNames(fields.map(({ name }) => name))
  return fields.map((field, at) => columnOf(names[at] ?? "", nativeOf(field), field.mode !== "REQUIRED"))
}

type Read = (value: unknown) => Value

/** How the texts of scalars are read (docs, REST, `useInt64Timestamp`); types that are not here stay text. */
const SCALARS: Readonly<Record<string, (text: string) => Value | undefined>> = {
  FLOAT64: realIn,
  BOOL: truthIn,
  TIME: withoutZeros,
  DATETIME: (text) => withoutZeros(text.replace(" ", "T")),
  TIMESTAMP: microseconds,
  JSON: jsonIn,
}

/** Microseconds since 1970: `-1500000` is `1969-12-31T23:59:58.5Z`. */
function microseconds(text: string): string | undefined {
  const [, sign = "", digits] = /^(-?)(\d{1,18})$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const padded = digits.padStart(7, "0")
  return epochSeconds(`${sign}${padded.slice(0, -6)}.${padded.slice(-6)}`, "Z")
}

function readerOf(field: Field): Read {
  const wrong = () => strange(errors, `has a value of ${field.name} (${nativeOf(field)}) in a form of its own`)
  if (field.mode === "REPEATED") {
    const one = readerOf({ ...field, mode: "NULLABLE" })
    return (value) => {
      if (value === null) return []
      if (!Array.isArray(value)) throw wrong()
      return (value as { v?: unknown }[]).map((cell) => one(cell?.v))
    }
  }
  const name = NAMES[field.type] ?? field.type
  if (name === "STRUCT") {
    const rows = rowReader(field.fields ?? [])
    const names = distinctNames((field.fields ?? []).map((each) => each.name))
    return (value) => (value === null ? null : Object.fromEntries(rows(value).map((each, at) => [names[at] ?? "", each])))
  }
  const scalar = (type: string) => SCALARS[type] ?? ((text: string) => text)
  const read = name === "RANGE" ? (text: string) => rangeIn(text, scalar(field.rangeElementType?.type ?? "")) : scalar(name)
  return (value) => {
    if (value === null || value === undefined) return null
    const found = typeof value === "string" ? read(value) : undefined
    if (found === undefined) throw wrong()
    return found
  }
}

/** Reads rows of those fields, `{ f: [{ v: "1" }] }`; throws `response_invalid` for a value that is not in the documented form. */
export function rowReader(fields: readonly Field[]): (row: unknown) => Value[] {
  const readers = fields.map(readerOf)
  return (row) => {
    const cells = (row as { f?: unknown } | null)?.f
    if (!Array.isArray(cells) || cells.length !== readers.length) throw strange(errors, `has a row without its ${readers.length} values`)
    return readers.map((read, at) => read((cells[at] as { v?: unknown } | undefined)?.v ?? null))
  }
}
