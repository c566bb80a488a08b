import { defineConnector } from "../core/connector.ts"
import { hostAndPort } from "./shared/database-url.ts"
import { trinoDdl, trinoDialect, trinoSlicer, trinoWriter } from "./shared/sql/trino/dialect.ts"
import { trinoUrl } from "./shared/sql/trino/url.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { catalog } from "./trino/catalog.ts"
import { connectTrino, errors } from "./trino/connect.ts"
import { facts } from "./trino/facts.ts"
import { fields } from "./trino/fields.ts"

const dialect = trinoDialect("Trino", errors)

/** Trino by the HTTP protocol of its own clients. Starburst speaks the same; Presto has other headers. */
export const trino = defineConnector({
  type: "trino",
  title: "Trino",
  category: "warehouse",
  proof: "server",
  provenBy: "Trino 476",
  summary: "A Trino or Starburst cluster: browse its catalogs, query them by one reading statement at a time, read tables by a key, and append or merge rows.",
  notes: `
Queries: a statement's text is checked, and EXPLAIN ANALYZE and the table functions that pass a text to a catalog's underlying system are
rejected; in addition, give the user only SELECT. Parameters need Trino 418 or newer. A query that is stopped is cancelled in Trino.

Keys: Trino has none. A stream is read in order, in slices and from a cursor by the key that a sync names; a row without a value in the key is
an error, and a batch never ends between rows with the same key. Without a key, a read is one pass. Slices do not all show the same moment; cutting them reads a sample of the keys.

Discovery takes four statements for each catalog, and skips a catalog whose system does not answer. A view over a dropped table is listed,
because Trino keeps its columns; reading it reports the missing table.

Writes: appends are one INSERT, and upserts one MERGE, per 450 kB of rows; MERGE and deletes need a catalog that has them, such as Iceberg.
Each statement commits by itself: commit tokens are not kept, and an interrupted write may be stored in part. Nested bytes and times are not written.

Tables that the hub creates have types that Iceberg knows: times have six decimals, JSON is a \`varchar\`, and key columns are NOT NULL.
In Trino, all names are in lower case. Values: \`row\` and \`map\` are returned as JSON objects, and \`bigint\` as text. An instant keeps its offset. Intervals and addresses are text.

Behind a proxy that ends TLS, Trino needs \`http-server.process-forwarded=true\`: the hub follows links only to the connector's own host and port.`,
  fields,
  url: trinoUrl,
  address: hostAndPort,
  connect: connectTrino,
  ...sqlVerbs({ dialect, catalog, errors, facts, writer: trinoWriter, slicer: trinoSlicer(dialect), ddl: trinoDdl }),
})
