import type { Call } from "../../../../core/call.ts"
import type { MysqlClient } from "./client.ts"

/**
 * How a server distinguishes the names of databases and tables: by their bytes, or regardless of case (`lower_case_table_names`). The
 * collation of information_schema ignores case and accents on every server.
 */
export interface Names {
  /** A condition that the column equals a name, which is bound twice (`twice`). */
  same(column: string): string
  /** SQL for a name in the form in which it is compared, for IN, ORDER BY and GROUP BY. */
  exact(column: string): string
}

const BYTES = (sql: string): string => `CAST(${sql} AS BINARY)`
const FOLDED = (sql: string): string => BYTES(`LOWER(${sql})`)

const namesBy = (exact: (sql: string) => string): Names => ({
  // Because of the first comparison, the server opens one table instead of all of them.
  same: (column) => `${column} = ? AND ${exact(column)} = ${exact("?")}`,
  exact,
})

const [BY_BYTES, BY_LETTERS] = [namesBy(BYTES), namesBy(FOLDED)]
const known = new WeakMap<object, Names>()

/** The server's way of comparing names, which is queried once per connection. Without an answer, names are compared by their bytes. */
export async function namesOf({ wire, line }: MysqlClient, call: Call): Promise<Names> {
  const before = known.get(line)
  if (before !== undefined) return before
  const { rows } = await wire.run("SHOW VARIABLES LIKE 'lower_case_table_names'", [], call, true)
  const names = Number(rows[0]?.[1] ?? 0) === 0 ? BY_BYTES : BY_LETTERS
  known.set(line, names)
  return names
}

/** The parameters of `same`, for each name. */
export const twice = (names: readonly string[]): readonly string[] => names.flatMap((name) => [name, name])
