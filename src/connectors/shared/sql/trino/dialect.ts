import type { Column } from "../../../../core/values.ts"
import { Unfit } from "../../unfit.ts"
import type { Ddl } from "../ddl.ts"
import type { Dialect } from "../dialect.ts"
import type { ErrorTable } from "../errors.ts"
import { jsonWriter } from "../merge.ts"
import type { Reading } from "../reading.ts"
import { keySlicer, type Slicer } from "../slices.ts"
import { fromTextBy, textDialect } from "../text-dialect.ts"
import { digited, lengthed } from "../types.ts"
import type { SqlConnection } from "../wire.ts"
import type { Writer } from "../writer.ts"
import { type Bound, parameter, textFor } from "./literals.ts"

/** Functions that hand a text to the system behind a catalog, which may do anything with it (docs, Table functions of the connectors). */
const PASSES_THROUGH = /\btable\s*\(\s*(?:(?:"(?:[^"]|"")*"|\w+)\s*\.\s*)*"?(query|raw_query|procedure)"?\s*\(/i

/** The engine has no read-only transaction that every catalog takes part in, so the text decides. */
export const reading: Reading = {
  words: ["select", "with", "values", "table", "show", "describe", "desc", "explain"],
  lexis: { lineComments: [/--/y], quotes: `'"` },
  by: {},
  names: '"',
  fault: (bare) =>
    /^[\s(]*explain\s+analyze\b/i.test(bare)
      ? "EXPLAIN ANALYZE runs its statement, which may write; send EXPLAIN, or the statement itself."
      : PASSES_THROUGH.test(bare)
        ? "The table functions query, raw_query and procedure may change the system behind a catalog; send a statement of Trino's own."
        : undefined,
}

const fromText = fromTextBy({
  string: (sql, native) => (/^(varchar|char)/.test(native) ? sql : `CAST(${sql} AS ${native})`),
  bytes: (sql) => `from_base64(${sql})`,
  json: (sql, native) => (native === "json" ? `json_parse(${sql})` : `CAST(json_parse(${sql}) AS ${native})`),
  array: (sql, native) => `CAST(json_parse(${sql}) AS ${native})`,
})

/** A number of a cursor or a slice. Trino might not look at it, and would then take any text. */
function keyValue(value: string | number | boolean, column: Column): Bound {
  if (/^(integer|decimal)$/.test(column.type) && !/^-?\d+(\.\d+)?$/.test(String(value))) throw new Unfit("a number is needed")
  return textFor(value, column)
}

/** The SQL of the engine, for a product that is made of it. */
export function trinoDialect(product: string, errors: ErrorTable): Dialect<Bound> {
  const texts = textDialect<Bound>({ product, login: "user", quote: '"', errors, reading, fromText, param: parameter })
  const order = {
    ...texts.order,
    exact: () => true,
    callersKey: "NULLS FIRST",
    keyValue,
    nth: (ordered: string, skip: number) => `${ordered} OFFSET ${skip} LIMIT 1`,
  }
  return { ...texts, folded: (name) => name.toLowerCase(), encode: textFor, order }
}

export const trinoSlicer = <C extends SqlConnection<Bound>>(dialect: Dialect<Bound>): Slicer<Bound, C> =>
  keySlicer(dialect, (table, percent) => `${table} TABLESAMPLE BERNOULLI (${percent})`)

/** The rows are one constant of that many bytes at most, in which quotation marks are doubled. */
export const trinoWriterOf = <C extends SqlConnection<Bound>>(mostBytes: number): Writer<Bound, C> =>
  jsonWriter({ rows: "UNNEST(CAST(json_parse(?) AS array(array(varchar)))) F(V)", cell: (n) => `F.V[${n + 1}]`, fromText, mostBytes })

/** A statement has at most a million characters unless the server says otherwise. */
export const trinoWriter = trinoWriterOf<SqlConnection<Bound>>(450_000)

const elements = { string: "varchar", integer: "bigint", float: "double", boolean: "boolean" } as const
const elementOf = (type: string | undefined): string | undefined => elements[type as keyof typeof elements]

/** New columns have the types that most catalogs know, Iceberg above all. */
export const trinoDdl: Ddl = {
  keyless: true,
  types: {
    string: lengthed("varchar", 65_535, "varchar"),
    integer: [
      [32, "integer"],
      [64, "bigint"],
      [128, "decimal(38,0)"],
    ],
    decimal: digited("decimal", 38, "varchar"),
    float: [
      [32, "real"],
      [64, "double"],
    ],
    boolean: "boolean",
    date: "date",
    time: "time(6)",
    timestamp: ({ zoned = true }) => (zoned ? "timestamp(6) with time zone" : "timestamp(6)"),
    json: "varchar",
    bytes: "varbinary",
    array: (column) => (elementOf(column.elements) === undefined ? "varchar" : `array(${elementOf(column.elements)})`),
    unknown: "varchar",
  },
  made: ({ precision, ...column }) => {
    if (column.type === "time" || column.type === "timestamp") return { ...column, precision: 6 }
    const isText = column.type === "json" || (column.type === "array" && elementOf(column.elements) === undefined)
    return isText ? { ...column, type: "string" } : { ...column, ...(precision === undefined ? {} : { precision }) }
  },
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${type}`,
  loosen: (table, column) => `ALTER TABLE ${table} ALTER COLUMN ${column} DROP NOT NULL`,
  alone: true,
}
