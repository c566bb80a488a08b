import { defineConnector } from "../core/connector.ts"
import { readAccount } from "./snowflake/account.ts"
import { inDatabase } from "./snowflake/catalog.ts"
import { connectSnowflake } from "./snowflake/client.ts"
import { everywhere } from "./snowflake/everywhere.ts"
import { facts } from "./snowflake/facts.ts"
import { snowflakeFields } from "./snowflake/fields.ts"
import { query } from "./snowflake/query.ts"
import { read } from "./snowflake/rows.ts"
import { write } from "./snowflake/write.ts"

/** Snowflake by its SQL API, version 2. Proven against a stand-in from the vendor's documentation; no real account was reached. */
export const snowflake = defineConnector({
  type: "snowflake",
  title: "Snowflake",
  category: "warehouse",
  proof: "stand-in",
  summary:
    "A Snowflake account by its SQL API: browse databases, query them by one reading statement at a time, read tables in key order, and append or merge rows.",
  fields: snowflakeFields,

  address: ({ account }) => (typeof account === "string" ? { host: readAccount(account).host, port: 443 } : undefined),

  connect: connectSnowflake,

  // The dispatcher is the lease's, and ends with it.
  close() {},

  test: facts,
  discover: (client, call) => (client.place.database === undefined ? everywhere(client, call) : inDatabase(client, client.place.database, call)),
  query,
  read,
  write,
})
