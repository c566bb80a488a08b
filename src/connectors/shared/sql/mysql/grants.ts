import type { Call } from "../../../../core/call.ts"
import type { MysqlClient } from "./client.ts"
import { isServerError } from "./errors.ts"

/** A line of SHOW GRANTS: `GRANT SELECT (id), INSERT ON shop.item TO …`. A star is every database or every table. */
export interface Grant {
  readonly rights: string
  /** A pattern of LIKE, unless it is the star. */
  readonly database: string
  readonly table: string
}

const NAME = "`(?:[^`]|``)+`"
const LINE = new RegExp(`^GRANT ((?:[^\`]|${NAME})+?) ON (?:TABLE )?(\\*|${NAME})\\.(\\*|${NAME}) TO `)

/** The grants in rows of SHOW GRANTS. The hashes of passwords that they may show are not kept. */
export const grantsIn = (rows: readonly (readonly unknown[])[]): readonly Grant[] =>
  rows.flatMap(([row]) => {
    const [, rights = "", database = "", table = ""] = LINE.exec(String(row)) ?? []
    return rights === "" ? [] : [{ rights, database: nameIn(database), table: nameIn(table) }]
  })

const nameIn = (quoted: string): string => (quoted === "*" ? quoted : quoted.slice(1, -1).replaceAll("``", "`"))

/** What the session's user has by itself, by its active roles and by PUBLIC. */
export async function grantsOf({ wire, line }: MysqlClient, call: Call): Promise<readonly Grant[]> {
  const rowsOf = async (sql: string) => (await wire.run(sql, [], call)).rows
  // MariaDB lists the grants of active roles without being asked.
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

/** The columns of each right of a grant; undefined for a right on all of them. */
function rightsIn(rights: string): ReadonlyMap<string, ReadonlySet<string> | undefined> {
  const parts = rights.matchAll(new RegExp(`([A-Z][A-Z ]*[A-Z])(?: \\(((?:${NAME}|[, ])+)\\))?`, "g"))
  return new Map(Array.from(parts, ([, right = "", columns]) => [right, columns === undefined ? undefined : namesIn(columns)]))
}

const namesIn = (list: string): ReadonlySet<string> => new Set(Array.from(list.matchAll(new RegExp(NAME, "g")), ([quoted]) => nameIn(quoted)))

/** Whether the columns of a table that may be read were granted one by one, and not the table. */
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

/** LIKE: `%` is any text, `_` any character, and a backslash takes the next one as it is. */
function like(pattern: string, text: string): boolean {
  const parts = pattern.replace(/\\?./gsu, (part) =>
    part === "%" ? ".*" : part === "_" ? "." : (part.length > 1 ? part.slice(1) : part).replace(/[.*+?^${}()|[\]\\/]/, "\\$&"),
  )
  return new RegExp(`^${parts}$`, "su").test(text)
}

/** The account that the server took the login for, such as `app@%`. */
export const accountOf = async ({ wire }: Pick<MysqlClient, "wire">, call: Call): Promise<string> =>
  String((await wire.run("SELECT CURRENT_USER()", [], call)).rows[0]?.[0] ?? "")
