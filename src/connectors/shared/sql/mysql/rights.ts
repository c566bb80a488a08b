import type { Remedy } from "../../../../core/remedies.ts"
import { grantOf, type Right, type Spell, visibly } from "../grants.ts"
import { mysqlDialect } from "./dialect.ts"

/** A name in backticks; the system has no escapes in them, so a name with invisible characters is not spelled. */
export const spellMysql: Spell = visibly(mysqlDialect.ident)

/** An account as `CURRENT_USER()` names it (`jackfield@%`), as GRANT takes it; the server's messages name the client's host instead of the account's. */
export function spellAccount(account: string): string | undefined {
  const at = account.lastIndexOf("@")
  const [user, host] = [spellMysql(account.slice(0, at)), spellMysql(account.slice(at + 1))]
  return user === undefined || host === undefined ? undefined : `${user}@${host}`
}

/** MariaDB names tables in backticks, with their database; MySQL in quotes, without it. */
const NAME = "(?:`((?:[^`]|``)+)`\\.)?(?:`((?:[^`]|``)+)`|'(.+)')"
const TABLE = new RegExp(`^([A-Z][A-Z, ]*?) command denied to user .* for (?:table|column '([^']*)' in table) ${NAME}$`, "s")
const undoubled = (name: string | undefined): string | undefined => name?.replaceAll("``", "`")
const DATABASE = /^Access denied for user '(.*)'@'([^']*)' to database '(.+)'$/s
const ROUTINE = /^(?:alter routine|execute) command denied to user .* for routine '([^.]+)\.([^.]+)'$/s

/** The right that the server says is missing, on the stream of `path` or on what the statement names. */
export function rightIn(text: string, path: readonly string[] | undefined, needed: readonly string[], statement = "", chosen = ""): Right | undefined {
  const [, routineIn, routine] = ROUTINE.exec(text) ?? []
  // A statement that only reads calls no procedure.
  if (routineIn !== undefined && routine !== undefined) return { privileges: ["EXECUTE"], on: "FUNCTION", path: [routineIn, routine] }
  const [, , , database] = DATABASE.exec(text) ?? []
  if (database !== undefined) return onDatabase(database)
  const [, denied = "", column, said, quoted, plain] = TABLE.exec(text) ?? []
  const table = undoubled(quoted) ?? plain
  if (table === undefined) return undefined
  // What the server says lacks; a work that needs more rights would stumble over the next one.
  const lacks = denied.split(/,\s*/).filter((word) => KNOWN.has(word))
  if (lacks.length === 0) return undefined
  const whole =
    said !== undefined ? [undoubled(said) ?? "", table] : path === undefined ? placeOf(table, statement, chosen) : path.at(-1) === table ? path : undefined
  if (whole === undefined) return undefined
  const own = path !== undefined && whole.every((name, at) => name === path[at])
  const privileges = own && lacks.every((each) => needed.includes(each)) ? needed : lacks
  const columns = column === undefined ? undefined : spellMysql(column)
  return { privileges: columns === undefined ? privileges : lacks.map((each) => `${each} (${columns})`), path: whole }
}

const KNOWN: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "SHOW VIEW"])

/** A grant on a database takes its name for a pattern (MySQL docs, GRANT). */
const onDatabase = (database: string): Right | undefined => (/[\\%_]/.test(database) ? undefined : { privileges: ["SELECT"], path: [database], after: ".*" })

/** The right to enter a database, refused at the login; this message names the account itself. */
export function databaseRight(error: unknown): readonly Remedy[] {
  const [, user, host, database] = DATABASE.exec(error instanceof Error ? error.message : "") ?? []
  const right = database === undefined ? undefined : onDatabase(database)
  return right === undefined ? [] : grantOf(spellMysql, right, spellAccount(`${user}@${host}`))
}

const WORD = "[\\p{L}\\p{N}_$]"

/** MySQL names a table without its database: the one that the statement names before it, or the chosen one; undefined where both could be meant. */
function placeOf(table: string, statement: string, chosen: string): readonly string[] | undefined {
  // The search would take long in a statement that is made for it.
  if (statement.length > 4_000) return undefined
  const name = table.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&")
  const quoted = `\`((?:[^\`]|\`\`)+)\``
  const before = `(?:(?:${quoted}|(?<!${WORD})(${WORD}+))\\s*\\.\\s*|(?<!${WORD}|[.\`]))`
  const named = new RegExp(`${before}(?:\`${name.replaceAll("`", "``")}\`|${name}(?!${WORD}|\`))`, "giu")
  const places = new Set(Array.from(statement.matchAll(named), ([, inQuotes, plain]) => undoubled(inQuotes) ?? plain ?? chosen))
  const [only] = places
  return places.size === 1 && only !== undefined && only !== "" ? [only, table] : undefined
}
