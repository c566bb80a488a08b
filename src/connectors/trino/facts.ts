import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { quotedBy } from "../shared/sql/dialect.ts"
import { warningsOf } from "../shared/sql/login.ts"
import type { Trino } from "./connect.ts"

/** Three statements at most, which the coordinator answers by itself: no worker runs, and no data is read. */
export async function facts(client: Trino, call: Call): Promise<ServerFacts> {
  const { wire, place, encrypted } = client
  const one = async (sql: string, params: readonly string[] = []) => (await wire.run(sql, params, call, true)).rows[0] ?? []
  const [user] = await call.stage("auth", () => one("SELECT current_user"))
  await call.stage("permission", async () => {
    if (place.catalog === "") return
    const schemas = `${quotedBy('"')(place.catalog)}.information_schema.schemata`
    const [found] = await one(`SELECT count(*) FROM ${schemas} WHERE schema_name = ?`, [place.schema.toLowerCase() || "information_schema"])
    if (Number(found) === 0)
      throw new PlatformError("database_not_found", `The catalog ${place.catalog} has no schema ${place.schema} that this user may see; check its name.`)
  })
  const [version] = await call.stage("probe", () => one("SELECT version()"))
  return {
    product: "Trino",
    version: String(version),
    details: { user: String(user), encrypted },
    ...warningsOf(
      client,
      client.unproven &&
        "Nobody proves to be this user: whoever reaches the server may be anybody. Give it an authentication, and the hub a password or a token.",
    ),
  }
}
