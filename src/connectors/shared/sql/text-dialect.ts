import type { Column } from "../../../core/values.ts"
import { type Dialect, quotedBy } from "./dialect.ts"
import { type ErrorTable, rowReason } from "./errors.ts"
import { isCollated } from "./text-types.ts"
import { textFor } from "./text-values.ts"

/** SQL that makes a column's type of SQL for a text. */
export type FromText = (column: Pick<Column, "type" | "nativeType">, sql: string) => string

/** How a type differs from a CAST: by our type, given the SQL and the system's type. */
export type Casts = Readonly<Partial<Record<Column["type"], (sql: string, nativeType: string) => string>>>

/** A text stays one, and the rest is cast. A cast to VARCHAR(n) would cut a longer text silently; the column itself refuses it. */
export const fromTextBy =
  (casts: Casts): FromText =>
  ({ type, nativeType }, sql) =>
    casts[type]?.(sql, nativeType) ?? (type === "string" || type === "unknown" ? sql : `CAST(${sql} AS ${nativeType})`)

/** Casts of dates and times by the functions of those names, TO_DATE and the like, which take a format, so that the account's own formats do not matter. */
export function timedBy(format: string): Casts {
  const timed = (sql: string, nativeType: string): string => `CAST(TO_${nativeType.replace(/\(.*/, "")}(${sql}, ${format}) AS ${nativeType})`
  return { date: timed, time: timed, timestamp: timed }
}

export interface TextDialect<B> extends Pick<Dialect<B>, "product" | "login" | "param" | "reading"> {
  readonly quote: string
  /** SQL for the n-th parameter, from 1; a question mark unless given. */
  readonly bound?: (n: number) => string
  readonly errors: ErrorTable
  readonly fromText: FromText
}

/** The dialect of a warehouse that takes values as texts in the places of its parameters. */
export const textDialect = <B>({
  product,
  login,
  param,
  reading,
  quote,
  bound = () => "?",
  errors,
  fromText,
}: TextDialect<B | string | null>): Dialect<B | string | null> => ({
  product,
  login,
  ident: quotedBy(quote),
  bound,
  compared: (n, column) => fromText(column, bound(n)),
  stored: (n, column) => fromText(column, bound(n)),
  param,
  encode: textFor,
  reading,
  order: {
    tuples: false,
    // A float may come with fewer digits than it has.
    resumes: ({ type }) => !["json", "array", "float", "unknown"].includes(type),
    exact: (column) => !isCollated(column),
    isBadKey: (error) => rowReason(errors, error) !== undefined,
  },
})
