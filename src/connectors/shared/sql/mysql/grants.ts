import type { Call } from "../../../../core/call.ts"
import type { MysqlClient } from "./client.ts"
import { isServerError } from "./errors.ts"

/** A line of SHOW GRANTS: `GRANT SELECT (id), INSERT ON shop.item TO …`. A star stands for every database or every table. */
export interface Grant {
  readonly rights: string
  /** A LIKE pattern, if it is not the star. */
  readonly database: string
  readonly table: string
}

const NAME = "`(?:[^`]|``)+`"
const LINE = new RegExp(`^GRANT ((?:[^\`]|${NAME})+?) ON (?:TABLE )?(\\*|${NAME})\\.(\\*|${NAME}) TO `)

/** Parses rows of SHOW GRANTS. Password hashes in them are not kept. */
export const grantsIn = (rows: readonly (readonly unknown[])[]): readonly Grant[] =>
  rows.flatMap(([row]) => {
    const [, rights = "", database = "", table = ""] = LINE.exec(String(row)) ?? []
    return rights === "" ? [] : [{ rights, database: nameIn(database), table: nameIn(table) }]
  })

const nameIn = (quoted: string): string => (quoted === "*" ? quoted : quoted.slice(1, -1).replaceAll("``", "`"))

/** The grants of the session's user, of its active roles and of PUBLIC. */
export async function grantsOf({ wire, line }: MysqlClient, call: Call): Promise<readonly Grant[]> {
  const rowsOf = async (sql: string) => (await wire.run(sql, [], call, true)).rows
  // MariaDB lists the grants of active roles too.
  if (line.mariadb) return grantsIn(await rowsOf("SHOW GRANTS"))
  try {
    const roles = String((await rowsOf("SELECT CURRENT_ROLE()"))[0]?.[0] ?? "NONE")
    return grantsIn(await rowsOf(roles === "NONE" ? "SHOW GRANTS" : `SHOW GRANTS FOR CURRENT_USER() USING ${roles}`))
  } catch (error) {
    // Older servers have no roles, and other systems no such function.
    if (!isServerError(error)) throw error
    return grantsIn(await rowsOf("SHOW GRANTS"))
  }
}

/** The grants on a table itself, on its database, and on everything. */
const onTable = (grants: readonly Grant[], [database = "", table = ""]: readonly string[]): readonly Grant[] =>
  grants.filter((grant) =>
    grant.table === "*" ? grant.database === "*" || like(grant.database, database) : grant.table === table && grant.database === database,
  )

/** Each right of a grant with its columns; undefined stands for all columns. */
function rightsIn(rights: string): ReadonlyMap<string, ReadonlySet<string> | undefined> {
  const parts = rights.matchAll(new RegExp(`([A-Z][A-Z ]*[A-Z])(?: \\(((?:${NAME}|[, ])+)\\))?`, "g"))
  return new Map(Array.from(parts, ([, right = "", columns]) => [right, columns === undefined ? undefined : namesIn(columns)]))
}

const namesIn = (list: string): ReadonlySet<string> => new Set(Array.from(list.matchAll(new RegExp(NAME, "g")), ([quoted]) => nameIn(quoted)))

/** Whether SELECT was granted on single columns of a table, and not on the table. */
export function readsByColumn(grants: readonly Grant[], path: readonly string[]): boolean {
  const rights = onTable(grants, path).map((grant) => rightsIn(grant.rights))
  const columns = rights.flatMap((each) => (each.has("SELECT") ? [each.get("SELECT")] : []))
  return columns.length > 0 && !columns.includes(undefined) && !rights.some((each) => each.has("ALL PRIVILEGES"))
}

/** Whether the grants give a right on those columns of a table. */
export function has(grants: readonly Grant[], path: readonly string[], right: string, columns: readonly string[]): boolean {
  const rights = onTable(grants, path).map((grant) => rightsIn(grant.rights))
  const missing = columns.filter((column) => !rights.some((each) => each.get(right)?.has(column) === true))
  return rights.some((each) => each.has("ALL PRIVILEGES") || (each.has(right) && each.get(right) === undefined)) || (columns.length > 0 && missing.length === 0)
}

/** Matches a LIKE pattern: `%` is any text, `_` any character, and a backslash escapes the next character. */
function like(pattern: string, text: string): boolean {
  const parts = pattern.replace(/\\?./gsu, (part) =>
    part === "%" ? ".*" : part === "_" ? "." : (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\/]/, "\\$&"),
  )
  return new RegExp(`^${parts}$`, "su").test(text)
}

/** The account that the server matched the login to, such as `app@%`. */
export const accountOf = async ({ wire }: Pick<MysqlClient, "wire">, call: Call): Promise<string> =>
  String((await wire.run("SELECT CURRENT_USER()", [], call, true)).rows[0]?.[0] ?? "")
