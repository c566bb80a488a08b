import type { Remedy } from "../../../../core/remedies.ts"
import { denied, type Relation } from "../catalog.ts"
import { grantOf, INVISIBLE, type Spell, visibly } from "../grants.ts"
import { pgDialect } from "./dialect.ts"

/** A name in quotes, for systems without `U&""`. */
export const spellQuoted: Spell = visibly(pgDialect.ident)

/** A name in quotes; invisible characters as escapes of `U&""` (PostgreSQL docs, 4.1.2.3). */
export const spellPg: Spell = (name) => {
  if (!INVISIBLE.test(name)) return spellQuoted(name)
  const escaped = Array.from(name.replaceAll("\\", "\\\\").replaceAll('"', '""'), (char) => (INVISIBLE.test(char) ? escapeOf(char) : char))
  return `U&"${escaped.join("")}"`
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0
  return code > 0xffff ? `\\+${code.toString(16).padStart(6, "0")}` : `\\${code.toString(16).padStart(4, "0")}`
}

/** The right to enter a database, which the server refuses before there is a session to ask. */
export const connectRight = (error: unknown, user: string): readonly Remedy[] => {
  const [, database] = /^permission denied for database "(.+)"$/s.exec(error instanceof Error ? error.message : "") ?? []
  return database === undefined ? [] : grantOf(spellPg, { privileges: ["CONNECT"], on: "DATABASE", path: [database] }, spellPg(user))
}

/** Why a relation may not be read by that account, with every right that lacks; undefined if it may. */
export function unreadable(path: readonly string[], login: string, usable: unknown, readable: unknown, account: unknown, spell: Spell): Relation | undefined {
  if (usable === true && readable === true) return undefined
  const to = spell(String(account))
  const remedies = [
    ...(usable === true ? [] : grantOf(spell, { privileges: ["USAGE"], on: "SCHEMA", path: path.slice(0, 1) }, to)),
    ...(readable === true ? [] : grantOf(spell, { privileges: ["SELECT"], path }, to)),
  ]
  return denied(path, login, usable === true ? "read it" : "use the schema", remedies)
}
