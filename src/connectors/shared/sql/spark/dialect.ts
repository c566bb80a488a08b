import type { Column } from "../../../../core/values.ts"
import { digitsOf } from "../../plain-number.ts"
import { asText } from "../../unfit.ts"
import type { Ddl } from "../ddl.ts"
import { type Dialect, quotedText } from "../dialect.ts"
import type { ErrorTable } from "../errors.ts"
import { jsonWriter } from "../merge.ts"
import type { Reading } from "../reading.ts"
import { fromTextBy, textDialect } from "../text-dialect.ts"
import { digited, lengthed } from "../types.ts"
import type { SqlConnection } from "../wire.ts"
import type { Writer } from "../writer.ts"
import type { Binding } from "./types.ts"

/** Spark's SQL has no read-only transactions: a statement's text is judged (docs, SQL language reference). */
export const sparkReading: Reading = {
  words: ["select", "with", "values", "from", "table", "show", "describe", "desc", "explain"],
  // A quotation mark in double quotes is a text, and so is one behind r, where a backslash is only itself.
  lexis: { lineComments: [/--/y], nests: true, quotes: "'\"`", escapes: "'\"", raw: true },
  by: {},
  fault(bare) {
    // `WITH a AS (…) INSERT INTO …` and `FROM a INSERT INTO …` write, and begin like statements that read.
    const [, word] = /^[\s(]*(?:with|from)\b[\s\S]*\b(insert|update|delete|merge)\b/i.exec(bare) ?? []
    if (word !== undefined)
      return `The statement holds ${word.toUpperCase()}, which may change data; send one that only reads, and put a name of that kind in backticks.`
    return /\bhttp_request\s*\(/i.test(bare)
      ? "http_request() sends requests to other systems and is not called here; send a statement that only reads."
      : undefined
  },
}

/** Values come as texts. A cast of a text that is no such value is an error, and JSON that does not fit its type too. */
export const sparkFromText = fromTextBy({
  bytes: (sql) => `UNBASE64(${sql})`,
  json: (sql, native) => (/^variant/i.test(native) ? `PARSE_JSON(${sql})` : fromJson(sql, native)),
  array: fromJson,
})

function fromJson(sql: string, native: string): string {
  return `FROM_JSON(${sql}, ${quotedText(native)}, MAP('mode', 'FAILFAST'))`
}

/** Parameters are named by their places, `:p1`, since the API takes named ones alone. */
export const sparkDialect = (product: string, login: string, errors: ErrorTable): Dialect<Binding> =>
  textDialect<Binding>({
    product,
    login,
    quote: "`",
    bound: (n) => `:p${n}`,
    errors,
    reading: sparkReading,
    fromText: sparkFromText,
    param(value) {
      const digits = digitsOf(value, 38)
      if (digits !== undefined) return { type: numberType(digits), value: digits }
      if (typeof value === "number") return { type: "DOUBLE", value: String(value) }
      return typeof value === "boolean" ? { type: "BOOLEAN", value: String(value) } : value === null ? null : asText(value)
    },
  })

function numberType(digits: string): string {
  const [whole = "", decimals = ""] = digits.replace("-", "").split(".")
  return decimals === "" && whole.length < 19 ? "BIGINT" : `DECIMAL(${Math.max(1, whole.length + decimals.length)},${decimals.length})`
}

/** The rows are one parameter, which EXPLODE takes apart. A statement takes 16 MiB, and 256 parameters. */
export const sparkWriter = <C extends SqlConnection<Binding>>(): Writer<Binding, C> =>
  jsonWriter<Binding, C>({
    rows: "EXPLODE(FROM_JSON(:p1, 'ARRAY<ARRAY<STRING>>', MAP('mode', 'FAILFAST'))) AS F(V)",
    cell: (n) => `F.V[${n}]`,
    fromText: sparkFromText,
    mostBytes: 4 * 1_048_576,
    mergesDeletes: true,
  })

/** Which changes of a type a Delta table takes without being rewritten (docs, Type widening). */
const widens = ({ type, ...from }: Column, to: Column): boolean =>
  type === to.type
    ? ["integer", "float", "decimal"].includes(type) || (type === "string" && from.maxLength !== undefined)
    : type === "integer" && to.type === "decimal"

/** How Databricks makes and changes Delta tables. Columns are mapped by name, so that names may hold spaces and marks. */
export const deltaDdl: Ddl = {
  types: {
    string: lengthed("VARCHAR", 65_535, "STRING"),
    integer: [
      [16, "SMALLINT"],
      [32, "INT"],
      [64, "BIGINT"],
      [128, "DECIMAL(38,0)"],
    ],
    decimal: digited("DECIMAL", 38, "STRING"),
    float: [
      [32, "FLOAT"],
      [64, "DOUBLE"],
    ],
    boolean: "BOOLEAN",
    date: "DATE",
    time: "STRING",
    timestamp: ({ zoned = true }) => (zoned ? "TIMESTAMP" : "TIMESTAMP_NTZ"),
    json: "VARIANT",
    bytes: "BINARY",
    array: "VARIANT",
    unknown: "STRING",
  },
  tail: "TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.enableTypeWidening' = 'true')",
  widens,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type}`,
  loosen: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`,
}
