import { defineConnector } from "../core/connector.ts"
import { connectAthena } from "./athena/api.ts"
import { catalog } from "./athena/catalog.ts"
import { errors } from "./athena/errors.ts"
import { facts } from "./athena/facts.ts"
import { fields } from "./athena/fields.ts"
import { ddl, dialect, writer } from "./athena/tables.ts"
import { serviceHost } from "./shared/aws/endpoints.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"

/** Amazon Athena by its API, engine version 3. */
export const athena = defineConnector({
  type: "athena",
  title: "Amazon Athena",
  category: "warehouse",
  proof: "emulator",
  provenBy: "Trino 476 behind a front that speaks Athena's API, and moto 5.2.5 for signatures and refusals",
  summary: "Amazon Athena with the Glue Data Catalog: browse databases, query them by one reading statement at a time, read tables, and append or merge rows.",
  notes: `
Cost: discovery is free. The test runs SELECT 1, which scans nothing. Every read and query scans what it asks for; the log has the bytes of each. A limit of scanned
bytes in the workgroup is the better protection. Streams are not cut into slices, since each slice would scan the whole table. Results that earlier queries left are never reused.

Queries: the text of a statement is checked; give the identity only reading rights as well. A query that is cut off is stopped in Athena. Parameters are
bound, and long ones become constants of the statement, which may have 262,144 bytes. Arrays, maps and rows come from queries as Athena's texts, which
cannot be taken apart: cast them to JSON. Reads of tables do that themselves.

Keys: Athena knows none. A stream is read in order and from a cursor by the key that a sync names; without one a read is one pass. Partitions are columns.
A view over a dropped table is listed, because Glue keeps its columns; reading it says what it lacks. Glue does not tell instants from wall clocks; a read does.

Writes: appends are one INSERT per 120 kB of rows. Upserts and deletes are MERGE and DELETE, and need an Iceberg table. Each statement commits by itself, so no commit is kept with
the rows. Tables that the hub creates are Iceberg tables in the connector's catalog. Their instants are \`timestamp\` in UTC without a zone, and JSON and times are text.

The identity needs \`athena:GetWorkGroup\`, \`StartQueryExecution\`, \`GetQueryExecution\`, \`GetQueryResults\`, \`StopQueryExecution\` and \`List*\`, reading rights in Glue and on the data, and writing rights on the output location.`,
  fields,
  address: ({ region, endpoint }) =>
    typeof region === "string" && region !== ""
      ? { host: serviceHost("athena", { region, endpoint: (endpoint ?? { kind: "standard" }) as never }), port: 443 }
      : undefined,
  connect: connectAthena,
  ...sqlVerbs({ dialect, catalog, errors, facts, writer, ddl }),
})
