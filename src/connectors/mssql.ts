import { defineConnector } from "../core/connector.ts"
import { connectMssql, fields } from "./mssql/login.ts"
import { hostAndPort } from "./shared/database-url.ts"
import { keySlicer } from "./shared/sql/slices.ts"
import { tdsCatalog } from "./shared/sql/tds/catalog.ts"
import { tdsDdl } from "./shared/sql/tds/ddl.ts"
import { tdsDialect } from "./shared/sql/tds/dialect.ts"
import { tdsErrors } from "./shared/sql/tds/errors.ts"
import { tdsFacts } from "./shared/sql/tds/facts.ts"
import { tdsGrants } from "./shared/sql/tds/grants.ts"
import { tdsWriter } from "./shared/sql/tds/writer.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

/** SQL Server 2017 and newer, and the services of Azure that speak its protocol. Proven against a stand-in at the protocol; no real server was reached. */
export const mssql = defineConnector({
  type: "mssql",
  title: "Microsoft SQL Server",
  category: "database",
  proof: "stand-in",
  summary:
    "SQL Server, Azure SQL Database or Managed Instance: browse one database, query it by one reading statement at a time, read tables in key order, and append or merge rows.",
  notes: `
Proven against a stand-in that speaks the protocol as its documentation says; no real server was reached. Appends, upserts and new tables
need SQL Server 2017 or newer. Warehouses of Synapse and Fabric speak the protocol too: they are for queries and reading, and enforce no keys.

Login: a login of SQL Server, a service principal of Entra, or an access token. Windows logins are not supported, and no name of an instance
is looked up. A login that Azure routes to another host passes the hub's egress rules there.

Queries: SQL Server has no read-only transaction, so a statement's text is checked, and its transaction is rolled back. Words such as
UPDATE are refused as names too, unless they stand in brackets. Give the login only SELECT as well. Parameters are \`@p1\`, \`@p2\` and so on.
A query that is cut off is ended on the server.

Reads see one moment, and wait for no writer, where the database has ALLOW_SNAPSHOT_ISOLATION on. Slices show no common moment. Discovery
lists the objects on which the login has some right. It skips views over names that are not there, if the login may read
\`sys.sql_expression_dependencies\`: that takes SELECT on it and VIEW DEFINITION on the database.

Writes: a bulk load brings a batch as texts into a temporary table, from where INSERT or MERGE takes it over. A text that is no value of its
column, or that its code page cannot hold, is rejected, and so is a row that a constraint refuses; an error inside a trigger takes the whole batch back. Values of an identity
column are kept as given, for which the login needs ALTER on the table. Computed columns, \`rowversion\` and the periods of temporal tables cannot be written.

Tables that the hub creates compare the texts of keys exactly (\`Latin1_General_100_BIN2\`), and other texts as the database does. JSON is
\`nvarchar(max)\`. A decimal without known digits, or with more than 38, is \`nvarchar(max)\`.

Values: decimals and \`money\` are text with all digits, and times have up to seven decimals. A \`datetimeoffset\` keeps its offset. \`hierarchyid\`, \`geography\` and
\`geometry\` are the bytes of their values; select \`.ToString()\` for text. A value with a zone is converted to UTC when it is written to a \`datetime2\`.`,
  fields,
  address: hostAndPort,
  connect: connectMssql,
  ...sqlVerbs({
    dialect: tdsDialect,
    catalog: tdsCatalog,
    errors: tdsErrors,
    grants: tdsGrants,
    facts: tdsFacts,
    writer: tdsWriter,
    slicer: keySlicer(tdsDialect),
    ddl: tdsDdl,
    reset: (client, call) => client.reset(call),
  }),
})
