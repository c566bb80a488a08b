import { defineConnector } from "../core/connector.ts"
import { catalog } from "./clickhouse/catalog.ts"
import { connectClickhouse } from "./clickhouse/connect.ts"
import { facts } from "./clickhouse/facts.ts"
import { fields } from "./clickhouse/fields.ts"
import { hostAndPort } from "./shared/database-url.ts"
import { clickhouseDdl } from "./shared/sql/clickhouse/ddl.ts"
import { clickhouseDialect, clickhouseSlicer } from "./shared/sql/clickhouse/dialect.ts"
import { clickhouseErrors } from "./shared/sql/clickhouse/errors.ts"
import { clickhouseGrants } from "./shared/sql/clickhouse/grants.ts"
import { clickhouseUrl } from "./shared/sql/clickhouse/url.ts"
import { clickhouseWriter } from "./shared/sql/clickhouse/writer.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

/** ClickHouse and ClickHouse Cloud by the HTTP interface. */
export const clickhouse = defineConnector({
  type: "clickhouse",
  title: "ClickHouse",
  category: "warehouse",
  proof: "emulator",
  provenBy: "ClickHouse 26.9's engine behind a front of ours, and ClickHouse 18.16 for streaming, cancelling and users",
  summary:
    "A ClickHouse server or ClickHouse Cloud: browse its tables, query it read-only, read tables in the order of their sorting key, and insert or replace rows.",
  notes: `
Queries: \`readonly = 1\` goes with every statement that reads, so that ClickHouse itself refuses changes, table functions that open connections
(\`url()\`, \`s3()\`, \`remote()\`) and SETTINGS, for which there is a field. A profile with \`readonly = 2\` cannot be lowered, so give such a user
no SOURCES; one with \`readonly = 1\` is refused, because the hub must choose how values are written. Parameters are \`{p1:UInt64}\`,
\`{p2:DateTime64(3, 'UTC')}\`. A statement that is cut off is killed; on a cluster, closing its connection ends it.
Its time is the call's, or \`max_execution_time\` of the settings or the profile if that is shorter.

Values: integers of 64 bits and more, and decimals, are texts; instants are in UTC; maps and tuples with names are JSON objects. \`String\` is text,
and bytes that are no UTF-8 are an error; \`FixedString\` is bytes. A value that does not fit is rejected by the hub, row by row: ClickHouse
would wrap numbers, move dates and cut decimals.

Keys: a sorting key is not unique. Its leading columns are the stream's key, and a batch never ends between rows of one key. A
ReplacingMergeTree is read with FINAL, which shows one row of each key. Slices show no common moment.

Writes: each INSERT is one part of each partition, all of it or none; asynchronous inserts and the removal of equal blocks are switched off.
Upserts and deletes need a ReplacingMergeTree without a version whose sorting key is the key; readers without FINAL see replaced rows until
parts merge. No commits are kept: a deduplication token does not say whether its rows are there.

Tables that the hub creates are a ReplacingMergeTree ordered by their key, or a MergeTree without one, on the server alone and not ON CLUSTER.
JSON, bytes (as base64), lists and times are \`String\`, and a time without a zone counts as one of UTC. A key's columns are not widened.

The test and discovery read no data. Kafka and other queues are skipped. Views over dropped tables are listed, because ClickHouse keeps their columns.`,
  fields,
  url: clickhouseUrl,
  address: hostAndPort,
  connect: connectClickhouse,
  ...sqlVerbs({
    dialect: clickhouseDialect,
    catalog,
    errors: clickhouseErrors,
    grants: clickhouseGrants,
    facts,
    writer: clickhouseWriter,
    slicer: clickhouseSlicer(),
    ddl: clickhouseDdl,
    // Requests have no session.
    reset: async () => undefined,
  }),
})
