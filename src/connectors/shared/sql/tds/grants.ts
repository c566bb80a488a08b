import { type Grants, grantOf, type Right, visibly } from "../grants.ts"
import type { TdsClient } from "./client.ts"
import { tdsDialect } from "./dialect.ts"

/** A name in brackets; one with invisible characters is not spelled. */
export const spellTds = visibly(tdsDialect.ident)

/** As the server words error 229; the session's language is English. */
const DENIED = /^The ([A-Z ]+) permission was denied on the (?:object|column '.*' of the object) '(.+)', database '.*', schema '(.+)'\.$/s

/** The right that the server says is missing: on the stream of `path`, all that the work needs. */
export function rightIn(text: string, path: readonly string[] | undefined, needed: readonly string[]): Right | undefined {
  const [, lacks, name, schema] = DENIED.exec(text.slice(0, 2_000)) ?? []
  if (lacks === undefined || name === undefined || schema === undefined) return undefined
  const own = path !== undefined && path.at(-2) === schema && path.at(-1) === name && needed.includes(lacks)
  return { privileges: own ? needed : [lacks], path: [schema, name] }
}

/** GRANTs to the database's user, by its real name. */
export const tdsGrants: Grants<TdsClient> = {
  account: async ({ wire }, call) => spellTds(String((await wire.run("SELECT USER_NAME()", [], call)).rows[0]?.[0])),
  lacking: async (client, { said, path, privileges }, call) => {
    const right = rightIn(said.text, path, privileges)
    return right === undefined ? [] : grantOf(spellTds, right, await tdsGrants.account(client, call))
  },
}
