import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Value } from "../../core/values.ts"
import { byName } from "../shared/sql/wire.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"

/** What is asked, as `details` names it. It needs no warehouse, and so costs nothing. */
const FACTS = { user: "USER", account: "ACCOUNT", region: "REGION", role: "ROLE", warehouse: "WAREHOUSE", database: "DATABASE", schema: "SCHEMA" }
const WHO = `SELECT ${Object.values(FACTS).map((fact) => `CURRENT_${fact}() AS THE_${fact}`)}`.replaceAll(",", ", ")
const VERSION = "SELECT CURRENT_VERSION() AS VERSION"

type Found = Readonly<Record<string, Value>>

const rowsOf = async ({ wire }: Snowflake, sql: string, call: Call): Promise<readonly Found[]> => byName(await wire.run(sql, [], call, true))

/** Three stages: the login, whether role, warehouse, database and schema may be used, and what answers. No warehouse is woken. */
export async function facts(client: Snowflake, call: Call): Promise<ServerFacts> {
  let refused: PlatformError | undefined
  const who = await call.stage("auth", async (): Promise<Found> => {
    try {
      return (await rowsOf(client, WHO, call))[0] ?? {}
    } catch (error) {
      if (!(error instanceof PlatformError) || !["permission_denied", "database_not_found"].includes(error.code)) throw error
      // The login is good, and the role is not the user's.
      refused = error
      return {}
    }
  })
  await call.stage("permission", async () => {
    if (refused) throw refused
    await usable(client, who, call)
  })
  const version = await call.stage("probe", async () => (await rowsOf(client, VERSION, call))[0]?.["version"])
  const { the_role: role, the_warehouse: warehouse } = who
  const warnings = [
    ...(warehouse === null ? ["There is no warehouse, neither in the connector nor by the user's default; reading tables will fail."] : []),
    ...(role === "ACCOUNTADMIN" || role === "SECURITYADMIN" ? [`The role is ${role}; give the hub a role of its own with only the rights it needs.`] : []),
  ]
  const known = Object.entries(FACTS).flatMap(([name, fact]) => (who[`the_${fact.toLowerCase()}`] ? [[name, who[`the_${fact.toLowerCase()}`]]] : []))
  return {
    product: "Snowflake",
    ...(version ? { version: String(version) } : {}),
    details: Object.fromEntries(known) as Record<string, string>,
    ...(warnings.length === 0 ? {} : { warnings }),
  }
}

/** Snowflake takes a warehouse or a database that is not there without a word, and fails the first statement that needs it. */
async function usable(client: Snowflake, who: Found, call: Call): Promise<void> {
  const { warehouse, database, schema, role: named = "" } = client.place
  const role = String(who["the_role"] ?? named)
  const check = async (kind: "warehouse" | "database" | "schema", name: string, inside: string | undefined): Promise<void> => {
    // SHOW's pattern ignores case and has wildcards; the name itself decides.
    const within = inside === undefined ? "" : ` IN DATABASE ${dialect.ident(inside)}`
    const rows = await rowsOf(client, `SHOW ${kind.toUpperCase()}S LIKE ${literal(name)}${within}`, call)
    if (rows.some((row) => row["name"] === name) && (kind !== "warehouse" || who["the_warehouse"] !== null)) return
    const path = [...(inside === undefined ? [] : [inside]), name].map(dialect.ident).join(".")
    throw new PlatformError(
      kind === "warehouse" ? "permission_denied" : "database_not_found",
      `There is no ${kind} ${name}, or the role ${role || "of the user"} may not use it; check the name, upper and lower case too, or GRANT USAGE ON ${kind.toUpperCase()} ${path} TO ROLE ${dialect.ident(role)}.`,
      { details: { [kind]: name } },
    )
  }
  if (warehouse !== undefined) await check("warehouse", warehouse, undefined)
  if (database !== undefined) await check("database", database, undefined)
  if (database !== undefined && schema !== undefined) await check("schema", schema, database)
}

/** A string constant for statements that take no bindings: SHOW … LIKE. Backslashes escape there. */
const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`
