import { defineConnector } from "../core/connector.ts"
import { text } from "../core/fields.ts"
import { catalog } from "./mysql/catalog.ts"
import { databaseUrl, hostAndPort } from "./shared/database-url.ts"
import { loginOf, serverFields } from "./shared/sql/login.ts"
import { connectMysql } from "./shared/sql/mysql/client.ts"
import { mysqlDdl } from "./shared/sql/mysql/ddl.ts"
import { mysqlDialect } from "./shared/sql/mysql/dialect.ts"
import { mysqlErrors } from "./shared/sql/mysql/errors.ts"
import { mysqlFacts } from "./shared/sql/mysql/facts.ts"
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
  summary: "A MySQL (5.7 or newer) or MariaDB (10.3 or newer): browse its tables, query it read-only, read streams in key order, and write or upsert rows.",
  notes: `
Values: \`timestamp\` comes in UTC with its \`Z\`, \`datetime\` without a zone. Dates that no calendar has (\`0000-00-00\`) and \`time\`, which may
be negative or longer than a day, come as the server writes them. \`bit(n)\` comes as text of n zeros and ones, geometries and vectors as their
bytes (an SRID and WKB). A value with a zone is written to a \`datetime\` in UTC.

JSON of MariaDB is a text in its catalog, so discovery shows most users a \`longtext\`. Reading gives JSON, and a JSON value that is written to a
text goes in as JSON.

A user of MySQL sees only the tables on which it has some right. Other tables are neither listed nor counted.

Upserts go by the primary key, or by the unique key without NULLs that the stream names. A row that meets another row by another unique key
is refused; \`ON DUPLICATE KEY UPDATE\` alone would change that other row. The report counts the rows that stand in the table afterwards, those
that stood there already included. In tables without transactions (MyISAM, Aria, MEMORY) rows are put one by one.`,
  fields: serverFields(
    3306,
    text("Database", { default: "", maxLength: 64, help: "Empty: every database that the user may see; else this one alone.", example: "shop" }),
    text("User", { login: true, maxLength: 128, example: "jackfield", help: "Best a user of its own, with SELECT on what the hub shall read." }),
  ),
  // MySQL Shell and its kin (MySQL docs, 6.2.5).
  url: databaseUrl(["mysql", "mariadb"], 3306, {
    mode: "ssl-mode",
    ca: "ssl-ca",
    modes: { off: "DISABLED", require: "REQUIRED", verify: "VERIFY_IDENTITY" },
  }),
  address: hostAndPort,
  connect: (config, lease) => {
    const { login, lease: way } = loginOf(config, lease)
    return connectMysql(login, way)
  },
  ...sqlVerbs({
    dialect: mysqlDialect,
    catalog,
    errors: mysqlErrors,
    facts: mysqlFacts(PRODUCTS, "MySQL"),
    writer: mysqlWriter,
    slicer: keySlicer(mysqlDialect),
    ddl: mysqlDdl,
    reset: (client) => client.logInAgain(),
  }),
})
