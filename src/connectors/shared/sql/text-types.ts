import { PlatformError } from "../../../core/errors.ts"
import type { Column, Value } from "../../../core/values.ts"
import { distinctNames } from "../columns.ts"
import type { TextReader } from "./text-values.ts"
import { type Typed, type TypeRow, typeReader } from "./types.ts"

/** A column of a result as an API describes it beside rows of texts. */
export interface ColumnParts {
  readonly name: string
  readonly type: string
  readonly precision?: number | null
  readonly scale?: number | null
  /** Of text and bytes. */
  readonly length?: number | null
  readonly nullable?: boolean | null
  /** The type as the system spells it, if its parts do not say all: `ARRAY<STRUCT<a: INT>>`. */
  readonly spelled?: string
}

/** A type of a system, and how its texts are read; without a reader they stay text. */
export interface TextTypeRow extends TypeRow {
  readonly read?: TextReader
}

export interface TextTypes {
  readonly product: string
  readonly rows: readonly TextTypeRow[]
  /** Names of types that results have in place of those of the table, both in lower case. */
  readonly aliases: Readonly<Record<string, string>>
  /** What the caller can do about texts of a type that do not fit: `cast the column to text`. */
  next(type: string): string
}

/** Integers of up to so many digits are JSON numbers. */
const EXACT_DIGITS = 15

/** `VARCHAR(16) COLLATE 'en-ci'`: equal texts of such a column may differ. */
const COLLATED = / COLLATE .*$/is
/** Whether a warehouse widens a column that only gives texts more characters and numbers more digits; a new type would drop a collation. */
export const widensWithin = (from: Column, to: Column): boolean =>
  !isCollated(from) && from.type === to.type && (from.type === "string" || from.type === "integer" || (from.type === "decimal" && from.scale === to.scale))

export const isCollated = ({ nativeType }: Pick<Column, "nativeType">): boolean => COLLATED.test(nativeType)

/** The types of a warehouse whose API sends every value as text, from one table. */
export function textTypes({ product, rows, aliases, next }: TextTypes) {
  const reader = typeReader(rows)
  const typed = (native: string): Typed => ({ ...reader(native.replace(COLLATED, "")), nativeType: native })
  const byName = new Map(rows.map((row) => [row.name, row]))
  const nameOf = (type: string): string => aliases[type.toLowerCase()] ?? type.toLowerCase()

  /** A type from its parts, as the system spells it: `scale` is the decimals of numbers and of seconds. */
  function nativeType(type: string, precision?: number | null, scale?: number | null, length?: number | null): string {
    const name = nameOf(type)
    const { size, integers = 38 } = byName.get(name) ?? {}
    const number =
      size === "digits" ? `${precision ?? integers},${scale ?? 0}` : size === "length" ? length || undefined : size === "seconds" ? scale : undefined
    return `${name.toUpperCase()}${number === undefined || number === null ? "" : `(${number})`}`
  }

  const columnOf = ({ name, type, precision, scale, length, nullable, spelled }: ColumnParts): Column => ({
    name,
    ...typed(spelled ?? nativeType(type, precision, scale, length)),
    nullable: nullable !== false,
  })

  function readerOf({ name, type, precision, scale }: ColumnParts): (text: string | null) => Value {
    const row = byName.get(nameOf(type))
    const small = row?.integers !== undefined && (precision ?? row.integers) <= EXACT_DIGITS && (scale ?? 0) === 0
    const read = small ? Number : row?.read
    return (text) => {
      if (text === null || read === undefined) return text
      const value = read(text)
      if (value !== undefined) return value
      throw new PlatformError("response_invalid", `${product} sends ${name} in a form of its own; ${next(type.toLowerCase())}.`)
    }
  }

  return {
    typed,
    nativeType,
    columnOf,
    /** A result's columns, each name once. */
    columnsOf(parts: readonly ColumnParts[]): Column[] {
      const names = distinctNames(parts.map(({ name }) => name))
      return parts.map((each, index) => ({ ...columnOf(each), name: names[index] ?? "" }))
    },
    /** Rows as ours; throws `response_invalid` for a value that is not in the documented form. */
    valuesOf(texts: readonly (readonly (string | null)[])[], parts: readonly ColumnParts[]): Value[][] {
      const readers = parts.map(readerOf)
      return texts.map((cells) => {
        if (cells.length === parts.length) return readers.map((read, index) => read(cells[index] ?? null))
        throw new PlatformError("response_invalid", `${product}'s answer has a row of ${cells.length} values for ${parts.length} columns; call again.`)
      })
    },
  }
}
