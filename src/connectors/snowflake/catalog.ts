import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered, StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { type Catalog, countedBy, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { qualified } from "../shared/sql/dialect.ts"
import { type Keys, keysOf, pathKey, show } from "../shared/sql/show.ts"
import { byName } from "../shared/sql/wire.ts"
import type { Snowflake } from "./api.ts"
import { dialect } from "./dialect.ts"
import { errors } from "./errors.ts"
import { columnOf, nativeType, type RowType, typed } from "./values.ts"

const { ident } = dialect
const OURS = "TABLE_SCHEMA <> 'INFORMATION_SCHEMA'"

const countSql = (database: string): string =>
  `SELECT TABLE_TYPE, COUNT(*) AS MANY FROM ${ident(database)}.INFORMATION_SCHEMA.TABLES WHERE ${OURS} GROUP BY TABLE_TYPE ORDER BY TABLE_TYPE`

/** One row per column, one for a table without any; in order of schema, table and position. */
const columnsSql = (database: string): string => {
  const views = `${ident(database)}.INFORMATION_SCHEMA`
  return `SELECT T.TABLE_SCHEMA, T.TABLE_NAME, T.TABLE_TYPE, T.ROW_COUNT, T.COMMENT, C.COLUMN_NAME, C.IS_NULLABLE, C.DATA_TYPE,
    C.NUMERIC_PRECISION, C.NUMERIC_SCALE, C.DATETIME_PRECISION, C.CHARACTER_MAXIMUM_LENGTH
  FROM ${views}.TABLES T LEFT JOIN ${views}.COLUMNS C ON C.TABLE_SCHEMA = T.TABLE_SCHEMA AND C.TABLE_NAME = T.TABLE_NAME
  WHERE T.${OURS} ORDER BY T.TABLE_SCHEMA, T.TABLE_NAME, C.ORDINAL_POSITION`
}

/** Columns that a table may have at most; the documentation names no number. */
const MOST_COLUMNS = 100_000
/** SHOW gives at most this many rows (docs, SHOW). */
const SHOW_MOST = 10_000

/** No such object, or none that this role may see: Snowflake does not tell these apart. */
const MISSING: ReadonlySet<string> = new Set(["002003", "002043"])

export const catalog: Catalog<Snowflake> = {
  path: ["database", "schema", "name"],
  whole: ({ place: { database } }, path) => (path.length === 2 && database !== undefined ? [database, ...path] : path),
  discover: (client, call) => (client.place.database === undefined ? everywhere(client, call) : inDatabase(client, client.place.database, call)),
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

/** Everything in one database, by three statements. */
async function* inDatabase(client: Snowflake, database: string, call: Call): AsyncGenerator<Discovered> {
  const { wire } = client
  yield countedBy((await wire.run(countSql(database), [], call)).rows, ([type]) => kindName(type))
  const keys = await keysIn(client, `DATABASE ${ident(database)}`, call)
  for await (const rows of grouped(wire.pages(columnsSql(database), [], { batchRows: 500 }, call), 2, MOST_COLUMNS, "Snowflake")) {
    const [schema, name, type, estimate, comment] = rows[0] ?? []
    const columns = rows.flatMap(([, , , , , column, nullable, dataType, precision, scale, decimals, length]): Column[] => {
      if (typeof column !== "string") return []
      const native = nativeType(String(dataType), number(precision), number(scale ?? decimals), number(length))
      return [{ name: column, ...typed(native), nullable: nullable !== "NO" }]
    })
    yield relation([database, String(schema), String(name)], type, columns, estimate, comment, keys)
  }
}

/** Everything that the role sees in the account, by three SHOW statements. A SHOW that is cut is an error, never a silence. */
async function* everywhere(client: Snowflake, call: Call): AsyncGenerator<Discovered> {
  const whole = async (what: string) => {
    const { rows, cut } = await show(client, `SHOW ${what} IN ACCOUNT`, { most: SHOW_MOST }, call)
    if (cut)
      throw new PlatformError("response_too_large", "The account holds more than Snowflake shows at once (10,000 columns); choose a database in the connector.")
    return rows
  }
  const pathOf = (row: Row, name: string) => [row["database_name"], row["schema_name"], row[name]].map(String)
  const objects = (await whole("OBJECTS")).filter((row) => row["schema_name"] !== "INFORMATION_SCHEMA")
  const columns = Map.groupBy(await whole("COLUMNS"), (row) => pathKey(pathOf(row, "table_name")))
  const keys = await keysIn(client, "ACCOUNT", call)
  yield countedBy(
    objects.map(({ kind }) => [kind ?? "", 1]),
    ([kind]) => kindName(kind),
  )
  for (const object of objects) {
    const path = pathOf(object, "name")
    const own = (columns.get(pathKey(path)) ?? []).map((row) =>
      // SHOW COLUMNS has the type as JSON: `{"type":"FIXED","precision":38,"scale":0,"nullable":true}`.
      columnOf({ ...(JSON.parse(String(row["data_type"] ?? "{}")) as Omit<RowType, "name">), name: String(row["column_name"]) }),
    )
    yield relation(path, object["kind"], own, object["rows"], object["comment"], keys)
  }
}

type Row = Readonly<Record<string, Value>>

/** A stream, or why it is none. */
function relation(path: readonly string[], type: Value | undefined, columns: readonly Column[], estimate: unknown, comment: unknown, keys: Keys): Relation {
  if (columns.length === 0)
    return { skipped: { path, reason: "Snowflake lists no columns of it: a view that no longer compiles, or nothing of it that the role may see." } }
  return described({
    path,
    kind: kindOf(type),
    columns,
    key: keys.get(pathKey(path)) ?? [],
    keyHolds: false,
    estimatedRows: number(estimate),
    notes: [typeof comment === "string" ? comment : undefined],
  })
}

const number = (value: unknown): number | undefined => (value === null || value === undefined ? undefined : Number(value))

/** As Snowflake names kinds: `BASE TABLE` is a table, the others as they are, in lower case. */
const kindName = (type: Value | undefined): string => (/^(BASE )?TABLE$/.test(String(type)) ? "table" : String(type).toLowerCase().replaceAll("_", " "))

function kindOf(type: Value | undefined): StreamKind {
  const name = kindName(type)
  if (name.includes("view")) return name.includes("materialized") ? "materialized view" : "view"
  return name.includes("external") ? "foreign table" : "table"
}

/** The primary keys there. Beyond what SHOW gives, keys are unknown, and the log says so. */
async function keysIn(client: Snowflake, where: string, call: Call): Promise<Keys> {
  const { rows, cut } = await show(client, `SHOW PRIMARY KEYS IN ${where}`, { most: SHOW_MOST, quick: true }, call)
  if (cut) call.log("Snowflake shows 10,000 key columns at most; the keys of the other tables are not known")
  return keysOf(rows, (row) => ({
    path: [row["database_name"], row["schema_name"], row["table_name"]],
    at: Number(row["key_sequence"]),
    column: String(row["column_name"]),
  }))
}
