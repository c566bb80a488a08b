import { warehouseFacts } from "../shared/sql/warehouse-facts.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"

/** What is asked needs no warehouse, and so costs nothing and wakes none. */
export const facts = warehouseFacts({
  dialect,
  asks: ["user", "account", "region", "role", "warehouse", "database", "schema"],
  places: ({ place: { warehouse, database, schema } }: Snowflake, known) => [
    ...(warehouse === undefined ? [] : [{ kind: "warehouse" as const, path: [warehouse], refused: known.warehouse === null }]),
    ...(database === undefined ? [] : [{ kind: "database" as const, path: [database] }]),
    ...(database === undefined || schema === undefined ? [] : [{ kind: "schema" as const, path: [database, schema] }]),
  ],
  warnings: ({ role, warehouse }) => [
    warehouse === null && "There is no warehouse, neither in the connector nor by the user's default; reading tables will fail.",
    (role === "ACCOUNTADMIN" || role === "SECURITYADMIN") && `The role is ${role}; give the hub a role of its own with only the rights it needs.`,
  ],
})
