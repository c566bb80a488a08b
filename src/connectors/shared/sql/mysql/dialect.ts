import type { Column } from "../../../../core/values.ts"
import { Unfit } from "../../unfit.ts"
import { type Dialect, quotedBy } from "../dialect.ts"
import type { Lexis } from "../lexis.ts"
import { encode, type MysqlBound, param } from "./encode.ts"

/** Comments and quotes (MySQL docs, 11.7 and 11.1.1). The server executes a comment that begins with an exclamation mark. */
const LEXIS: Lexis = { lineComments: [/#/y, /--\s/y], runs: /\/\*M?!/y, quotes: "'\"`", escapes: "'\"" }

/** Marks a column that the server sorts differently from how it compares it. As a symbol, it is never part of a catalog's JSON. */
export const SORTS_OTHERWISE = Symbol("sorts otherwise than it compares")

/** Types that the server does not sort by the value that it returns: by position (enum, set), by bits, or with more digits (float). */
const UNORDERED = /^(enum|set|float|bit)\b/

const TIMES = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?)?$/

/** The forms of key values. The server would read a text that is not a number as 0 without an error. */
const SPELLINGS: Readonly<Partial<Record<Column["type"], RegExp>>> = {
  integer: /^-?\d{1,20}$/,
  decimal: /^-?\d{1,65}(\.\d{1,38})?$/,
  date: TIMES,
  time: /^-?\d{2,3}:\d\d:\d\d(\.\d{1,6})?$/,
  timestamp: TIMES,
  float: /^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,3})?$/i,
}

const DATED: Readonly<Partial<Record<Column["type"], true>>> = { date: true, timestamp: true }

/** Whether the day exists in the calendar, or only in MySQL, where parts of it may be zero. The server would read any other day as NULL. */
const isDay = (day: string): boolean => /^0000|-00/.test(day) || new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true

/** Whether a text is a value of the column. In a comparison, the server reads `abc` as 0 and an impossible date as NULL. */
export const isSpelled = (text: string, { type, nativeType }: Pick<Column, "type" | "nativeType">): boolean =>
  SPELLINGS[type]?.test(text) !== false && (!(type in DATED) || isDay(text.slice(0, 10))) && (type !== "integer" || isWithin64Bits(text, nativeType))

/** Whether the number fits. A cast would turn a number beyond 64 bits into the largest one, and -1 into the largest unsigned one. */
function isWithin64Bits(text: string, nativeType: string): boolean {
  const number = BigInt(text)
  return (nativeType.includes("unsigned") ? BigInt.asUintN(64, number) : BigInt.asIntN(64, number)) === number
}

/** The reason for refusing a text that is not a value of the column. */
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
    // Multiple statements are not enabled on the connection, so no statement can end the transaction and be followed by another.
    by: "transaction",
    // Constants are searched too, because where a constant ends depends on the server's sql_mode.
    fault: (_, statement) =>
      /\binto\b/i.test(statement) && /\b(outfile|dumpfile)\b/i.test(statement)
        ? "Queries are read-only here, and INTO OUTFILE writes a file; if these words are part of a text, pass the text as a parameter."
        : undefined,
  },
  order: {
    tuples: false,
    resumes: (column) => column.type !== "json" && !UNORDERED.test(column.nativeType) && !(SORTS_OTHERWISE in column),
    // The collation decides whether texts are equal, and most collations ignore case.
    exact: ({ type }) => type !== "string",
    keyValue: (value, column) => {
      if (typeof value === "boolean" || !isSpelled(String(value), column)) throw new Unfit(notA(column))
      return encode(value, column)
    },
    // In MariaDB, only the result tells that a text column is JSON.
    told: (column, told) => (told?.type === "json" ? { ...column, type: "json" } : column),
  },
}

/** Casts a value to the column's type. Otherwise the server would compare 64-bit integers with texts as doubles. */
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
