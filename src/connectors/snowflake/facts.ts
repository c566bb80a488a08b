import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Snowflake } from "./client.ts"
import { ident, literal } from "./sql.ts"
import { rows } from "./statements.ts"

/** Needs no warehouse, and so costs nothing. */
const WHO =
  "SELECT CURRENT_USER() AS WHO, CURRENT_ACCOUNT() AS ACCOUNT, CURRENT_REGION() AS REGION, CURRENT_ROLE() AS ROLE, CURRENT_WAREHOUSE() AS WAREHOUSE, CURRENT_DATABASE() AS CURRENT_DB, CURRENT_SCHEMA() AS CURRENT_NS"
const VERSION = "SELECT CURRENT_VERSION() AS VERSION"

type Found = Readonly<Record<string, string | null>>

/** Three stages: the login, whether role, warehouse, database and schema may be used, and what answers. No warehouse is woken. */
export async function facts(client: Snowflake, call: Call): Promise<ServerFacts> {
  let refused: PlatformError | undefined
  const who = await call.stage("auth", async () => {
    try {
      return (await rows(client, WHO, { atOnce: true }, call))[0]
    } catch (error) {
      // The login is good, and the role is not the user's.
      if (error instanceof PlatformError && ["permission_denied", "database_not_found"].includes(error.code)) refused = error
      else throw error
    }
    return undefined
  })
  await call.stage("permission", async () => {
    if (refused) throw refused
    await usable(client, who ?? {}, call)
  })
  const version = await call.stage("probe", async () => (await rows(client, VERSION, { atOnce: true }, call))[0]?.["version"])
  return { product: "Snowflake", ...(version ? { version } : {}), ...told(who ?? {}) }
}

/** Snowflake takes a warehouse or a database that is not there without a word, and fails the first statement that needs it. */
async function usable(client: Snowflake, who: Found, call: Call): Promise<void> {
  const { warehouse, database, schema } = client.place
  const role = who["role"] ?? client.asker.role
  if (warehouse !== undefined && (who["warehouse"] === null || !(await shown(client, `SHOW WAREHOUSES LIKE ${literal(warehouse)}`, warehouse, call))))
    throw missing("warehouse", warehouse, role, `GRANT USAGE ON WAREHOUSE ${ident(warehouse)} TO ROLE ${ident(role)}`)
  if (database !== undefined && !(await shown(client, `SHOW DATABASES LIKE ${literal(database)}`, database, call)))
    throw missing("database", database, role, `GRANT USAGE ON DATABASE ${ident(database)} TO ROLE ${ident(role)}`)
  if (
    database !== undefined &&
    schema !== undefined &&
    !(await shown(client, `SHOW SCHEMAS LIKE ${literal(schema)} IN DATABASE ${ident(database)}`, schema, call))
  )
    throw missing("schema", schema, role, `GRANT USAGE ON SCHEMA ${ident(database)}.${ident(schema)} TO ROLE ${ident(role)}`)
}

/** SHOW's pattern ignores case and has wildcards; the name itself decides. */
const shown = async (client: Snowflake, statement: string, name: string, call: Call): Promise<boolean> =>
  (await rows(client, statement, { atOnce: true }, call)).some((row) => row["name"] === name)

const missing = (what: string, name: string, role: string, grant: string): PlatformError =>
  new PlatformError(
    what === "warehouse" ? "permission_denied" : "database_not_found",
    `There is no ${what} ${name}, or the role ${role || "of the user"} may not use it; check the name, upper and lower case too, or ${grant}.`,
    { details: { [what]: name } },
  )

function told(who: Found): Pick<ServerFacts, "details" | "warnings"> {
  const named = { user: "who", account: "account", region: "region", role: "role", warehouse: "warehouse", database: "current_db", schema: "current_ns" }
  const details = Object.fromEntries(Object.entries(named).flatMap(([name, column]) => (who[column] ? [[name, who[column]]] : [])))
  const warnings = [
    ...(who["warehouse"] === null ? ["There is no warehouse, neither in the connector nor by the user's default; reading tables will fail."] : []),
    ...(who["role"] === "ACCOUNTADMIN" || who["role"] === "SECURITYADMIN"
      ? [`The role is ${who["role"]}; give the hub a role of its own with only the rights it needs.`]
      : []),
  ]
  return { details, ...(warnings.length === 0 ? {} : { warnings }) }
}
