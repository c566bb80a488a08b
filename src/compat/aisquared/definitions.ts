import type { Registry } from "../../core/registry.ts"
import type { Side } from "../../hub/connectors/connector-lists.ts"
import { type Built, built, isGiven, type Row } from "../mapping.ts"
import { digits, mustBeText, words } from "../values.ts"
import type { Definition } from "./definition.ts"
import { httpDestination, httpSource } from "./http.ts"

const AUTH_TYPE = "username/password"

const port: Row = { theirs: "/port", ours: "/port", required: true, ...digits, write: (port) => (isGiven(port) ? String(port) : undefined) }

/** libpq's values, which the vendor's driver accepts. The vendor's definitions have no key for TLS, so without `sslmode` the certificate is verified. */
const sslmode: Row = {
  theirs: "/sslmode",
  ours: "/tls/kind",
  ...words({ disable: "off", require: "require", "verify-ca": "verify", "verify-full": "verify" }, "verify"),
}

/** The user and password in several of the vendor's definitions. */
const credentials = (password: Pick<Row, "ours" | "read">): readonly Row[] => [
  {
    theirs: "/credentials/auth_type",
    check: (type) => (type === AUTH_TYPE ? undefined : `must be ${AUTH_TYPE}.`),
    write: (_, { user, password: own, auth }) => ([user, own, auth].some(isGiven) ? AUTH_TYPE : undefined),
  },
  { theirs: "/credentials/username", ours: "/user", required: true },
  { theirs: "/credentials/password", required: true, secret: true, ...password },
]

/** A database with the keys of Postgresql. Without a database name, the database with the user's name is used. */
const database = (named: Omit<Definition, "rows">, ...more: readonly Row[]): Definition => ({
  ...named,
  rows: [
    ...more,
    ...credentials({ ours: "/password" }),
    { theirs: "/host", ours: "/host", required: true },
    port,
    { theirs: "/database", ours: "/database", required: true, write: (database, { user }) => (isGiven(database) ? database : user) },
    sslmode,
    { theirs: "/schema", required: true, check: mustBeText, write: () => "public" },
  ],
})

/** Earlier versions of the vendor's definition have no data_type. */
const dataType: Row = {
  theirs: "/data_type",
  check: (type) => (type === "structured" ? undefined : "must be structured; vectors are not built yet."),
  write: () => "structured",
}

const mariadb = (side: Side): Definition => ({
  name: "MariaDB",
  side,
  type: "mysql",
  color: "#003545",
  rows: [
    { theirs: "/host", ours: "/host", required: true },
    port,
    { theirs: "/username", ours: "/user", required: true },
    { theirs: "/password", ours: "/password", required: true, secret: true },
    { theirs: "/database", ours: "/database", required: true },
    sslmode,
  ],
})

/**
 * `host` is the account's name. Snowflake also accepts a programmatic access token as the `password`. A mask keeps the stored login, whatever its kind.
 */
const snowflake: Definition = {
  name: "Snowflake",
  side: "source",
  type: "snowflake",
  color: "#0b6e99",
  rows: [
    ...credentials({ ours: "/auth", read: (password) => ({ kind: "password", password }) }),
    { theirs: "/host", ours: "/account", required: true },
    { theirs: "/role", ours: "/role", required: true },
    { theirs: "/warehouse", ours: "/warehouse", required: true },
    { theirs: "/database", ours: "/database", required: true },
    { theirs: "/schema", ours: "/schema" },
    { theirs: "/jdbc_url_params", check: mustBeText },
  ],
}

const postgresql = { name: "Postgresql", type: "postgres", color: "#336791" }

/** All mapped definitions. */
export const DEFINITIONS: readonly Definition[] = [
  database({ ...postgresql, side: "source" }, dataType),
  mariadb("source"),
  snowflake,
  database({ name: "Redshift", type: "redshift", side: "source" }),
  httpSource,
  database({ ...postgresql, side: "destination" }),
  mariadb("destination"),
  httpDestination,
]

export type BuiltDefinition = Built<Definition>

export const definitionsOf = (registry: Registry): BuiltDefinition[] => built(DEFINITIONS, registry)

/** Finds a definition by the vendor's name; case matters. */
export const definitionNamed = (all: readonly BuiltDefinition[], side: Side, name: string): BuiltDefinition | undefined =>
  all.find((each) => each.side === side && each.name === name)

/** Finds the definition of a hub type among the sources or the destinations. */
export const definitionFor = (all: readonly BuiltDefinition[], side: Side, type: string): BuiltDefinition | undefined =>
  all.find((each) => each.side === side && each.type === type)
