import type { Call } from "../../../../core/call.ts"
import type { Discovered } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { type Catalog, countedBy, grouped, type Relation } from "../catalog.ts"
import { type Dialect, qualified } from "../dialect.ts"
import type { ErrorTable } from "../errors.ts"
import type { HttpWire } from "../http-statements.ts"
import { kindName, warehouseRelation } from "../information-schema.ts"
import { keysOf, pathKey } from "../show.ts"
import { type sparkTypes, spelledType } from "../spark/types.ts"
import { byName, type SqlConnection } from "../wire.ts"

/** A connection to a system whose names are in Unity Catalog, which answers on the host of the wire. */
export interface UnityConnection<B> extends SqlConnection<B> {
  readonly wire: HttpWire<B>
  /** Empty: the system's default. */
  readonly catalog: string
  readonly schema: string
}

export interface Unity {
  readonly dialect: Pick<Dialect<never>, "ident" | "product">
  readonly errors: ErrorTable
  readonly types: ReturnType<typeof sparkTypes>
}

/** The metastore from before Unity Catalog, which has no information_schema. */
const HIVE = "hive_metastore"
const MISSING = /^(TABLE_DOES_NOT_EXIST|TABLE_OR_VIEW_NOT_FOUND|(CATALOG|SCHEMA)_DOES_NOT_EXIST|RESOURCE_DOES_NOT_EXIST|HTTP 404)$/
/** Columns of one table, beyond which the answer is not believed. */
const MOST_COLUMNS = 100_000
const PAGES = { batchRows: 500 }
const OURS = "T.table_schema <> 'information_schema' AND T.table_catalog <> '__databricks_internal'"

/**
 * The catalogs, schemas and tables of Unity Catalog: all of them by its information_schema, in a constant number of statements, and one
 * table by its REST API, which needs no warehouse.
 */
export const unityCatalog = <B>(unity: Unity): Catalog<UnityConnection<B>> => ({
  path: ["catalog", "schema", "name"],
  whole: ({ catalog: own, schema }, path) =>
    path.length === 2 && own !== "" ? [own, ...path] : path.length === 1 && own !== "" && schema !== "" ? [own, schema, ...path] : path,
  discover: (client, call) => discover(unity, client, call),
  find: (client, path, call) => (path[0] === HIVE ? inHive(unity, client, path, call) : inUnity(unity, client, path, call)),
})

/** Everything that the principal sees, by four statements, or three in one catalog. */
async function* discover<B>(unity: Unity, { wire, catalog: own }: UnityConnection<B>, call: Call): AsyncGenerator<Discovered> {
  const rowsOf = async (sql: string) => (await wire.run(sql, [], call)).rows
  const views = `${unity.dialect.ident(own === "" ? "system" : own)}.information_schema`
  const old = own === HIVE || (own === "" && (await rowsOf(`SHOW CATALOGS LIKE '${HIVE}'`)).length > 0) ? [["catalog", 1]] : []
  const counts = own === HIVE ? [] : await rowsOf(`SELECT T.table_type, COUNT(*) AS many FROM ${views}.tables T WHERE ${OURS} GROUP BY T.table_type`)
  yield countedBy([...counts, ...old], ([type]) => kindOf(type))
  if (old.length > 0) yield { skipped: { path: [HIVE], reason: `${HIVE} has no information_schema; query it, or read its tables by their paths.` } }
  if (own === HIVE) return
  const same = ["catalog", "schema", "name"].map((part) => `K.constraint_${part} = C.constraint_${part}`).join(" AND ")
  const keyRows: (readonly Value[])[] = []
  const keySql = `SELECT K.table_catalog, K.table_schema, K.table_name, K.column_name, K.ordinal_position FROM ${views}.table_constraints C
    JOIN ${views}.key_column_usage K ON ${same} WHERE C.constraint_type = 'PRIMARY KEY'`
  for await (const { rows } of wire.pages(keySql, [], PAGES, call)) keyRows.push(...rows)
  const keys = keysOf(keyRows, (row) => ({ path: row.slice(0, 3), at: Number(row[4]), column: String(row[3]) }))
  const all = `SELECT T.table_catalog, T.table_schema, T.table_name, T.table_type, T.comment, C.column_name, C.full_data_type, C.is_nullable
    FROM ${views}.tables T LEFT JOIN ${views}.columns C ON C.table_catalog = T.table_catalog AND C.table_schema = T.table_schema AND C.table_name = T.table_name
    WHERE ${OURS} ORDER BY T.table_catalog, T.table_schema, T.table_name, C.ordinal_position`
  for await (const rows of grouped(wire.pages(all, [], PAGES, call), 3, MOST_COLUMNS, unity.dialect.product)) {
    const [first = []] = rows
    const columns = rows.flatMap((row) => (row[5] === null ? [] : [columnOf(unity, row[5], row[6], row[7] !== "NO")]))
    const path = first.slice(0, 3).map(String)
    yield relation(unity, path, kindOf(first[3]), columns, first[4], keys.get(pathKey(path)) ?? [])
  }
}

