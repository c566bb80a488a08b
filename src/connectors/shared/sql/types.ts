import type { Column, ColumnType } from "../../../core/values.ts"

/** A type of a system. */
export interface TypeRow {
  /** As the system spells it, without arguments, in lower case: `timestamp without time zone`. */
  readonly name: string
  readonly type: ColumnType
  /** The meaning of the numbers in parentheses: length, precision and scale, or fractional digits of seconds. */
  readonly size?: "length" | "digits" | "seconds"
  /** Of an integer or a float. */
  readonly bits?: number
  /** An instant, or a wall clock. */
  readonly zoned?: boolean
  /** The length that the system assigns to a column declared without one; it counts as no limit. */
  readonly unlimited?: number
  /** A decimal without digits behind its point is an integer; one without any numbers has so many digits. */
  readonly integers?: number
  /** Whether other types may be arguments of the type: `OBJECT(a NUMBER(38,0))`, `array<int>`. */
  readonly nested?: boolean
}

export type Typed = Omit<Column, "name" | "nullable">

/** Reads types as a system spells them: `numeric(38,10)` is a decimal of 38 digits, 10 of them behind the point. A type that the table lacks is `unknown`. */
export function typeReader(rows: readonly TypeRow[]): (native: string) => Typed {
  const byName = new Map(rows.map((row) => [row.name, row]))
  return (native) => {
    const { name, numbers } = split(native)
    const outer = byName.get(/^\w*/.exec(name)?.[0] ?? "")
    const row = byName.get(name) ?? (outer?.nested === true ? outer : undefined)
    if (row === undefined) return { type: "unknown", nativeType: native }
    const [first, second] = numbers
    if (row.integers !== undefined && (second ?? 0) === 0)
      return { type: "integer", nativeType: native, precision: Math.ceil((first ?? row.integers) * Math.log2(10)) + 1 }
    return {
      type: row.type,
      nativeType: native,
      ...(row.bits === undefined ? {} : { precision: row.bits }),
      ...(row.zoned === undefined ? {} : { zoned: row.zoned }),
      ...(first === undefined ? {} : sized(row, first, second ?? 0)),
    }
  }
}

function sized({ size, unlimited = Number.POSITIVE_INFINITY }: TypeRow, first: number, second: number): Partial<Typed> {
  if (size === "length") return first < unlimited ? { maxLength: first } : {}
  if (size === "digits") return { precision: first, scale: second }
  return size === "seconds" ? { precision: first } : {}
}

/** `timestamp(3) without time zone` → `timestamp without time zone` and 3. Without regular expressions, because a remote server's text may be long. */
function split(native: string): { name: string; numbers: readonly number[] } {
  const open = native.indexOf("(")
  const close = native.indexOf(")", open)
  if (open < 0 || close < 0) return { name: native.toLowerCase(), numbers: [] }
  const numbers = native
    .slice(open + 1, close)
    .split(",")
    .map((part) => part.trim())
  const name = `${native.slice(0, open).trimEnd()}${native.slice(close + 1)}`.toLowerCase()
  return numbers.length <= 2 && numbers.every((part) => /^-?\d{1,9}$/.test(part))
    ? { name, numbers: numbers.map(Number) }
    : { name: native.toLowerCase(), numbers: [] }
}

/** How a system spells the types of new columns: a fixed spelling, or a function of the column. */
export type Spellings = Readonly<Record<Exclude<ColumnType, "integer" | "float">, Spelling>> & {
  /** Bits and the type that holds them, narrowest first. The last one is used for anything wider; an unknown width counts as 64 bits. */
  readonly integer: readonly (readonly [bits: number, spelled: string])[]
  readonly float: readonly (readonly [bits: number, spelled: string])[]
}

export type Spelling = string | ((column: Column) => string)

/** The type of a column as its system spells it. */
export function spell(spellings: Spellings, column: Column): string {
  const spelling = spellings[column.type]
  if (typeof spelling === "string") return spelling
  if (typeof spelling === "function") return spelling(column)
  const { precision = 64 } = column
  return (spelling.find(([bits]) => bits >= precision) ?? spelling.at(-1))?.[1] ?? ""
}

/** A spelling with the column's length in parentheses up to `most`, and another one beyond it or where no length is known. */
export const lengthed =
  (name: string, most: number, beyond: string): Spelling =>
  ({ maxLength }) =>
    maxLength === undefined || maxLength > most || maxLength < 1 ? beyond : `${name}(${maxLength})`

/** A spelling with digits and decimals, and another one where they are unknown or more than `most`. */
export const digited =
  (name: string, most: number, beyond: string): Spelling =>
  ({ precision, scale = 0 }) =>
    precision === undefined || precision > most || scale > precision || scale < 0 ? beyond : `${name}(${precision},${scale})`

/** Integers as a decimal type of so many digits that it holds 16, 32 or 64 bits; 38 digits for wider ones. */
export const integersOf = (name: string): Spellings["integer"] =>
  [
    [16, 5],
    [32, 10],
    [64, 19],
    [128, 38],
  ].map(([bits = 0, digits = 0]) => [bits, `${name}(${digits},0)`] as const)

/** A spelling with the decimals of seconds up to `most`. Where nothing is known of a zone, a timestamp has one and a time has none. */
export const timed =
  (name: string, most: number, zone: { readonly zoned: string; readonly wall: string } = { zoned: "", wall: "" }): Spelling =>
  ({ type, precision, zoned = type === "timestamp" }) =>
    `${name}${precision === undefined || precision > most ? "" : `(${precision})`}${zoned ? zone.zoned : zone.wall}`
