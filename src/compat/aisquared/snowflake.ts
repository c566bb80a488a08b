import { given, isSettings, type Kind, MASK, type Settings } from "./kind.ts"
import { loginOf } from "./postgresql.ts"

/**
 * `host` is the account's name. Snowflake's SQL API takes no passwords: a `password` is a programmatic access token, which
 * Snowflake takes in a password's place.
 */
export const snowflakeSource: Kind = {
  name: "Snowflake",
  side: "source",
  native: "snowflake",
  required: ["host", "role", "warehouse", "database"],
  mapped: ["host", "role", "warehouse", "database", "schema", "credentials"],
  kept: { jdbc_url_params: undefined },
  toNative(configuration, stored) {
    const { username, password } = loginOf(configuration)
    const { host, role, warehouse, database, schema } = configuration
    return { account: host, user: username, role, warehouse, database, schema: schema ?? null, ...authOf(password, stored) }
  },
  toConfiguration(native) {
    const { account, user, role, warehouse, database, schema, auth } = native
    const credentials = given({ username: user, password: isSettings(auth) ? MASK : undefined })
    return given({
      credentials: Object.keys(credentials).length === 0 ? undefined : { auth_type: "username/password", ...credentials },
      ...{ host: account, role, warehouse, database, schema },
    })
  },
}

/** A mask keeps whatever login there is, a key pair too. */
function authOf(password: unknown, stored: Settings | undefined): Record<string, unknown> {
  if (password === null) return { auth: null }
  if (password === MASK && isSettings(stored?.["auth"])) return {}
  return { auth: { kind: "token", token: password === MASK ? { set: true } : password } }
}
