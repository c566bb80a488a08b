import type { Call } from "../../core/call.ts"
import type { ServerFacts } from "../../core/connector.ts"
import { warningsOf } from "../shared/sql/login.ts"
import type { MysqlClient } from "../shared/sql/mysql/client.ts"
import { isServerError } from "../shared/sql/mysql/errors.ts"
import { globalRights } from "../shared/sql/mysql/facts.ts"
import { grantsOf } from "../shared/sql/mysql/grants.ts"
import { assigned, type MysqlSystem } from "../shared/sql/mysql/system.ts"
import { type Done, probed } from "../shared/sql/wire.ts"

const PRODUCT = "SingleStore"

/** Values that do not fit are errors. A query keeps the cluster's own mode. */
const modeOf = (writes: boolean, byCaller: boolean): string => (writes || !byCaller ? "'STRICT_ALL_TABLES'" : "@@GLOBAL.sql_mode")

/**
 * Sessions of SingleStore (docs, BEGIN; Durability; KILL QUERY; List of Engine Variables). Transactions have no read-only form, one
 * isolation level and no savepoints. `time_zone` has no effect, and no variable limits how long a statement may run.
 */
export const system: MysqlSystem = {
  starts: { read: "START TRANSACTION", snapshot: "START TRANSACTION", write: "START TRANSACTION" },
  settings: ({ access, maxRows, byCaller = false }) => ({
    needed: ["NAMES utf8mb4 COLLATE utf8mb4_general_ci", assigned(["sql_mode", modeOf(access === "write", byCaller)])],
    optional: [
      ["sql_select_limit", maxRows === undefined ? "DEFAULT" : String(Math.ceil(maxRows))] as const,
      ["net_write_timeout", "600"] as const,
      // Vectors then come as text, and BSON as bytes.
      ["enable_extended_types_metadata", "OFF"] as const,
    ].map(assigned),
  }),
  // A load balancer may lead the cancel to another aggregator, whose ids are its own.
  kill: async (ask) => {
    try {
      const { rows } = await ask("SELECT CONNECTION_ID(), @@aggregator_id")
      return `KILL QUERY ${Number(rows[0]?.[0])} ${Number(rows[0]?.[1])}`
    } catch (error) {
      if (!isServerError(error)) throw error
      return `KILL QUERY ${Number((await ask("SELECT CONNECTION_ID()")).rows[0]?.[0])}`
    }
  },
  replays: true,
}

const UNKNOWN_VARIABLE = 1193
const UTC: ReadonlySet<string> = new Set(["UTC", "GMT", "+00:00", "-00:00", "Etc/UTC", "Universal"])

/** What a server says of itself. A MySQL is told by the variable that it lacks. */
async function banner({ wire }: MysqlClient, call: Call): Promise<Done | undefined> {
  try {
    return await wire.run("SELECT @@memsql_version, DATABASE(), CURRENT_USER(), @@time_zone, @@system_time_zone", [], call)
  } catch (error) {
    if (isServerError(error) && error.errno === UNKNOWN_VARIABLE) return undefined
    throw error
  }
}

export const facts = (client: MysqlClient, call: Call): Promise<ServerFacts> =>
  probed(client.wire, call, async () => {
    const found = await banner(client, call)
    const [version, database, user, zone, host] = (found?.rows[0] ?? []).map((value) => (value === null ? undefined : String(value)))
    const own = zone === "SYSTEM" ? host : zone
    const { everything } = globalRights(await grantsOf(client, call))
    return {
      product: found === undefined ? "MySQL" : PRODUCT,
      ...(version === undefined ? {} : { version }),
      details: { ...(database === undefined ? {} : { database }), ...(user === undefined ? {} : { user }), encrypted: client.encrypted },
      ...warningsOf(
        client,
        found === undefined && "This server is not SingleStore; choose its own type.",
        own !== undefined &&
          !UTC.has(own) &&
          `The cluster's time zone is ${own}, so \`timestamp\` values are read in that zone and shown as UTC; set default_time_zone to +00:00.`,
        everything && "This user may do everything; give the hub a separate user with only the rights that it needs.",
      ),
    }
  })
