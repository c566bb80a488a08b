import type { Submission } from "../shared/sql/statements.ts"

/** A bind variable (docs, SQL API, Using bind variables): TEXT, or a text with another type. */
export type Binding = string | null | { readonly type: "FIXED" | "REAL" | "BOOLEAN"; readonly value: string }

/** The longest that Snowflake lets a statement run. */
const MOST_S = 604_800

export const secondsOf = ({ timeoutMs }: Submission<Binding>): number => Math.min(MOST_S, Math.max(1, Math.ceil(timeoutMs / 1_000)))

/** The bind variables as both protocols take them; absent if there are none. */
export const bindingsOf = ({ params }: Submission<Binding>): object =>
  params.length === 0 ? {} : { bindings: Object.fromEntries(params.map((binding, index) => [String(index + 1), boundOf(binding)])) }

const boundOf = (binding: Binding): object => (typeof binding === "object" && binding !== null ? binding : { type: "TEXT", value: binding })

/** By its own defaults an account may take several statements, cut results, and send bytes in base64, which may look like hexadecimal digits. */
export const parametersOf = ({ maxRows }: Submission<Binding>): Readonly<Record<string, string>> => ({
  MULTI_STATEMENT_COUNT: "1",
  TIMEZONE: "UTC",
  QUERY_TAG: "jackfield",
  ROWS_PER_RESULTSET: String(maxRows ?? 0),
  BINARY_OUTPUT_FORMAT: "HEX",
})

/** Rows that a statement inserted or updated. */
export function touchedBy(stats: unknown): number {
  const { numRowsInserted = 0, numRowsUpdated = 0 } = (stats ?? {}) as Readonly<Record<string, number>>
  return numRowsInserted + numRowsUpdated
}
