import type { Call } from "../core/call.ts"
import { defineConnector, type ServerFacts } from "../core/connector.ts"
import { text } from "../core/fields.ts"
import { catalog, types, WIDEST } from "./redshift/catalog.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import type { Ddl } from "./shared/sql/ddl.ts"
import type { Dialect } from "./shared/sql/dialect.ts"
import type { ErrorTable } from "./shared/sql/errors.ts"
import { appendByInsert, insertedStage } from "./shared/sql/inserts.ts"
import { serverFields, warningsOf } from "./shared/sql/login.ts"
import { connectPgBy, type PgClient } from "./shared/sql/pg/client.ts"
import { pgDdl } from "./shared/sql/pg/ddl.ts"
import { pgDialect } from "./shared/sql/pg/dialect.ts"
import { encode, type PgBound } from "./shared/sql/pg/encode.ts"
import { pgErrors } from "./shared/sql/pg/errors.ts"
import { probePg } from "./shared/sql/pg/facts.ts"
import { resetBy } from "./shared/sql/pg/reset.ts"
import { keySlicer } from "./shared/sql/slices.ts"
import { staged } from "./shared/sql/staged.ts"
import { digited, timed } from "./shared/sql/types.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { columnList, type Writer } from "./shared/sql/writer.ts"
import { bytesOf } from "./shared/unfit.ts"

const PRODUCT = "Amazon Redshift"
const settings = ["DateStyle = 'ISO, MDY'", "TimeZone = 'UTC'", "extra_float_digits = 2"]
/** Without this, quoted names are folded to lower case. */
const AS_WRITTEN = "SET enable_case_sensitive_identifier TO true"
/** By either isolation level of Redshift, snapshot or serializable, a transaction sees one moment (docs, Isolation levels). */
const modes = { read: ["BEGIN READ ONLY"], snapshot: ["BEGIN READ ONLY"], write: ["BEGIN READ WRITE"] }

const plain = pgErrors(PRODUCT)
const errors: ErrorTable = {
  ...plain,
  login: "user",
  said: (error) => {
    const said = plain.said(error)
    // Errors of the compute nodes have their own codes, with a constant SQLSTATE.
    const detail = said?.code === "XX000" && error instanceof Error && "detail" in error ? String(error.detail) : ""
    const code = /\bcode:\s+(\d{1,9})\b/.exec(detail)?.[1]
    return said === undefined || code === undefined ? said : { ...said, code, state: said.code, details: { code: Number(code) } }
  },
  // 1023: another transaction changed the same table.
  codes: { ...plain.codes, "1023": "server_unavailable" },
  sentences: { ...plain.sentences, auth_failed: "{product} does not let this {login} in: {said}." },
  // Too long, empty, overflow, no digit.
  isRowFault: (said, error) => /^(8001|8007|1058|1207|1216)$/.test(said.code) || plain.isRowFault(said, error),
}

const dialect: Dialect<PgBound> = {
  ...pgDialect,
  product: PRODUCT,
  login: "user",
  compared: (n, { type }) => (type === "bytes" ? `FROM_HEX($${n})` : `$${n}`),
  stored: (n, { type }) => (type === "bytes" ? `FROM_HEX($${n})` : type === "json" ? `JSON_PARSE($${n})` : `$${n}`),
  encode: (value, column) => (value !== null && column.type === "bytes" ? bytesOf(value).toString("hex") : encode(value, column)),
  reading: { ...pgDialect.reading, words: ["select", "with", "show", "explain"] },
  // Row constructors are not supported.
  order: { ...pgDialect.order, tuples: false, exact: () => true },
}

