import type { Registry } from "../../core/registry.ts"
import { type Built, built, isGiven, pointersOf, type Row, type Settings, type TypeMapping } from "../mapping.ts"
import { lastOf, valueAt } from "../places.ts"
import { mustBeText, words } from "../values.ts"

/** A datasource type of DataBrain; its rows describe `credentials` (docs: Create Datasource, Datasource-Specific Credentials). */
export interface DatasourceType extends TypeMapping {
  /** Whether a name is enough to create a datasource, which is then stored untested, as a draft without a schema. */
  readonly fromName?: true
}

export type BuiltType = Built<DatasourceType>

/** The types of the page. */
export const PAGE: readonly string[] = [
  ...["snowflake", "postgres", "redshift", "mysql", "mongodb", "clickhouse", "singlestore", "bigquery", "databricks", "elasticsearch"],
  ...["opensearch", "mssql", "awss3", "csv", "firebolt", "athena", "trino"],
]

const text = (name: string, ours?: string, required: Row["required"] = true): Row => ({
  theirs: `/${name}`,
  ...(ours === undefined ? {} : { ours }),
  ...(required === undefined ? {} : { required }),
  check: mustBeText,
})

const secret = (name: string, ours: string, required?: Row["required"]): Row => ({ ...text(name, ours, required), secret: true })

const port = (name: string, ours: string, required: Row["required"] = true): Row => ({
  ...text(name, ours, required),
  check: (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535 ? undefined : "must be a whole number from 1 to 65535.",
})

const oneOf = (ours: Readonly<Record<string, unknown>>): Pick<Row, "check" | "read" | "write"> => ({
  ...words(ours),
  check: (value) =>
    typeof value === "string" && Object.hasOwn(ours, value)
      ? undefined
      : `must be ${Object.keys(ours)
          .map((each) => `"${each}"`)
          .join(" or ")}.`,
})

/** `true` requires TLS. The API has no field for a certificate authority, so the server is not verified. */
const sslMode: Row = {
  theirs: "/sslMode",
  ours: "/tls/kind",
  check: (value) => (typeof value === "boolean" ? undefined : "must be true or false."),
  read: (value) => (value === true ? "require" : "off"),
  write: (kind) => kind !== "off",
  absent: "off",
}

const tunnelled = ({ sshTunnel }: Settings): boolean => sshTunnel === "enable"

/**
 * The page names the fields of the tunnel for one type; the others with the switch accept the same fields. There is no field for a
 * host key: the hub trusts the first key that it receives, and pins it.
 */
const TUNNEL: readonly Row[] = [
  { theirs: "/sshTunnel", ours: "/tunnel/kind", ...oneOf({ enable: "ssh", disable: "none" }), absent: "none" },
  text("sshHost", "/tunnel:ssh/host", tunnelled),
  port("sshPort", "/tunnel:ssh/port", tunnelled),
  text("sshUsername", "/tunnel:ssh/user", tunnelled),
  secret("sshPrivateKey", "/tunnel:ssh/auth:key/privateKey", tunnelled),
]

/** A type with a database name and a `username`. The hub has no field for `schema`: all schemas are cached. */
const named = (name: string, type: string): DatasourceType => ({
  name,
  type,
  rows: [
    text("host", "/host"),
    port("port", "/port"),
    text("username", "/user"),
    secret("password", "/password"),
    text("database", "/database"),
    text("schema"),
    sslMode,
    ...TUNNEL,
  ],
})

/** A type with a server and a `user`, for all databases that the user may see. The page has no `sslMode` for it; the hub accepts the same one as for `postgres`. */
const server = (name: string, type: string): DatasourceType => ({
  name,
  type,
  rows: [text("host", "/host"), port("port", "/port"), text("user", "/user"), secret("password", "/password"), sslMode],
})

const PASSWORD = "username/password"
const KEY_PAIR = "Key-pair authentication"

/** The `password` may also be a programmatic access token, as in Snowflake itself. */
const snowflake: DatasourceType = {
  name: "snowflake",
  type: "snowflake",
  rows: [
    text("host", "/account"),
    text("username", "/user"),
    ...["role", "warehouse", "database", "schema"].map((name) => text(name, `/${name}`)),
    { theirs: "/credentials", ours: "/auth/kind", required: true, ...oneOf({ [PASSWORD]: "password", [KEY_PAIR]: "key_pair" }) },
    secret("password", "/auth:password/password", ({ credentials }) => credentials === PASSWORD),
    secret("privateKey", "/auth:key_pair/privateKey", ({ credentials }) => credentials === KEY_PAIR),
  ],
}

/** The file is uploaded later through the native API, because the vendor's page does not describe an upload. */
const csv: DatasourceType = { name: "csv", type: "csv", rows: [], fromName: true }

/** All mapped types. */
export const TYPES: readonly DatasourceType[] = [named("postgres", "postgres"), named("redshift", "redshift"), server("mysql", "mysql"), snowflake, csv]

export const typesOf = (registry: Registry): BuiltType[] => built(TYPES, registry)

/** The document to store and show: the request without secrets and without fields that the type does not have. */
export function documentOf({ name: datasourceType, rows }: DatasourceType, name: string, credentials: Settings): Settings {
  const open = rows.filter((row) => row.secret !== true).flatMap(pointersOf)
  const given = open.flatMap((pointer) => (isGiven(valueAt(credentials, pointer)) ? [[lastOf(pointer), valueAt(credentials, pointer)]] : []))
  return { datasourceType, credentials: { name, ...Object.fromEntries(given) } }
}
