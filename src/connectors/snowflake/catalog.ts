import type { Call } from "../../core/call.ts"
import type { Discovered } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { type Catalog, countedBy, described } from "../shared/sql/catalog.ts"
import { qualified } from "../shared/sql/dialect.ts"
import { inDatabase, kindName, warehouseRelation } from "../shared/sql/information-schema.ts"
import { type Keys, keysOf, pathKey, type Shown, show, showAll } from "../shared/sql/show.ts"
import { byName } from "../shared/sql/wire.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"
import { errors } from "./errors.ts"
import { columnOf, nativeType, type RowType, typed } from "./values.ts"

/** SHOW gives at most this many rows (docs, SHOW). */
const SHOW_MOST = 10_000

/** No such object, or none that this role may see: Snowflake does not tell these apart. */
const MISSING: ReadonlySet<string> = new Set(["002003", "002043"])

export const catalog: Catalog<Snowflake> = {
  path: ["database", "schema", "name"],
  whole: ({ place: { database } }, path) => (path.length === 2 && database !== undefined ? [database, ...path] : path),
  discover(client, call) {
    const { database } = client.place
    if (database === undefined) return everywhere(client, call)
    const within = dialect.ident(database)
    const [views, typeOf] = [`${within}.INFORMATION_SCHEMA`, (...parts: Parameters<typeof nativeType>) => typed(nativeType(...parts))]
    return inDatabase(client, { product: "Snowflake", views, database, typeOf, keys: () => keysIn(client, `DATABASE ${within}`, call) }, call)
  },
  async find({ wire }, path, call) {
    try {
      const found = byName(await wire.run(`DESCRIBE TABLE ${qualified(dialect, path)}`, [], call, true))
      const columns = found.map((row): Column => ({ name: String(row["name"]), ...typed(String(row["type"])), nullable: row["null?"] !== "N" }))
      const key = found.flatMap((row) => (row["primary key"] === "Y" ? [String(row["name"])] : []))
      return described({ path, kind: "table", columns, key, keyHolds: false, notes: [] })
    } catch (error) {
      if (MISSING.has(errors.said(error)?.code ?? "")) return undefined
      throw error
    }
  },
}

/** Everything that the role sees in the account, by three SHOW statements. */
async function* everywhere(client: Snowflake, call: Call): AsyncGenerator<Discovered> {
  const all = (what: string) => showAll(client, `SHOW ${what} IN ACCOUNT`, SHOW_MOST, "choose a database in the connector", call)
  const objects = (await all("OBJECTS")).filter((row) => row["schema_name"] !== "INFORMATION_SCHEMA")
  const columns = Map.groupBy(await all("COLUMNS"), (row) => pathKey(pathOf(row, "table_name")))
  const keys = await keysIn(client, "ACCOUNT", call)
  const counts = objects.map(({ kind = "" }) => [kind, 1])
  yield countedBy(counts, ([kind]) => kindName(kind))
  for (const object of objects) {
    const path = pathOf(object, "name")
    const { kind, rows: estimate, comment } = object
    const own = (columns.get(pathKey(path)) ?? []).map((row) =>
      // The type comes as JSON: `{"type":"FIXED","precision":38,"scale":0,"nullable":true}`.
      columnOf({ ...(JSON.parse(String(row["data_type"] ?? "{}")) as Omit<RowType, "name">), name: String(row["column_name"]) }),
    )
    yield warehouseRelation({ product: "Snowflake", path, type: kind, columns: own, estimate, comment, keys })
  }
}

const pathOf = (row: Shown["rows"][number], name: string): string[] => [row["database_name"], row["schema_name"], row[name]].map(String)

/** The primary keys there. Beyond what SHOW gives, keys are unknown, and the log says so. */
async function keysIn(client: Snowflake, where: string, call: Call): Promise<Keys> {
  const { rows, cut } = await show(client, `SHOW PRIMARY KEYS IN ${where}`, { most: SHOW_MOST, quick: true }, call)
  if (cut) call.log("Snowflake shows 10,000 key columns at most; the keys of the other tables are not known")
  return keysOf(rows, (row) => ({ path: pathOf(row, "table_name"), at: Number(row["key_sequence"]), column: String(row["column_name"]) }))
}
