import { defineConnector } from "../core/connector.ts"
import { connectBigQuery } from "./bigquery/api.ts"
import { catalog } from "./bigquery/catalog.ts"
import { facts } from "./bigquery/facts.ts"
import { fields } from "./bigquery/fields.ts"
import { named, writer } from "./bigquery/writer.ts"
import { type GoogleEndpoint, googleHost } from "./shared/google/endpoints.ts"
import { dryRun } from "./shared/sql/bigquery-rest/dry-run.ts"
import { errors } from "./shared/sql/bigquery-rest/errors.ts"
import { listed } from "./shared/sql/bigquery-rest/tables.ts"
import { googleDdl, googleDialect } from "./shared/sql/googlesql/dialect.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

/** Google BigQuery by its REST API, version 2. */
export const bigquery = defineConnector({
  type: "bigquery",
  title: "Google BigQuery",
  category: "warehouse",
  proof: "emulator",
  provenBy: "bqemulator 1.4.0 behind a strict front",
  summary:
    "Google BigQuery: browse datasets, query them by one reading statement at a time, read tables without a scan or in the order of columns, and append or merge rows.",
  notes: `
Cost: the test reads no table. Discovery asks INFORMATION_SCHEMA, which is billed for ten megabytes per view: four views per location, and one of
keys per dataset. Every query is first validated by a dry run, which is free; then its own scan is billed, at most up to the connector's limit. The log has the bytes of each.
A dry run of a query says how many bytes it would read; BigQuery bills at least ten megabytes for each table that a statement reads.
A table that is read without a key and without a range is listed, which is free. A read by a key or since a value is one statement, which scans the
columns that it takes. Streams are not cut into slices, since each slice would scan the whole table.

Queries: the text of a statement is checked, and by the dry run BigQuery itself says that it is a SELECT. Parameters are question marks in the statement; they get the types
that BigQuery finds for them. A query that is cut off is cancelled. BigQuery ends a result of more than about ten gigabytes with an error.

Keys: primary keys are not enforced, so a batch of a read never ends between rows with the same key. A table without one is read in order by the key that a sync names.
A view over a dropped table is listed, because BigQuery keeps its columns; reading it says what it lacks. Each shard of a table by date is a stream of its own.

Writes: rows are loaded by load jobs, which are free; a table takes 1,500 of them a day. Upserts and deletes wait in a table \`jackfield_stage_…\` beside the target,
which one MERGE takes over; it is billed for what it scans of the target. The hub drops that table, and otherwise BigQuery does after a day.

Commits: a commit is the id of the job that writes its rows. A project takes no id twice, and knows ids for six months, so a repeat is recognised.

Tables that the hub creates: an integer of up to 64 bits is an \`INT64\`, a decimal a \`NUMERIC\` or \`BIGNUMERIC\` with its digits, or a \`STRING\` where it has more than 76. A text with a
length is a \`STRING(n)\`, an instant a \`TIMESTAMP\`, a wall clock a \`DATETIME\`. A list of lists or objects is \`JSON\`. The names of columns may not hold \`!"$()*,./;?@[\\]^{}~\` and backticks.

Values: \`INT64\`, \`NUMERIC\` and \`BIGNUMERIC\` are text, \`STRUCT\`, \`RANGE\` and \`JSON\` are JSON, \`GEOGRAPHY\` is WKT, and an \`INTERVAL\` is text.

The account needs BigQuery Job User on the project that pays, and BigQuery Data Viewer, or Data Editor to write, on the datasets. It also needs BigQuery Metadata Viewer on the
project to see the numbers of rows.`,
  fields,
  address: ({ endpoint }) => ({ host: googleHost("bigquery", (endpoint ?? { kind: "global" }) as GoogleEndpoint), port: 443 }),
  connect: connectBigQuery,
  ...sqlVerbs({
    dialect: googleDialect("BigQuery", "account", errors),
    catalog,
    errors,
    facts,
    dryRun,
    writer,
    ddl: { ...googleDdl, alone: true },
    named,
    listed,
  }),
})
