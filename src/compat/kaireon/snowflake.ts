import { readAccount } from "../../connectors/snowflake/account.ts"
import type { Kind } from "./kind.ts"

/**
 * Snowflake's SQL API takes no passwords: a `password` is a programmatic access token, which Snowflake takes in a
 * password's place, or the account's own password, which its login then refuses.
 */
export const snowflake: Kind = {
  type: "snowflake",
  native: "snowflake",
  required: ["account", "warehouse", "database"],
  settings: {
    account: { field: "account" },
    warehouse: { field: "warehouse" },
    database: { field: "database" },
    schema: { field: "schema" },
    role: { field: "role" },
  },
  implied: {},
  credentials: {
    username: { field: "user" },
    user: { field: "user" },
    password: { field: "auth", kind: "token", inner: "token", secret: true },
    token: { field: "auth", kind: "token", inner: "token", secret: true },
    accessToken: { field: "auth", kind: "oauth", inner: "token", secret: true },
    privateKey: { field: "auth", kind: "key_pair", inner: "privateKey", secret: true },
    passphrase: { field: "auth", kind: "key_pair", inner: "passphrase", secret: true },
  },
  others: [],
  reach: ({ account }) => (typeof account === "string" ? { host: readAccount(account).host, port: 443 } : undefined),
}
