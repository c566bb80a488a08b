import type { Call } from "../../core/call.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Catalog } from "../shared/sql/catalog.ts"
import { inDatabase } from "../shared/sql/information-schema.ts"
import { type Keys, keysOf, type Shown, show, showAll } from "../shared/sql/show.ts"
import { describedTable, shownRelations } from "../shared/sql/shown-catalog.ts"
import type { ColumnParts } from "../shared/sql/text-types.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"
import { errors } from "./errors.ts"
import { types } from "./values.ts"

/** SHOW gives at most this many rows (docs, SHOW). */
const SHOW_MOST = 10_000

const describing = {
  dialect,
  errors,
  // No such object, or none that this role may see: Snowflake does not tell these apart.
  missing: ["002003", "002043"],
  columnOf: (row: Shown["rows"][number]) => ({ name: String(row["name"]), ...types.typed(String(row["type"])), nullable: row["null?"] !== "N" }),
  keyed: (row: Shown["rows"][number]) => row["primary key"] === "Y",
}

export const catalog: Catalog<Snowflake> = {
  path: ["database", "schema", "name"],
  whole: ({ place: { database } }, path) => (path.length === 2 && database !== undefined ? [database, ...path] : path),
  discover(client, call) {
    const { database } = client.place
    if (database === undefined) return everywhere(client, call)
    const within = dialect.ident(database)
    const [views, typeOf] = [`${within}.INFORMATION_SCHEMA`, (...parts: Parameters<typeof types.nativeType>) => types.typed(types.nativeType(...parts))]
    return inDatabase(client, { product: "Snowflake", views, database, typeOf, keys: () => keysIn(client, `DATABASE ${within}`, call) }, call)
  },
  find: (client, path, call) => describedTable(client, path, describing, call),
}

/** Everything that the role sees in the account, by three SHOW statements. */
async function* everywhere(client: Snowflake, call: Call): AsyncGenerator<Discovered> {
  const all = (what: string) => showAll(client, `SHOW ${what} IN ACCOUNT`, SHOW_MOST, "choose a database in the connector", call)
  const objects = (await all("OBJECTS")).filter((row) => row["schema_name"] !== "INFORMATION_SCHEMA")
  const columns = (await all("COLUMNS")).map((row) => {
    // The type comes as JSON: `{"type":"FIXED","precision":38,"scale":0,"nullable":true}`.
    const type = JSON.parse(String(row["data_type"] ?? "{}")) as Omit<ColumnParts, "name">
    return { path: pathOf(row, "table_name"), column: types.columnOf({ ...type, name: String(row["column_name"]) }) }
  })
  const found = objects.map((row) => ({ path: pathOf(row, "name"), kind: row["kind"], estimate: row["rows"], comment: row["comment"] }))
  yield* shownRelations({ product: "Snowflake", objects: found, columns, keys: await keysIn(client, "ACCOUNT", call) })
}

const pathOf = (row: Shown["rows"][number], name: string): string[] => [row["database_name"], row["schema_name"], row[name]].map(String)

/** The primary keys there. Beyond what SHOW gives, keys are unknown, and the log says so. */
async function keysIn(client: Snowflake, where: string, call: Call): Promise<Keys> {
  const { rows, cut } = await show(client, `SHOW PRIMARY KEYS IN ${where}`, { most: SHOW_MOST, quick: true }, call)
  if (cut) call.log("Snowflake shows 10,000 key columns at most; the keys of the other tables are not known")
  return keysOf(rows, (row) => ({ path: pathOf(row, "table_name"), at: Number(row["key_sequence"]), column: String(row["column_name"]) }))
}
