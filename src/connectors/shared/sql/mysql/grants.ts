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

/** Whether the columns of a table that may be read were granted one by one, and not the table. */
export function readsByColumn(grants: readonly Grant[], [database = "", table = ""]: readonly string[]): boolean {
  const own = grants.filter((grant) => grant.table === table && grant.database === database)
  const wide = grants.filter((grant) => grant.table === "*" && (grant.database === "*" || like(grant.database, database)))
  return own.some(({ rights }) => /\bSELECT \(/.test(rights)) && ![...own, ...wide].some(({ rights }) => /^ALL PRIVILEGES|\bSELECT(?! \()/.test(rights))
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