const varchar = (bytes: number): string => `varchar(${Math.min(bytes, WIDEST.string ?? 0)})`
const [widest, zones] = [varchar(Number.POSITIVE_INFINITY), { zoned: " with time zone", wall: "" }]
const ddl: Ddl = {
  types: {
    ...pgDdl.types,
    // A length counts bytes, and a character takes up to four.
    string: ({ maxLength = Number.POSITIVE_INFINITY }) => varchar(4 * maxLength),
    integer: [...pgDdl.types.integer.slice(0, 3), [127, "numeric(38,0)"]],
    // Decimals with more digits than Redshift supports are stored as text.
    decimal: digited("numeric", 38, widest),
    time: timed("time", -1, zones),
    timestamp: timed("timestamp", -1, zones),
    json: "super",
    bytes: ({ maxLength = Number.POSITIVE_INFINITY }) => `varbyte(${Math.min(maxLength, WIDEST.bytes ?? 0)})`,
    array: "super",
    unknown: widest,
  },
  // Only varchar can be changed, not in a key, and not inside a transaction (docs, ALTER TABLE).
  widens: ({ type }, _to, keyed) => type === "string" && !keyed,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type}`,
  alone: true,
  lock: (table) => `LOCK TABLE ${table}`,
  commits: true,
}

const PROBE = "SELECT version(), current_database(), current_user, (SELECT u.usesuper FROM pg_user u WHERE u.usename = current_user)"
async function facts(client: PgClient, call: Call): Promise<ServerFacts> {
  const [banner = "", database = "", user = "", superuser = false] = await probePg<[string, string, string, boolean]>(client, PROBE, call)
  const version = /Redshift ([\d.]+)/.exec(banner)?.[1]
  return {
    product: version === undefined ? banner.slice(0, 60) : PRODUCT,
    ...(version === undefined ? {} : { version }),
    details: { database, user, encrypted: client.encrypted },
    ...warningsOf(
      client,
      version === undefined && "This server is not Amazon Redshift; choose its own type.",
      superuser && "This user is a superuser; give the hub a user of its own with only the rights it needs.",
    ),
  }
}

/** A statement has at most 16 MB and 32,767 parameters. */
const limits = { bytes: 15 * 1_048_576, params: 32_767 }
const STAGE = pgDialect.ident("jackfield stage")
const writer: Writer<PgBound, PgClient> = {
  append: appendByInsert(limits),
  upsert: staged({
    ...insertedStage(STAGE, limits),
    create: (target, ordinal, gone) =>
      `CREATE TEMP TABLE ${STAGE} AS SELECT CAST(0 AS bigint) AS ${ordinal}, 0 AS ${gone}, ${columnList(target)} FROM ${target.table} WHERE 1 = 0`,
    drop: `DROP TABLE ${STAGE}`,
  }),
  deletes: true,
  needs: { upsert: "TEMP on the database" },
}

/** Amazon Redshift, provisioned or serverless, by PostgreSQL's protocol. */
export const redshift = defineConnector({
  type: "redshift",
  title: "Amazon Redshift",
  category: "warehouse",
  proof: "emulator",
  provenBy: "PostgreSQL with Redshift's recorded differences",
  summary: "An Amazon Redshift cluster or workgroup: browse its tables, query it read-only, read streams by key or slice, and write rows.",
  notes: `
Tested against PostgreSQL behind a front that behaves as Redshift's documentation describes, but not against a real cluster.
Login: a database user whose password is not stored only as SHA-256 (\`CREATE USER … PASSWORD\` with a plain or an MD5 password).

Values: \`super\` is returned as JSON and \`varbyte\` as base64; other values are the same as in PostgreSQL. Lengths of \`varchar\` count bytes.

Keys are not enforced, so a batch of a read never ends between rows with the same key, and slices do not all show the same moment. Tables, views
(also late-binding ones) and external tables are streams.

Writes: rows are sent in INSERT statements; for millions of rows, COPY from S3 is faster. Redshift has no savepoints: after a rejected row,
the transaction starts again, so a batch with many bad rows is slow. If a key occurs more than once in the table, an upsert changes all of its
rows. Only \`varchar\` columns can be widened, if they have no key and no DEFAULT.`,
  fields: serverFields(
    5439,
    text("Database", { default: "dev", maxLength: 127, example: "dev" }),
    text("User", { login: true, maxLength: 127, example: "jackfield", help: "We recommend a separate user with SELECT on the tables that the hub reads." }),
  ),
  url: databaseUrl(["redshift"], 5439, { mode: "sslmode", ca: "sslrootcert", modes: { off: "disable", require: "require", verify: "verify-full" } }),
  address: hostAndPort,
  connect: connectPgBy({ errors, types, settings, session: AS_WRITTEN, modes, replays: true }),
  ...sqlVerbs({ dialect, catalog, errors, facts, writer, slicer: keySlicer(dialect), ddl, reset: resetBy(`RESET ALL; ${AS_WRITTEN}`) }),
})