const columnOf = ({ types }: Unity, name: unknown, native: unknown, nullable: boolean): Column => ({
  name: String(name),
  ...types.typed(spelledType(String(native))),
  nullable,
})

const relation = (
  { dialect: { product } }: Unity,
  path: readonly string[],
  type: Value | undefined,
  columns: readonly Column[],
  comment: unknown,
  key: readonly string[],
): Relation => warehouseRelation({ product, path, type, columns, estimate: undefined, comment, keys: new Map([[pathKey(path), key]]) })

const kindOf = (type: Value | undefined): string =>
  /^(MANAGED|EXTERNAL|STREAMING_TABLE)$/.test(String(type)) ? "table" : type === "FOREIGN" ? "external table" : kindName(type)

interface TableInfo {
  readonly table_type: string
  readonly comment?: string
  readonly columns?: readonly { readonly name: string; readonly type_text: string; readonly nullable?: boolean }[]
  readonly table_constraints?: readonly { readonly primary_key_constraint?: { readonly child_columns: readonly string[] } }[]
}

/** A table of Unity Catalog by its REST API, which needs no warehouse (docs, Unity Catalog, Get a table). */
async function inUnity<B>(unity: Unity, { wire }: UnityConnection<B>, path: readonly string[], call: Call): Promise<Relation | undefined> {
  // No name in Unity Catalog has a full stop.
  if (path.some((name) => name === "" || name.includes("."))) return undefined
  const to = `/api/2.1/unity-catalog/tables/${path.map(encodeURIComponent).join(".")}`
  const found = await orMissing(unity, async () => (await wire.ask({ method: "GET", to }, call)) as unknown as TableInfo)
  if (found === undefined) return undefined
  const columns = (found.columns ?? []).map(({ name, type_text, nullable }) => columnOf(unity, name, type_text, nullable !== false))
  const key = found.table_constraints?.flatMap(({ primary_key_constraint: own }) => own?.child_columns ?? []) ?? []
  return relation(unity, path, kindOf(found.table_type), columns, found.comment, key)
}

/** DESCRIBE lists the columns, and then partitions behind an empty row. */
async function inHive<B>(unity: Unity, { wire }: UnityConnection<B>, path: readonly string[], call: Call): Promise<Relation | undefined> {
  const rows = await orMissing(unity, async () => byName(await wire.run(`DESCRIBE TABLE ${qualified(unity.dialect, path)}`, [], call, true)))
  if (rows === undefined) return undefined
  const end = rows.findIndex(({ col_name: name }) => name === "" || name === null || String(name).startsWith("# "))
  return relation(
    unity,
    path,
    "table",
    rows.slice(0, end < 0 ? rows.length : end).map((row) => columnOf(unity, row["col_name"], row["data_type"], true)),
    undefined,
    [],
  )
}

async function orMissing<T>({ errors }: Unity, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (MISSING.test(errors.said(error)?.code ?? "")) return undefined
    throw error
  }
}
