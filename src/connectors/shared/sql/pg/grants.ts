import type { Remedy } from "../../../../core/remedies.ts"
import { type Grants, grantOf } from "../grants.ts"
import type { PgClient } from "./client.ts"
import { spellPg } from "./spelling.ts"

/** Relations of that name, or of that path, on which a privilege is missing; the account that asks is in each row. */
const RELATIONS = `
  SELECT current_user::text, n.nspname, c.relname, c.relkind, has_schema_privilege(n.oid, 'USAGE'), f.lacks
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (SELECT string_agg(p, ',' ORDER BY o) AS lacks FROM unnest(string_to_array($3, ',')) WITH ORDINALITY AS u(p, o)
    WHERE CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE NOT has_table_privilege(c.oid, p) END) f
  WHERE c.relname = $1 AND ($2 = '' OR n.nspname = $2) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND n.nspname !~ '^pg_(toast|temp)' AND (f.lacks IS NOT NULL OR NOT has_schema_privilege(n.oid, 'USAGE'))
  LIMIT 2`

const ROUTINES = `
  SELECT current_user::text, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), has_schema_privilege(n.oid, 'USAGE'),
    to_jsonb(p) ->> 'prokind' = 'p', has_function_privilege(p.oid, 'EXECUTE')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = $1 AND NOT has_function_privilege(p.oid, 'EXECUTE') LIMIT 2`

const SCHEMA = "SELECT current_user::text, has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1"

/** What an English server names when it refuses (acl.c): a kind and the bare name. */
const DENIED = /^permission denied for ([a-z]+(?: [a-z]+)*?) (.+)$/s
const NO_TEMPORARY = /^permission denied to create temporary tables in database "(.+)"$/s

/** The rights that a role lacks, asked of the server itself. */
export const pgGrants: Grants<PgClient> = {
  account: async ({ wire }, call) => spellPg(String((await wire.run("SELECT current_user::text", [], call)).rows[0]?.[0])),

  async lacking(client, refused, call) {
    const { said, path, privileges } = refused
    const ask = async (sql: string, params: readonly string[]) => (await client.wire.run(sql, params, call)).rows
    const own = async (right: Parameters<typeof grantOf>[1]) => grantOf(spellPg, right, spellPg(String((await ask("SELECT current_user::text", []))[0]?.[0])))
    const [, database] = NO_TEMPORARY.exec(said.text) ?? []
    if (database !== undefined) return own({ privileges: ["TEMPORARY"], on: "DATABASE", path: [database] })
    const [, kind = "", name = ""] = DENIED.exec(said.text) ?? []
    if (kind === "schema") return onSchema(ask, name, privileges)
    if (/^(function|procedure|routine|aggregate)$/.test(kind)) return onRoutine(ask, name)
    if (kind === "database") return own({ privileges: ["CREATE"], on: "DATABASE", path: [name] })
    if (kind === "foreign server") return own({ privileges: ["USAGE"], on: "FOREIGN SERVER", path: [name] })
    if (kind === "type" || kind === "domain" || kind === "language") return []
    const [schema, table] = path ?? ["", name]
    return table === undefined || table === "" ? [] : onRelation(ask, schema ?? "", table, privileges)
  },
}

type Ask = (sql: string, params: readonly string[]) => Promise<readonly (readonly unknown[])[]>

/** A name alone may belong to several relations; then nobody can tell which one was meant. */
async function onRelation(ask: Ask, schema: string, table: string, privileges: readonly string[]): Promise<readonly Remedy[]> {
  const [row, another] = await ask(RELATIONS, [table, schema, privileges.join(",")])
  if (row === undefined || another !== undefined) return []
  const [role, found, name, relkind, usable, lacks] = row
  const account = spellPg(String(role))
  const sequence = relkind === "S"
  // Only what was asked for: the words come from the server.
  const missing = lacks === null ? [] : sequence ? ["USAGE"] : privileges.filter((each) => String(lacks).split(",").includes(each))
  return [
    ...(usable === true ? [] : grantOf(spellPg, { privileges: ["USAGE"], on: "SCHEMA", path: [String(found)] }, account)),
    ...(missing.length === 0
      ? []
      : grantOf(spellPg, { privileges: missing, ...(sequence ? { on: "SEQUENCE" } : {}), path: [String(found), String(name)] }, account)),
  ]
}

async function onSchema(ask: Ask, name: string, privileges: readonly string[]): Promise<readonly Remedy[]> {
  const [row] = await ask(SCHEMA, [name])
  if (row === undefined) return []
  const [role, usable, creates] = row
  const missing = [...(usable === true ? [] : ["USAGE"]), ...(creates === true || !privileges.includes("CREATE") ? [] : ["CREATE"])]
  return missing.length === 0 ? [] : grantOf(spellPg, { privileges: missing, on: "SCHEMA", path: [name] }, spellPg(String(role)))
}

async function onRoutine(ask: Ask, name: string): Promise<readonly Remedy[]> {
  const [row, another] = await ask(ROUTINES, [name])
  if (row === undefined || another !== undefined) return []
  const [role, schema, found, taken, usable, procedure] = row
  const account = spellPg(String(role))
  // The server spells the arguments; those with quoted names are left to a person.
  if (!/^[\w ,.[\]]*$/.test(String(taken))) return []
  const right = {
    privileges: ["EXECUTE"],
    on: procedure === true ? "PROCEDURE" : "FUNCTION",
    path: [String(schema), String(found)],
    after: `(${String(taken)})`,
  }
  return [
    ...(usable === true ? [] : grantOf(spellPg, { privileges: ["USAGE"], on: "SCHEMA", path: [String(schema)] }, account)),
    ...grantOf(spellPg, right, account),
  ]
}
