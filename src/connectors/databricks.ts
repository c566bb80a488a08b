import { defineConnector } from "../core/connector.ts"
import { secret, text, variant } from "../core/fields.ts"
import { connectDatabricks, type Databricks, types } from "./databricks/api.ts"
import { errors } from "./databricks/errors.ts"
import { facts } from "./databricks/facts.ts"
import { warehouseId, workspaceHost } from "./databricks/workspace.ts"
import { tokenFault } from "./shared/http/header-rules.ts"
import { deltaDdl, sparkDialect, sparkWriter } from "./shared/sql/spark/dialect.ts"
import { deltaSlicer } from "./shared/sql/spark/slices.ts"
import type { Binding } from "./shared/sql/spark/types.ts"
import { unityCatalog } from "./shared/sql/unity/catalog.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { tunnelField } from "./shared/ssh.ts"

const tenantFault = (text: string): string | undefined => (/^[A-Za-z0-9.-]{1,100}$/.test(text) ? undefined : "must be the id or a domain of a tenant.")

const dialect = sparkDialect("Databricks", "principal", errors)

const client = (help: string) => ({
  clientId: text("Client ID", { login: true, maxLength: 100, example: "4f1b2c3d-0000-4000-8000-1234567890ab", help }),
  clientSecret: secret("Client secret"),
})

/** Databricks SQL by its Statement Execution API. Proven against a stand-in from the vendor's documentation; no real workspace was reached. */
export const databricks = defineConnector({
  type: "databricks",
  title: "Databricks",
  category: "warehouse",
  proof: "stand-in",
  summary:
    "A SQL warehouse of a Databricks workspace on AWS, Azure or Google Cloud: browse Unity Catalog, query it by one reading statement at a time, read tables in key order, and append or merge rows.",
  notes: `
Cost: a statement starts a warehouse that is stopped. A test does not: it says so instead, and runs its one statement only on a warehouse that
runs. Discovery takes four statements, however many tables there are. A read looks a table up without the warehouse.

Queries: the API has no read-only transaction, so the text of a statement is checked. A principal with only SELECT is the better protection.
Parameters are \`:p1\`, \`:p2\` and so on, in their order. A query that is cut off is cancelled in Databricks.

Results: rows come from the cloud storage of the workspace, by links that the API gives for some minutes. The hub needs to reach that storage,
on \`*.amazonaws.com\`, \`*.blob.core.windows.net\` or \`storage.googleapis.com\`. The links get no login of the connector.

Keys: primary keys of Unity Catalog are not enforced, so a batch of a read never ends between rows with the same key. Slices of a Delta table are of one version.

hive_metastore: it has no information_schema, so discovery skips it. Its tables can be queried, read and written by their paths.

Writes: appends are one INSERT, and upserts and deletes one MERGE each, per 4 MiB of rows. Each statement commits by itself, and no commit is
kept with the rows. A statement whose answer is lost is not sent again, since the API cannot tell a repeat from a new one.

Tables that the hub creates are Delta tables with type widening and column mapping. A decimal of more than 38 digits, or of unknown digits, is a
\`STRING\`, and JSON is a \`VARIANT\`. Columns of other tables are widened once \`delta.enableTypeWidening\` is set.

Values: \`BIGINT\` and \`DECIMAL\` are text, a \`TIMESTAMP\` is an instant, \`ARRAY\`, \`MAP\`, \`STRUCT\` and \`VARIANT\` are JSON, and an interval is text.`,
  fields: {
    host: text("Workspace", {
      maxLength: 253,
      aims: true,
      check: (value) =>
        workspaceHost(value) === undefined ? "must be the host of a Databricks workspace, such as dbc-a1b2c3d4-e5f6.cloud.databricks.com." : undefined,
      example: "adb-1234567890123456.7.azuredatabricks.net",
      help: "The workspace's host or URL.",
    }),
    warehouse: text("SQL warehouse", {
      maxLength: 255,
      check: (value) =>
        warehouseId(value) === undefined ? "must be a SQL warehouse's id or HTTP path; a cluster's path leads to no SQL warehouse." : undefined,
      example: "/sql/1.0/warehouses/1a2b3c4d5e6f7890",
      help: "Its id, or the HTTP path of its connection details.",
    }),
    auth: variant("Login", {
      token: { title: "Access token", fields: { token: secret("Token", { check: tokenFault, help: "A personal access token, or an OAuth access token." }) } },
      oauth: { title: "Service principal", fields: client("The application ID of the service principal, with an OAuth secret of Databricks.") },
      entra: {
        title: "Microsoft Entra service principal",
        fields: {
          tenant: text("Tenant", { maxLength: 100, check: tenantFault, example: "contoso.onmicrosoft.com" }),
          ...client("The application's ID in Entra."),
        },
      },
    }),
    catalog: text("Catalog", { default: "", maxLength: 255, example: "main", help: "Empty: the workspace's default, and discovery lists every catalog." }),
    schema: text("Schema", { default: "", maxLength: 255, example: "default", help: "For names without one. Empty: the catalog's default." }),
    tunnel: tunnelField,
  },
  address: ({ host }) => {
    const name = typeof host === "string" ? workspaceHost(host) : undefined
    return name === undefined ? undefined : { host: name, port: 443 }
  },
  connect: connectDatabricks,
  ...sqlVerbs<Binding, Databricks>({
    dialect,
    catalog: unityCatalog({ dialect, errors, types }),
    errors,
    facts,
    writer: sparkWriter(),
    slicer: deltaSlicer(dialect, errors),
    ddl: deltaDdl,
  }),
})
