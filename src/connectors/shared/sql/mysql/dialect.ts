import type { Column } from "../../../../core/values.ts"
import { Unfit } from "../../unfit.ts"
import { type Dialect, quotedBy } from "../dialect.ts"
import type { Lexis } from "../lexis.ts"
import { encode, type MysqlBound, param } from "./encode.ts"

/** Comments and quotes (MySQL docs, 11.7 and 11.1.1). A comment that begins with an exclamation mark is code. */
const LEXIS: Lexis = { lineComments: [/#/y, /--\s/y], runs: /\/\*M?!/y, quotes: "'\"`", escapes: "'\"" }

/** Marks a column that the server sorts otherwise than it compares; seen nowhere but here. */
export const SORTS_OTHERWISE = Symbol("sorts otherwise than it compares")

/** Types whose order in an index is not that of their values as text, or whose values come in another spelling. */
const UNORDERED = /^(enum|set|float|bit)\b/

const TIMES = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?)?$/

/** How values of a key are spelled. The server would take a text that is no number for 0, and warn nobody. */
const SPELLINGS: Readonly<Partial<Record<Column["type"], RegExp>>> = {
  integer: /^-?\d{1,20}$/,
  decimal: /^-?\d{1,65}(\.\d{1,38})?$/,
  date: TIMES,
  time: /^-?\d{2,3}:\d\d:\d\d(\.\d{1,6})?$/,
  timestamp: TIMES,
  float: /^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,3})?$/i,
}

const DATED: Readonly<Partial<Record<Column["type"], true>>> = { date: true, timestamp: true }

/** Whether a calendar has the day, or MySQL alone does: parts of it may be zero. The server would take any other for NULL. */
const isDay = (day: string): boolean => /^0000|-00/.test(day) || new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true

/** Whether a text is a value of the column. In a comparison, the server takes `abc` for 0, and an impossible date for NULL. */
export const isSpelled = (text: string, { type, nativeType }: Pick<Column, "type" | "nativeType">): boolean =>
  SPELLINGS[type]?.test(text) !== false && (!(type in DATED) || isDay(text.slice(0, 10))) && (type !== "integer" || isWithin64Bits(text, nativeType))

/** A cast takes a number beyond 64 bits for the last one, and -1 for the last unsigned one. */
function isWithin64Bits(text: string, nativeType: string): boolean {
  const number = BigInt(text)
  return (nativeType.includes("unsigned") ? BigInt.asUintN(64, number) : BigInt.asIntN(64, number)) === number
}

/** Why such a text is refused. */
export const notA = ({ type }: Pick<Column, "type">): string => `it is not ${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`

/** The SQL of MySQL, MariaDB, and systems that speak their protocol. */
export const mysqlDialect: Dialect<MysqlBound> = {
  product: "MySQL",
  login: "user",
  ident: quotedBy("`"),
  bound: () => "?",
  compared: (_, column) => comparedAs(column, "?"),
  param,
  encode,
  reading: {
    words: ["select", "with", "values", "table", "show", "explain", "describe", "desc"],
    lexis: LEXIS,
    // The server was not told that it may get several statements at once, so none can end the transaction and go on.
    by: "transaction",
    // Judged with its constants: how a constant ends depends on the server's sql_mode.
    fault: (_, statement) =>
      /\binto\b/i.test(statement) && /\b(outfile|dumpfile)\b/i.test(statement)
        ? "Queries are read-only here, and INTO OUTFILE writes a file; bind a text that has these words as a parameter."
        : undefined,
  },
  order: {
    tuples: false,
    resumes: (column) => column.type !== "json" && !UNORDERED.test(column.nativeType) && !(SORTS_OTHERWISE in column),
    // Texts are equal by their collation, and most collations ignore case.
    exact: ({ type }) => type !== "string",
    keyValue: (value, column) => {
      if (typeof value === "boolean" || !isSpelled(String(value), column)) throw new Unfit(notA(column))
      return encode(value, column)
    },
    // Only its rows tell that a text of MariaDB is JSON.
    told: (column, told) => (told?.type === "json" ? { ...column, type: "json" } : column),
  },
}

/** A value as the column's own type: the server else compares 64-bit integers with texts as doubles. */
export function comparedAs({ type, nativeType, precision = 6 }: Pick<Column, "type" | "nativeType" | "precision">, value: string): string {
  if (nativeType.startsWith("bit(")) return `CAST(CONV(HEX(${value}), 16, 10) AS UNSIGNED)`
  switch (type) {
    case "integer":
      return nativeType.includes("unsigned") ? `CAST(${value} AS UNSIGNED)` : `CAST(${value} AS SIGNED)`
    case "decimal":
      return `CAST(${value} AS DECIMAL(${/\((\d+,\d+)\)/.exec(nativeType)?.[1] ?? "65,30"}))`
    case "date":
      return `CAST(${value} AS DATE)`
    case "time":
      return `CAST(${value} AS TIME(${precision}))`
    case "timestamp":
      return `CAST(${value} AS DATETIME(${precision}))`
    default:
      return value
  }
}
