import { qualified, quotedText } from "../shared/sql/dialect.ts"
import { type Place, warehouseFacts } from "../shared/sql/warehouse-facts.ts"
import type { Binding, Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"

type Fact = "user" | "account" | "region" | "role" | "warehouse" | "database" | "schema"

/** What is asked needs no warehouse, and so costs nothing and wakes none. */
export const facts = warehouseFacts<Binding, Snowflake, Fact>({
  dialect,
  asks: ["user", "account", "region", "role", "warehouse", "database", "schema"],
  places({ place: { warehouse, database, schema } }, known) {
    const place = (kind: string, path: readonly string[], code: Place["code"]): Place => {
      const within = path.length === 1 ? "" : ` IN DATABASE ${qualified(dialect, path.slice(0, -1))}`
      return { kind, path, code, shown: `SHOW ${kind.toUpperCase()}S LIKE ${quotedText(path.at(-1) ?? "")}${within}` }
    }
    return [
      ...(warehouse === undefined ? [] : [{ ...place("warehouse", [warehouse], "permission_denied"), refused: known.warehouse === null }]),
      ...(database === undefined ? [] : [place("database", [database], "database_not_found")]),
      ...(database === undefined || schema === undefined ? [] : [place("schema", [database, schema], "database_not_found")]),
    ]
  },
  warnings: ({ role, warehouse }) => [
    warehouse === null && "There is no warehouse, neither in the connector nor by the user's default; reading tables will fail.",
    (role === "ACCOUNTADMIN" || role === "SECURITYADMIN") && `The role is ${role}; give the hub a role of its own with only the rights it needs.`,
  ],
})
