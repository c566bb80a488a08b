import type { Call } from "../../../../core/call.ts"
import type { ServerFacts } from "../../../../core/connector.ts"
import { warningsOf } from "../login.ts"
import { probed } from "../wire.ts"
import type { TdsClient } from "./client.ts"

/** Products by SERVERPROPERTY('EngineEdition') (docs). */
const PRODUCTS: Readonly<Record<number, string>> = {
  5: "Azure SQL Database",
  6: "Azure Synapse Analytics",
  8: "Azure SQL Managed Instance",
  9: "Azure SQL Edge",
  11: "Microsoft Fabric",
  12: "SQL database in Microsoft Fabric",
}

const PROBE = `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('EngineEdition') AS int),
  CAST(SERVERPROPERTY('Edition') AS nvarchar(128)), DB_NAME(), SUSER_SNAME(), USER_NAME(), IS_MEMBER('db_owner')`

/** Reads the facts of a server and a login. */
export const tdsFacts = async (client: TdsClient, call: Call): Promise<ServerFacts> =>
  await probed(client.wire, call, async () => {
    const [version, engine, edition, database, login, user, owner] = (await client.wire.run(PROBE, [], call)).rows[0] ?? []
    const product = PRODUCTS[Number(engine)]
    return {
      product: product ?? "SQL Server",
      ...(typeof version === "string" ? { version } : {}),
      details: { edition: String(edition), database: String(database), login: String(login), user: String(user), encrypted: client.encrypted },
      ...warningsOf(
        client,
        product === "Azure SQL Database" && "A serverless database that was paused is running again, and costs until it pauses.",
        // A system administrator is this user in every database.
        user === "dbo" && "This login owns the database, or administers the server; give the hub a login of its own with only the rights it needs.",
        user !== "dbo" && owner === 1 && "This user is an owner of the database; give the hub a user of its own with only the rights it needs.",
      ),
    }
  })
