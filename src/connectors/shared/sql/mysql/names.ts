import type { Call } from "../../../../core/call.ts"
import type { MysqlClient } from "./client.ts"

/**
 * How a server tells the names of databases and tables apart: by their bytes, or also without case (`lower_case_table_names`).
 * The collation of information_schema tells neither case nor accents apart, whatever the server does.
 */
export interface Names {
  /** A condition that the column is the name that two parameters give. */
  same(column: string): string
  /** The name as it is compared, as SQL: for lists, orders and groups. */
  exact(column: string): string
}

const BYTES = (sql: string): string => `CAST(${sql} AS BINARY)`
const FOLDED = (sql: string): string => BYTES(`LOWER(${sql})`)

const namesBy = (exact: (sql: string) => string): Names => ({
  // The first comparison alone lets the server open one table instead of all of them.
  same: (column) => `${column} = ? AND ${exact(column)} = ${exact("?")}`,
  exact,
})

const [BY_BYTES, BY_LETTERS] = [namesBy(BYTES), namesBy(FOLDED)]
const known = new WeakMap<object, Names>()

/** The server's way, which is asked for once per connection. A server that does not say compares bytes. */
export async function namesOf({ wire, line }: MysqlClient, call: Call): Promise<Names> {
  const before = known.get(line)
  if (before !== undefined) return before
  const { rows } = await wire.run("SHOW VARIABLES LIKE 'lower_case_table_names'", [], call)
  const names = Number(rows[0]?.[1] ?? 0) === 0 ? BY_BYTES : BY_LETTERS
  known.set(line, names)
  return names
}

/** The parameters of `same`, for each name. */
export const twice = (names: readonly string[]): readonly string[] => names.flatMap((name) => [name, name])
