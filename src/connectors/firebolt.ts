import type { Call } from "../core/call.ts"
import { defineConnector, type ServerFacts } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { secret, text } from "../core/fields.ts"
import { accountFault, apiFault, connectFirebolt, errors, type Firebolt } from "./firebolt/api.ts"
import { catalog } from "./firebolt/catalog.ts"
import type { Ddl } from "./shared/sql/ddl.ts"
import type { Dialect } from "./shared/sql/dialect.ts"
import type { Dollar } from "./shared/sql/dollars.ts"
import { isSpelled } from "./shared/sql/json-rows.ts"
import { pgDdl } from "./shared/sql/pg/ddl.ts"
import { fromTextBy, textDialect } from "./shared/sql/text-dialect.ts"
import { digited } from "./shared/sql/types.ts"
import { unionWriter } from "./shared/sql/union-writer.ts"
import { sqlVerbs } from "./shared/sql/verbs.ts"
import { bytesOf, Unfit } from "./shared/unfit.ts"

const fromText = fromTextBy({})
const texts = textDialect<Dollar>({
  product: "Firebolt",
  login: "service account",
  quote: '"',
  errors,
  fromText,
  param: (value) => (typeof value === "object" && value !== null && !("digits" in value) ? JSON.stringify(value) : (value as Dollar)),
  reading: {
    words: ["select", "with", "show", "explain", "describe"],
    lexis: { lineComments: [/--/y], quotes: `'"`, escapes: "" },
    by: {},
    fault: (bare) => (/^\s*explain\s*\([^)]*analyze/i.test(bare) ? "EXPLAIN (ANALYZE) runs the statement; explain it without ANALYZE." : undefined),
  },
})
const dialect: Dialect<Dollar> = {
  ...texts,
  bound: (n) => `$${n}`,
  compared: (n, column) => fromText(column, `$${n}`),
  stored: (n, column) => fromText(column, `$${n}`),
  encode(value, column) {
    if (value !== null && column.type === "bytes") return `\\x${bytesOf(value).toString("hex")}`
    if (value !== null && column.type === "array") throw new Unfit("arrays cannot be written; use a JSON or a text column")
    return texts.encode(value, column)
  },
  order: {
    ...texts.order,
    keyValue(value, column) {
      if (!isSpelled(String(value), column)) throw new Unfit(`it is no ${column.type}`)
      return dialect.encode(value, column)
    },
  },
}

const ddl: Ddl = {
  types: {
    ...pgDdl.types,
    string: "text",
    integer: [...pgDdl.types.integer.slice(1, 3), [127, "numeric(38,0)"]],
    decimal: digited("numeric", 38, "text"),
    time: "text",
    timestamp: ({ zoned = true }) => (zoned ? "timestamptz" : "timestamp"),
    json: "json",
    array: "json",
  },
  keyAfter: (names) => `PRIMARY INDEX ${names}`,
}

/** Three stages by the system engine, which starts nothing: the login, whether database and engine are there, and a statement. */
async function facts({ system, config, enter }: Firebolt, call: Call): Promise<ServerFacts> {
  const { database, engine } = config
  const rows = async (sql: string, params: readonly Dollar[]) => (await system.run(sql, params, call)).rows
  await call.stage("auth", () => enter(call))
  const [status, version, stops] = await call.stage("permission", async () => {
    const databases = "SELECT catalog_name FROM information_schema.catalogs WHERE catalog_name = $1"
    // Every statement names the database, and is refused if it is not there.
    const found = await rows(databases, [database]).catch((error: unknown) => {
      if (error instanceof PlatformError && error.code === "query_invalid") return []
      throw error
    })
    if (found.length === 0) throw missing("database", database)
    const [row] = await rows("SELECT status, version, auto_stop FROM information_schema.engines WHERE engine_name = $1", [engine])
    if (row === undefined) throw missing("engine", engine)
    return row
  })
  await call.stage("probe", () => rows("SELECT 1", []))
  const cost = `The engine ${engine} is ${String(status).toLowerCase()}; the first query or write starts it, and it costs until it stops${stops === null ? "" : ` (auto_stop: ${stops} minutes)`}. This test started nothing.`
  return {
    product: "Firebolt",
    ...(typeof version === "string" ? { version } : {}),
    details: { database, engine, status: String(status) },
    ...(/^running$/i.test(String(status)) ? {} : { warnings: [cost] }),
  }
}

const missing = (kind: "database" | "engine", name: string): PlatformError =>
  new PlatformError(
    "database_not_found",
    `There is no ${kind} ${name}, or the service account may not use it; check the name, or GRANT USAGE ON ${kind.toUpperCase()} to its role.`,
  )

const name = (title: string, example: string, help: string, more = {}) => text(title, { maxLength: 255, example, help, ...more })

/** Firebolt by its REST API, with a service account. Proven against a stand-in from the vendor's documentation; no real account was reached. */
export const firebolt = defineConnector({
  type: "firebolt",
  title: "Firebolt",
  category: "warehouse",
  proof: "stand-in",
  summary:
    "A Firebolt database by its REST API: browse its tables, query it by one reading statement at a time, read tables in the order of their primary index, and append or merge rows.",
  notes: `
Login: a service account with a user linked to it. The user name and password of Firebolt's first version are deprecated and not supported.

Costs: tests, discovery and all other metadata come from the system engine, which always runs and costs nothing. Queries, reads and writes use
the engine that the connector names; they start it if it is stopped and its \`auto_start\` is on. A query that is stopped is cancelled, because the
hub asks Firebolt to cancel it when its connection drops, and \`statement_timeout\` ends it in any case.

Keys: a primary index sorts a table and is not unique. Its columns are the stream's key, so a batch of a read never ends between rows with
equal keys; an index with many equal rows leads to large batches. A table without an index is read in one pass without a cursor.

Writes: appends are one INSERT, and upserts one MERGE, per 500 rows or 1 MiB. Each statement commits by itself. Commit tokens are not supported: keys are not
enforced, so two equal commits at the same moment could not be told apart. Arrays cannot be written. Columns cannot be widened.

Values: statements run in UTC. \`struct\` and \`json\` (a preview feature) are returned as JSON, and \`geography\` as the text of its WKB. Tables that the
hub creates have the key as their primary index; a time and a decimal without known digits become texts.`,
  fields: {
    clientId: name("Service account ID", "dmZ…", "The ID that Firebolt shows with the service account.", { login: true }),
    clientSecret: secret("Service account secret"),
    account: name("Account", "my-account", "The name of the account within the organization.", { aims: true, check: accountFault }),
    api: name("API endpoint", "api.app.firebolt.io", "Where the account is.", { default: "api.app.firebolt.io", aims: true, check: apiFault }),
    database: name("Database", "ultra_fast", "As it is written in information_schema.catalogs: in lower case unless it was quoted."),
    engine: name("Engine", "my_engine", "Runs queries, reads and writes. Tests and discovery do not start it."),
  },
  address: ({ api }) => (typeof api === "string" ? { host: api, port: 443 } : undefined),
  connect: connectFirebolt,
  ...sqlVerbs({ dialect, catalog, errors, facts, writer: unionWriter<Dollar, Firebolt>(fromText), ddl }),
})
