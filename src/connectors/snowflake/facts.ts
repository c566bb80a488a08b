import { warehouseFacts } from "../shared/sql/warehouse-facts.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"

/** Docs, Understanding compute cost: by the second, and a minute at least. */
const STARTS = "the first query or discovery resumes it, which is billed by the second, a minute at least, until it suspends itself."

/** What is asked needs no warehouse, and so costs nothing and wakes none. */
export const facts = warehouseFacts({
  dialect,
  asks: ["user", "account", "region", "role", "warehouse", "database", "schema"],
  places: ({ place: { warehouse, database, schema } }: Snowflake, known) => [
    ...(warehouse === undefined ? [] : [{ kind: "warehouse" as const, path: [warehouse], refused: known.warehouse === null }]),
    ...(database === undefined ? [] : [{ kind: "database" as const, path: [database] }]),
    ...(database === undefined || schema === undefined ? [] : [{ kind: "schema" as const, path: [database, schema] }]),
  ],
  warnings: ({ role, warehouse }, { warehouse: { name, state, size, auto_resume: resumes } = {} }) => [
    warehouse === null && "There is no warehouse, neither in the connector nor by the user's default; reading tables will fail.",
    state === "SUSPENDED" &&
      `The warehouse ${name} (${size ?? "size unknown"}) is suspended, and the test did not start it; ${resumes === "true" ? STARTS : `it does not resume by itself, so queries fail until it is resumed.`}`,
    (role === "ACCOUNTADMIN" || role === "SECURITYADMIN") && `The role is ${role}; give the hub a role of its own with only the rights it needs.`,
  ],
})
