import type { Call } from "../core/call.ts"
import { defineConnector, type ServerFacts } from "../core/connector.ts"
import { text } from "../core/fields.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import { loginOf, serverFields, warningsOf } from "./shared/sql/login.ts"
import { pgBytes } from "./shared/sql/pg/bytes.ts"
import { pgCatalog } from "./shared/sql/pg/catalog.ts"
import { connectPg, type PgClient } from "./shared/sql/pg/client.ts"
import { pgDdl } from "./shared/sql/pg/ddl.ts"
import { pgDialect } from "./shared/sql/pg/dialect.ts"
import { pgErrors } from "./shared/sql/pg/errors.ts"
import { probePg } from "./shared/sql/pg/facts.ts"
import { pgGrants } from "./shared/sql/pg/grants.ts"
import { resetPg } from "./shared/sql/pg/reset.ts"
import { pgSlicer } from "./shared/sql/pg/slices.ts"
import { pgTypes } from "./shared/sql/pg/values.ts"
import { pgWriter } from "./shared/sql/pg/writer.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

const errors = pgErrors("PostgreSQL")
const types = pgTypes()
/** Fixes the spelling of values, whatever the server, the database or the role sets. */
const settings = [
  "DateStyle = 'ISO, MDY'",
  "IntervalStyle = 'postgres'",
  "TimeZone = 'UTC'",
  "bytea_output = 'hex'",
  "extra_float_digits = 1",
  "lc_monetary = 'C'",
  "array_nulls = on",
  "quote_all_identifiers = off",
  "xmloption = 'content'",
]

const PROBE = `
  SELECT version(), current_setting('server_version'), current_setting('server_version_num')::int, current_database(), current_user,
    pg_is_in_recovery(), current_setting('is_superuser') = 'on'`

/** Systems that speak PostgreSQL's protocol, as `version()` names them, and where it has their own version. */
const FORKS: readonly (readonly [RegExp, string])[] = [
  [/CockroachDB(?: \S+ v([\d.]+))?/i, "CockroachDB"],
  [/Redshift(?: ([\d.]+))?/i, "Amazon Redshift"],
  [/Greenplum(?: Database ([\d.]+))?/i, "Greenplum"],
  [/-YB-([\d.]+)?/i, "YugabyteDB"],
  [/Materialize/i, "Materialize"],
  [/RisingWave/i, "RisingWave"],
  [/EnterpriseDB/i, "EDB Postgres Advanced Server"],
]

async function facts(client: PgClient, call: Call): Promise<ServerFacts> {
  const row = await probePg<[string, string, number, string, string, boolean, boolean]>(client, PROBE, call)
  const [banner = "", setting = "", number = 0, database = "", user = "", inRecovery = false, superuser = false] = row
  const [pattern, product] = FORKS.find(([each]) => each.test(banner)) ?? []
  return {
    product: product ?? "PostgreSQL",
    // `15.18`, without the packager's suffix.
    version: pattern?.exec(banner)?.[1] ?? setting.split(" ", 1)[0] ?? setting,
    details: { database, user, inRecovery, encrypted: client.encrypted },
    ...warningsOf(
      client,
      superuser && "This role is a superuser; give the hub a role of its own with only the rights it needs.",
      product === undefined && number < 120_000 && "PostgreSQL before 12 is not supported: discovery will fail.",
    ),
  }
}

/** PostgreSQL 12 and newer, and systems that speak its protocol. */
export const postgres = defineConnector({
  type: "postgres",
  title: "PostgreSQL",
  category: "database",
  proof: "server",
  provenBy: "PostgreSQL 15 and 18",
  summary: "A PostgreSQL database, 12 or newer: browse its tables, query it read-only, read streams in key order, and write rows by COPY.",
  notes: `
Values: \`timestamptz\` comes in UTC (\`2024-03-31T01:30:00Z\`), \`timestamp\` without a zone. Infinite dates and years BC come as PostgreSQL
writes them. Arrays come as JSON arrays of typed values; one whose bounds do not begin at 1, or with several dimensions of JSON, comes as
PostgreSQL's text. Domains come as their base types, \`money\` as a number with two decimals. Ranges, intervals, composites and other types
that are not built in come as text. \`json\` and \`jsonb\` come as JSON; a number in
them that a double would damage is a string of its digits. A JSON \`null\` and SQL's \`NULL\` both come as \`null\`, and \`null\` is written as \`NULL\`.

Parameters: bound by the type that the server describes, in the spelling in which values are read. A string for \`jsonb\` is a JSON string; to
send JSON as text, write \`$1::text::jsonb\`.

Keys: the primary key. A table from which others inherit has none, because a read of it returns their rows too.

Partitions: a partition is part of its partitioned table when the role may read that table. It is then neither a stream nor counted, and the
table's comment says how many partitions there are. When the role may not read the table, its partitions are streams.

Upserts and deletes go through a temporary table, for which the role needs TEMPORARY on the database.

Commits: a write with a commit token keeps the token in the table \`jackfield_commits\` of the target's schema, in the transaction of the rows.
The first such write creates the table, for which the role needs CREATE on the schema, and SELECT, INSERT and DELETE if another role
created it. Tokens older than 30 days are deleted. Dropping the table is safe while no run is under way.

Slices: a table is cut by ranges of its key, and a heap table without a usable key by ranges of its pages (\`ctid\`; fast from PostgreSQL 14).
All slices show the moment of an exported snapshot.

Bytes: rows pass undecoded by COPY, as \`copy-binary\` between tables whose columns have the same names and the same built-in types, and as
\`csv\` for tables of two columns or more without \`bytea\`. A piece ends at a key and can be resumed there; a table without a key is one piece.`,
  fields: serverFields(
    5432,
    text("Database", { default: "", maxLength: 63, help: "Default: the database with the same name as the user.", example: "shop" }),
    text("User", { login: true, maxLength: 63, example: "jackfield", help: "We recommend a separate role with SELECT on the tables that the hub reads." }),
  ),
  // libpq (PostgreSQL docs, 34.1.2).
  url: databaseUrl(["postgres", "postgresql"], 5432, {
    mode: "sslmode",
    ca: "sslrootcert",
    modes: { off: "disable", require: "require", verify: "verify-full" },
  }),
  address: hostAndPort,
  connect: (config, lease) => {
    const { login, lease: way } = loginOf(config, lease)
    return connectPg(login, way, { errors, types, settings, ownTypes: true })
  },
  ...sqlVerbs({
    dialect: pgDialect,
    catalog: pgCatalog,
    errors,
    grants: pgGrants,
    facts,
    writer: pgWriter,
    slicer: pgSlicer,
    ddl: pgDdl,
    bytes: pgBytes(types),
    reset: resetPg,
  }),
})
