import { defineConnector } from "../core/connector.ts"
import { text } from "../core/fields.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import { serverFields } from "./shared/sql/login.ts"
import { mysqlBytes } from "./shared/sql/mysql/bytes.ts"
import { mysqlCatalog } from "./shared/sql/mysql/catalog.ts"
import { connectMysqlBy } from "./shared/sql/mysql/client.ts"
import { mysqlDdl } from "./shared/sql/mysql/ddl.ts"
import { mysqlDialect } from "./shared/sql/mysql/dialect.ts"
import { mysqlErrors } from "./shared/sql/mysql/errors.ts"
import { mysqlFacts } from "./shared/sql/mysql/facts.ts"
import { mysqlGrants } from "./shared/sql/mysql/lacking.ts"
import { MYSQL } from "./shared/sql/mysql/system.ts"
import { mysqlWriter } from "./shared/sql/mysql/writer.ts"
import { keySlicer } from "./shared/sql/slices.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

/** Systems that speak MySQL's protocol, as their version or its comment names them. */
const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/TiDB/i, "TiDB"],
  [/SingleStore|MemSQL/i, "SingleStore"],
  [/Percona/i, "Percona Server"],
  [/Aurora/i, "Amazon Aurora MySQL"],
  [/MariaDB/i, "MariaDB"],
]

/** MySQL 5.7 and MariaDB 10.3 and newer, and systems that speak their protocol. */
export const mysql = defineConnector({
  type: "mysql",
  title: "MySQL",
  category: "database",
  proof: "server",
  provenBy: "MariaDB",
  summary: "A MySQL (5.7 or newer) or MariaDB (10.3 or newer): browse its tables, query it read-only, read streams in key order, and write or upsert rows.",
  notes: `
Values: \`timestamp\` is in UTC with a \`Z\`, \`datetime\` has no zone. Impossible dates (\`0000-00-00\`) and \`time\`, which may be negative or
exceed a day, keep the server's notation. \`bit(n)\` is a text of n zeros and ones. Geometries and vectors are bytes (an SRID and WKB).
A value with a zone is converted to UTC when it is written to a \`datetime\`.

MariaDB's catalog reports JSON as text, so discovery shows most users a \`longtext\`. Reading returns JSON, and JSON values are written to a
text column as JSON.

A MySQL user sees only the tables on which it has some right. Other tables are neither listed nor counted.

The hub sets the session's character set, time zone and isolation, so that \`init_connect\` and the server's defaults do not change what is
read or written. A query keeps the server's \`sql_mode\`. Names are told apart as \`lower_case_table_names\` says.

A stream whose key has an \`enum\`, \`set\`, \`bit\` or \`float\`, or a \`char\` with a collation without padding, is read in one pass without a cursor.

Upserts use the primary key, or a unique key without NULLs that the stream names. A row that conflicts with another row by a different
unique key is rejected, whereas \`ON DUPLICATE KEY UPDATE\` alone would change that other row. A row counts as written if it is in the table
afterwards, even if it was there before; the server's own count is 2 for a change and 0 for no change. In tables without transactions
(MyISAM, Aria, MEMORY) rows are written one by one, and commits are refused.

Slices are ranges of the key. Sessions of MySQL cannot share a snapshot, so slices do not all show the same moment.

Tables that the hub creates are InnoDB and compare texts exactly (\`utf8mb4_bin\`). An instant becomes a \`timestamp\`, which ends in the year
2038 on most servers; later values are rejected row by row. A text in a key without a known length becomes a \`varchar(255)\`. A decimal
without known digits becomes a \`decimal(65,30)\`. A widened column keeps its default, counter, collation, checks and comment.

Bytes: rows pass undecoded as \`csv\`, for tables of two columns or more without bytes and bits; reading also leaves out tables with \`float\`,
of which the server's text has six digits. The server makes each line, so a row may not be longer than its \`max_allowed_packet\`, and MariaDB is slow
with texts of a megabyte that are full of quotes. Writing
appends by \`LOAD DATA LOCAL\` to tables with transactions, and needs a server with \`local_infile\` on; MySQL 8 has it off, and bytes are then
not taken. It logs in on a second connection, the only one on which the server may ask for data; it then gets the rows' bytes, and never a
file. The server cuts values that do not fit and only warns, so one warning takes the whole piece back: pass rows instead, which are
refused one by one.`,
  fields: serverFields(
    3306,
    text("Database", { default: "", maxLength: 64, help: "Only this database; if empty, every database that the user may see.", example: "shop" }),
    text("User", { login: true, maxLength: 128, example: "jackfield", help: "We recommend a separate user with SELECT on the tables that the hub reads." }),
  ),
  // MySQL Shell and its kin (MySQL docs, 6.2.5).
  url: databaseUrl(["mysql", "mariadb"], 3306, {
    mode: "ssl-mode",
    ca: "ssl-ca",
    modes: { off: "DISABLED", require: "REQUIRED", verify: "VERIFY_IDENTITY" },
  }),
  address: hostAndPort,
  connect: connectMysqlBy(MYSQL),
  ...sqlVerbs({
    dialect: mysqlDialect,
    catalog: mysqlCatalog,
    errors: mysqlErrors,
    grants: mysqlGrants,
    facts: mysqlFacts(PRODUCTS, "MySQL"),
    writer: mysqlWriter,
    slicer: keySlicer(mysqlDialect),
    ddl: mysqlDdl,
    bytes: mysqlBytes,
    reset: (client) => client.logInAgain(),
  }),
})
