import type { Registry } from "../../core/registry.ts"
import { type Built, built, type Row, type Settings, type TypeMapping } from "../mapping.ts"
import { digits, valuesByName, words } from "../values.ts"

/** KaireonAI's mask for a secret in a config. A mask that is sent back keeps the stored value. */
export const MASK = "****"

/** A connector type of KaireonAI; `rows` describe its `config`. */
export interface ConnectorType extends TypeMapping {
  /** The rows of `authConfig`, whose keys may also be in `config`. Their values are texts. */
  readonly credentials: readonly Row[]
  /** Whether `config` may have a `connectionString` instead: a URL of the type. */
  readonly connectionString?: true
  /** If the hub's type has several names: whether a connector that was created in another way has this one. */
  readonly when?: (config: Settings) => boolean
}

export type BuiltType = Built<ConnectorType>

/** The types of the page. */
export const PAGE: readonly string[] = [
  ...["postgresql", "mysql", "redshift", "snowflake", "databricks", "bigquery", "mongodb", "kafka", "confluent_kafka", "aws_s3"],
  ...["gcs", "azure_blob", "sftp", "rest_api", "webhook", "amazon_kinesis", "salesforce", "hubspot"],
]

const MODES = { disable: "off", require: "require", "verify-ca": "verify", "verify-full": "verify", true: "verify", false: "off" }

const required = (name: string, more: Partial<Row> = {}): Row => ({ theirs: `/${name}`, ours: `/${name}`, required: true, ...more })

/** libpq's `sslmode`, or `ssl: true|false`; without either, the server's certificate is verified. */
const TLS: readonly Row[] = [
  { theirs: "/sslMode", ours: "/tls/kind", ...words(MODES, "verify") },
  { theirs: "/sslmode", ours: "/tls/kind", ...words(MODES, "verify") },
  { theirs: "/ssl", ours: "/tls/kind", ...words(MODES), write: (kind) => (kind === "off" ? false : kind === "verify" ? true : undefined) },
]

const database = (name: string, type: string): ConnectorType => ({
  name,
  type,
  rows: [required("host"), required("port", digits), required("database"), ...TLS],
  credentials: [
    { theirs: "/username", ours: "/user" },
    { theirs: "/user", ours: "/user" },
    { theirs: "/password", ours: "/password", secret: true },
  ],
  connectionString: true,
})

/** The `password` may also be a programmatic access token, as in Snowflake itself. */
const snowflake: ConnectorType = {
  name: "snowflake",
  type: "snowflake",
  rows: [required("account"), required("warehouse"), required("database"), { theirs: "/schema", ours: "/schema" }, { theirs: "/role", ours: "/role" }],
  credentials: [
    { theirs: "/username", ours: "/user" },
    { theirs: "/user", ours: "/user" },
    { theirs: "/password", ours: "/auth:password/password", secret: true },
    { theirs: "/token", ours: "/auth:token/token", secret: true },
    { theirs: "/accessToken", ours: "/auth:oauth/token", secret: true },
    { theirs: "/privateKey", ours: "/auth:key_pair/privateKey", secret: true },
    { theirs: "/passphrase", ours: "/auth:key_pair/passphrase", secret: true },
  ],
}

const method = (absent?: string): Row => ({
  theirs: "/method",
  ours: "/method",
  read: (name) => (typeof name === "string" ? name.toUpperCase() : name),
  ...(absent === undefined ? {} : { absent }),
})

/** An HTTP API with user and password, a bearer token, or a key in its own header. */
const restApi: ConnectorType = {
  name: "rest_api",
  type: "http",
  rows: [required("url"), method(), { theirs: "/headers", ours: "/headers", ...valuesByName(MASK) }],
  credentials: [
    { theirs: "/username", ours: "/auth:basic/username" },
    { theirs: "/password", ours: "/auth:basic/password", secret: true },
    { theirs: "/token", ours: "/auth:bearer/token", secret: true },
    { theirs: "/bearerToken", ours: "/auth:bearer/token", secret: true },
    { theirs: "/accessToken", ours: "/auth:bearer/token", secret: true },
    { theirs: "/apiKey", ours: "/auth:header/value", secret: true },
    { theirs: "/headerName", ours: "/auth:header/name", absent: "X-API-Key" },
  ],
  initial: { probe: "head_first" },
}

/** Posts to a URL. A test sends only HEAD, because a GET may trigger an action. */
const webhook: ConnectorType = {
  ...restApi,
  name: "webhook",
  rows: restApi.rows.map((row) => (row.ours === "/method" ? method("POST") : row)),
  initial: { probe: "head" },
  when: ({ probe }) => probe === "head",
}

/** All mapped types. If the hub's type has several, the first that fits applies to a connector that was created in another way. */
export const TYPES: readonly ConnectorType[] = [
  database("postgresql", "postgres"),
  database("mysql", "mysql"),
  database("redshift", "redshift"),
  snowflake,
  webhook,
  restApi,
]

export const typesOf = (registry: Registry): BuiltType[] => built(TYPES, registry)
