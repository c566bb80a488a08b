import { PlatformError } from "../../../../core/errors.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { distinctNames } from "../../columns.ts"
import { withoutZeros } from "../../fraction.ts"
import { hexIn, jsonIn, realIn, type TextReader, truthIn } from "../text-values.ts"
import { isoTime } from "./times.ts"
import { typed } from "./values.ts"

/** A column of a result whose values are texts. */
export interface TextColumn {
  readonly name: string
  /** Without numbers: `decimal`, `timestamp with time zone`. */
  readonly type: string
  readonly precision: number
  readonly scale: number
}

/** The precision of a text without a limit. */
const UNLIMITED = 2_147_483_647

const time = (text: string): string => withoutZeros(text)
const READS: Readonly<Record<string, TextReader>> = {
  boolean: truthIn,
  tinyint: Number,
  smallint: Number,
  integer: Number,
  real: realIn,
  double: realIn,
  // `48 65 6c`
  varbinary: (text) => hexIn(text.replaceAll(" ", "")),
  json: jsonIn,
  time,
  timestamp: isoTime,
  "timestamp with time zone": isoTime,
}

const spelled = ({ type, precision, scale }: TextColumn): string =>
  type === "decimal" ? `${type}(${precision},${scale})` : /^(var)?char$/.test(type) && precision > 0 && precision < UNLIMITED ? `${type}(${precision})` : type

/** Texts of arrays, maps and rows cannot be taken apart: a comma inside a value looks like the one behind it. */
const typeOf = (column: TextColumn) => (/^(array|map|row)$/.test(column.type) ? { type: "unknown" as const, nativeType: column.type } : typed(spelled(column)))

/** The columns of a result, each name once. */
export function columnsOfTexts(given: readonly TextColumn[]): Column[] {
  const names = distinctNames(given.map(({ name }) => name))
  return given.map((each, index) => ({ name: names[index] ?? "", ...typeOf(each), nullable: true }))
}

/** Rows of texts as ours; throws `response_invalid` for a value that is not in the engine's form. */
export function valuesOfTexts(given: readonly TextColumn[], rows: readonly (readonly (string | null)[])[], product: string): Value[][] {
  const reads = given.map(({ name, type }) => {
    const read = READS[type]
    return (text: string | null): Value => {
      const value = text === null || read === undefined ? text : read(text)
      if (value !== undefined) return value
      throw new PlatformError("response_invalid", `${product} sends ${name} in a form of its own; cast the column to varchar.`)
    }
  })
  return rows.map((row) => reads.map((read, index) => read(row[index] ?? null)))
}
