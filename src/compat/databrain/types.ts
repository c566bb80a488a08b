import { type Field, isPlain, type Plain } from "./credentials.ts"

/** A datasource type of the page that this hub has: its credentials, and the native config that they are. */
export interface DatasourceType {
  readonly type: string
  readonly native: string
  readonly fields: readonly Field[]
  toNative(credentials: Plain): Plain
  /** A name alone makes one: it is stored untested, as a draft that has no schema yet. */
  readonly fromName?: true
}

const text = (name: string, required: Field["required"] = true): Field => ({ name, kind: "text", ...(required === undefined ? {} : { required }) })
const secret = (name: string, required: Field["required"] = true): Field => ({ ...text(name, required), secret: true })

const tunnelled = ({ sshTunnel }: Plain): boolean => sshTunnel === "enable"

/** The page names the fields of the tunnel for one type; the others that have the switch take the same. */
const TUNNEL: readonly Field[] = [
  { name: "sshTunnel", kind: ["enable", "disable"] },
  text("sshHost", tunnelled),
  { name: "sshPort", kind: "port", required: tunnelled },
  text("sshUsername", tunnelled),
  secret("sshPrivateKey", tunnelled),
]

/** Without a host key: the hub trusts the one that it is shown first, and pins it. */
const tunnelOf = (credentials: Plain): Plain =>
  tunnelled(credentials)
    ? {
        kind: "ssh",
        host: credentials["sshHost"],
        port: credentials["sshPort"],
        user: credentials["sshUsername"],
        auth: { kind: "key", privateKey: credentials["sshPrivateKey"] },
      }
    : { kind: "none" }

/** `sslMode: true` demands TLS; no authority can be named here, so who answers is not verified. `schema` has no native field: all are cached. */
const postgres: DatasourceType = {
  type: "postgres",
  native: "postgres",
  fields: [
    text("host"),
    { name: "port", kind: "port", required: true },
    text("username"),
    secret("password"),
    text("database"),
    text("schema"),
    { name: "sslMode", kind: "flag" },
    ...TUNNEL,
  ],
  toNative: (credentials) => ({
    host: credentials["host"],
    port: credentials["port"],
    user: credentials["username"],
    password: credentials["password"],
    database: credentials["database"],
    tls: { kind: credentials["sslMode"] === true ? "require" : "off" },
    tunnel: tunnelOf(credentials),
  }),
}

/** No database is named here: all that the user may see. `sslMode` is no key of the page's for this type, and is taken as for `postgres`. */
const mysql: DatasourceType = {
  type: "mysql",
  native: "mysql",
  fields: [text("host"), { name: "port", kind: "port", required: true }, text("user"), secret("password"), { name: "sslMode", kind: "flag" }],
  toNative: ({ host, port, user, password, sslMode }) => ({ host, port, user, password, tls: { kind: sslMode === true ? "require" : "off" } }),
}

const PASSWORD = "username/password"
const KEY_PAIR = "Key-pair authentication"

/** Snowflake's SQL API takes no passwords: `password` is a programmatic access token, which Snowflake takes in a password's place. */
const snowflake: DatasourceType = {
  type: "snowflake",
  native: "snowflake",
  fields: [
    text("host"),
    text("username"),
    text("role"),
    text("warehouse"),
    text("database"),
    text("schema"),
    { name: "credentials", kind: [PASSWORD, KEY_PAIR], required: true },
    secret("password", ({ credentials }) => credentials === PASSWORD),
    secret("privateKey", ({ credentials }) => credentials === KEY_PAIR),
  ],
  toNative: ({ host, username, role, warehouse, database, schema, credentials, password, privateKey }) => ({
    account: host,
    user: username,
    role,
    warehouse,
    database,
    schema,
    auth: credentials === KEY_PAIR ? { kind: "key_pair", privateKey } : { kind: "token", token: password },
  }),
}

/** Its file comes later, by the native API; the page says of none how. */
const csv: DatasourceType = { type: "csv", native: "csv", fields: [], toNative: () => ({}), fromName: true }

const TYPES: readonly DatasourceType[] = [postgres, mysql, snowflake, csv]

/** Types of the page that are not built yet; refused by name. */
export const NOT_BUILT: readonly string[] = [
  ...["redshift", "mongodb", "clickhouse", "singlestore", "bigquery", "databricks", "elasticsearch"],
  ...["opensearch", "mssql", "awss3", "firebolt", "athena", "trino"],
]

/** The types whose native type this hub has. */
export const typesOf = (isBuilt: (native: string) => boolean): DatasourceType[] => TYPES.filter(({ native }) => isBuilt(native))

/** What is kept to be shown: the request without secrets. */
export function documentOf({ type, fields }: DatasourceType, name: string, credentials: Plain): Plain {
  const open = fields.filter((field) => field.secret !== true && credentials[field.name] !== undefined)
  return { datasourceType: type, credentials: { name, ...Object.fromEntries(open.map((field) => [field.name, credentials[field.name]])) } }
}

/** The named member of a body when it is an object. */
export const memberOf = (body: unknown, name: string): Plain | undefined => {
  const value = isPlain(body) ? body[name] : undefined
  return isPlain(value) ? value : undefined
}
