import { defineConnector } from "../core/connector.ts"
import { text } from "../core/fields.ts"
import type { Column } from "../core/values.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import type { Ddl } from "./shared/sql/ddl.ts"
import type { Dialect } from "./shared/sql/dialect.ts"
import type { ErrorTable } from "./shared/sql/errors.ts"
import { serverFields } from "./shared/sql/login.ts"
import { mysqlCatalogOf } from "./shared/sql/mysql/catalog.ts"
import { connectMysqlBy, type MysqlClient } from "./shared/sql/mysql/client.ts"
import { mysqlDdl } from "./shared/sql/mysql/ddl.ts"
import { comparedAs, mysqlDialect } from "./shared/sql/mysql/dialect.ts"
import type { MysqlBound } from "./shared/sql/mysql/encode.ts"
import { mysqlErrors } from "./shared/sql/mysql/errors.ts"
import { mysqlGrants } from "./shared/sql/mysql/lacking.ts"
import { catalogType } from "./shared/sql/mysql/values.ts"
import { keySlicer } from "./shared/sql/slices.ts"
import type { Typed } from "./shared/sql/types.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { facts, system } from "./singlestore/system.ts"
import { writer } from "./singlestore/writer.ts"

const product = "SingleStore"

const dialect: Dialect<MysqlBound> = {
  ...mysqlDialect,
  product,
  // Precisions of times are 0, which is not written, and 6.
  compared: (_, column) => comparedAs(column, "?").replace("(0))", ")"),
  reading: {
    ...mysqlDialect.reading,
    words: ["select", "with", "show", "explain", "describe", "desc"],
    // There are no read-only transactions, so the text decides.
    by: {},
    fault: (bare, statement) => {
      if (/\)\s*(insert|update|delete|replace|merge|load)\b/i.test(bare)) return "Only reading statements are taken; this one changes rows behind WITH."
      // Constants are searched too, because where a constant ends depends on the cluster's sql_mode.
      if (!/\binto\b/i.test(statement)) return undefined
      return "Queries are read-only here, and SELECT … INTO writes to files, buckets, topics or variables; if INTO is part of a text, pass it as a parameter."
    },
  },
}

const TEXTS = /^(vector|geography|geographypoint)\b/i
/** SingleStore's own types: vectors and geographies come as text, BSON as bytes (docs, Extended Protocol Packet Metadata). */
const typeOf = (nativeType: string): Typed => {
  if (TEXTS.test(nativeType)) return { type: "string", nativeType }
  return /^bson\b/i.test(nativeType) ? { type: "bytes", nativeType } : catalogType(nativeType)
}

const catalog = mysqlCatalogOf({ product, own: ["information_schema", "memsql", "cluster", "mysql", "performance_schema", "sys"], typeOf })

const errors: ErrorTable = {
  ...mysqlErrors,
  product,
  codes: {
    ...mysqlErrors.codes,
    // Memory, licences and features (docs, Memory Errors); 1749 is a query that no distributed plan can run, 1896 a key without the shard key.
    ...{ "1712": "server_unavailable", "1720": "server_unavailable", "2373": "server_unavailable" },
    ...{ "1706": "query_invalid", "1749": "query_invalid", "1896": "query_invalid" },
  },
  sentences: {
    ...mysqlErrors.sentences,
    "1720": "SingleStore's tables have reached maximum_table_memory: {said}; delete rows, or move rowstore tables to columnstore.",
  },
}

const { widen: _, loosen: __, kept: ___, ...made } = mysqlDdl
const exact = (column: Column): Column => (column.type === "time" || column.type === "timestamp" ? { ...column, precision: 6 } : column)
/** Columnstore tables, whose primary key is also their shard key. The types of their columns cannot be changed. */
const ddl: Ddl<MysqlClient> = {
  ...made,
  types: { ...mysqlDdl.types, time: "time(6)", timestamp: ({ zoned }) => (zoned === false ? "datetime(6)" : "timestamp(6)") },
  tail: "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
  made: (column, keyed) => exact(mysqlDdl.made?.(column, keyed) ?? column),
  empty: (column) => mysqlDdl.empty?.(exact(column)) ?? "",
}

/** SingleStore, self-managed or Helios, by MySQL's protocol. */
export const singlestore = defineConnector({
  type: "singlestore",
  title: "SingleStore",
  category: "database",
  proof: "emulator",
  provenBy: "MariaDB with SingleStore's recorded differences",
  summary: "A SingleStore cluster or Helios workspace: browse its tables, query it by reading statements, read streams in key order, and write or upsert rows.",
  notes: `
Tested against MariaDB behind a front that behaves as SingleStore's documentation describes, but not against a real cluster.
Helios: connect to the endpoint of the workspace, port 3306, with TLS \`verify\` and SingleStore's CA bundle (\`singlestore_bundle.pem\`).

Queries: SingleStore has no read-only transactions, so the text of a statement is checked, and \`INTO\` is rejected everywhere. A user with only
SELECT is better protection. A query that is stopped is ended on its own aggregator by \`KILL QUERY\`. With audit logging, SingleStore does not
support prepared statements, which the hub uses for parameters.

Values: \`timestamp\` values are in the cluster's time zone, which the session cannot change; a test warns unless it is UTC.
\`vector\`, \`geography\` and \`geographypoint\` are texts, \`bson\` is bytes. The numbers of rows in the catalog are estimates.

Keys: primary and unique keys are enforced; a unique key with \`UNENFORCED\` is not used. Slices are ranges of the key and do not all show the same moment,
because the only isolation level is READ COMMITTED.

Writes: SingleStore has no savepoints. After a rejected row, the transaction starts again, so a batch with many bad rows is slow. An upsert
sets the columns outside the key, and is rejected in a table with several unique keys, because SingleStore does not define which row it would change.

Tables that the hub creates are columnstore tables with the key as primary key and shard key, so rows with the same key are in the same partition.
The columns of such tables cannot be widened. Times have microseconds, and an instant becomes a \`timestamp\`, which ends in 2038.`,
  fields: serverFields(
    3306,
    text("Database", { default: "", maxLength: 64, help: "Only this database; if empty, every database that the user may see.", example: "shop" }),
    text("User", { login: true, maxLength: 128, example: "jackfield", help: "We recommend a separate user with SELECT on the tables that the hub reads." }),
  ),
  url: databaseUrl(["singlestore", "singlestoredb", "memsql"], 3306, {
    mode: "ssl-mode",
    ca: "ssl-ca",
    modes: { off: "DISABLED", require: "REQUIRED", verify: "VERIFY_IDENTITY" },
  }),
  address: hostAndPort,
  connect: connectMysqlBy(system),
  ...sqlVerbs({ dialect, catalog, errors, grants: mysqlGrants, facts, writer, slicer: keySlicer(dialect), ddl, reset: (client) => client.clean() }),
})
