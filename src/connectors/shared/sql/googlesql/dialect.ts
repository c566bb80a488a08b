import type { Column } from "../../../../core/values.ts"
import type { Ddl } from "../ddl.ts"
import type { Dialect } from "../dialect.ts"
import { type ErrorTable, rowReason } from "../errors.ts"
import type { Reading } from "../reading.ts"
import { encode, parameter, type Typified } from "./encode.ts"
import { isNested } from "./types.ts"

/** Which statements read, by their text (docs, Query syntax; Lexical structure): a backslash escapes in raw constants too, as far as their end goes. */
export const googleReading: Reading = {
  words: ["select", "with", "from"],
  lexis: { lineComments: [/--/y, /#/y], quotes: "'\"`", escapes: "'\"`", triple: "'\"" },
  by: {},
}

const backticks = (name: string): string => `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``

/** GoogleSQL with positional parameters, each of which has a type. */
export const googleDialect = (product: string, login: string, errors: ErrorTable): Dialect<Typified> => ({
  product,
  login,
  ident: backticks,
  bound: () => "?",
  param: (value, type) => parameter(value, type?.nativeType),
  encode,
  reading: googleReading,
  order: {
    tuples: false,
    // NaN is neither before nor behind a number.
    resumes: (column) => !isNested(column) && !["float", "unknown"].includes(column.type) && !/^(GEOGRAPHY|INTERVAL)/.test(column.nativeType),
    isBadKey: (error) => rowReason(errors, error) !== undefined,
    callersKey: "NULLS FIRST",
  },
})

const digits = ({ precision, scale = 0 }: Column): string => {
  if (precision === undefined) return "BIGNUMERIC"
  const whole = precision - scale
  if (scale < 0 || whole < 0 || scale > 38 || whole > 38) return "STRING"
  if (scale <= 9 && whole <= 29) return precision === 38 && scale === 9 ? "NUMERIC" : `NUMERIC(${precision},${scale})`
  return precision === 76 && scale === 38 ? "BIGNUMERIC" : `BIGNUMERIC(${precision},${scale})`
}

const length = (name: string) => (column: Column) => (column.maxLength === undefined || column.maxLength < 1 ? name : `${name}(${column.maxLength})`)

const ELEMENTS: Readonly<Record<string, string>> = {
  string: "STRING",
  integer: "INT64",
  float: "FLOAT64",
  boolean: "BOOL",
  date: "DATE",
  decimal: "BIGNUMERIC",
  timestamp: "TIMESTAMP",
}

/** How BigQuery makes and changes tables (docs, Data definition language). Keys are declared and not enforced. */
export const googleDdl: Ddl = {
  types: {
    string: length("STRING"),
    integer: [
      [64, "INT64"],
      [96, "NUMERIC(29,0)"],
      [128, "BIGNUMERIC(38,0)"],
    ],
    decimal: digits,
    float: [[64, "FLOAT64"]],
    boolean: "BOOL",
    date: "DATE",
    time: "TIME",
    timestamp: ({ zoned = true }) => (zoned ? "TIMESTAMP" : "DATETIME"),
    json: "JSON",
    bytes: length("BYTES"),
    array: ({ elements = "unknown" }) => (ELEMENTS[elements] === undefined ? "JSON" : `ARRAY<${ELEMENTS[elements]}>`),
    unknown: "STRING",
  },
  key: (names) => `PRIMARY KEY (${names}) NOT ENFORCED`,
  // A list has no rows without a value: it is empty.
  empty: ({ nullable, type, elements = "unknown" }) => (nullable || (type === "array" && ELEMENTS[elements] !== undefined) ? "" : " NOT NULL"),
  widens: (from, to) => from.type === to.type || (from.type === "integer" && to.type === "decimal"),
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${type}`,
  loosen: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`,
  made: (column) => {
    if (column.type === "integer" && (column.precision ?? 64) > 96) return { ...column, type: "decimal", precision: 38, scale: 0 }
    if (column.type === "array" && ELEMENTS[column.elements ?? ""] === undefined) return { ...column, type: "json" }
    return column.type === "time" || column.type === "timestamp" ? { ...column, precision: 6 } : column.type === "float" ? { ...column, precision: 64 } : column
  },
}
