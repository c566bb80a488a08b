import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { warningsOf } from "../shared/sql/login.ts"
import type { Clickhouse } from "./connect.ts"

/** Three statements, which read no data: the greeting, one in the connector's database, and one with the settings of every read. */
export async function facts(client: Clickhouse, call: Call): Promise<ServerFacts> {
  const { wire, user, encrypted } = client
  const { version, readonly, whole } = await call.stage("auth", () => wire.greeting(call))
  const one = async (sql: string) => String((await wire.run(sql, [], call)).rows[0]?.[0] ?? "")
  const place = await call.stage("permission", () => one("SELECT currentDatabase()"))
  const zone = await call.stage("probe", () => one("SELECT timezone()"))
  return {
    product: "ClickHouse",
    version,
    details: { ...(user === undefined ? {} : { user }), database: place, timezone: zone, encrypted },
    ...warningsOf(
      client,
      !whole && `ClickHouse ${version} is too old for anything but queries without parameters; use 22.3 or newer.`,
      readonly === 2 && "The profile of this user has readonly = 2, which lets a query open connections from the server by url(), s3() and the like.",
      user === "default" && "The user is default, who may usually do everything; give the hub a user of its own with only the rights it needs.",
      client.cloud && "A service of ClickHouse Cloud that is idle wakes for every statement, this test's too, and costs until it is idle again.",
    ),
  }
}
