import type { Call } from "../../../core/call.ts"
import type { Discovered, StreamKind } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { countedBy, described, grouped, type Relation } from "./catalog.ts"
import { type Keys, pathKey } from "./show.ts"
import type { SqlConnection } from "./wire.ts"

/** How a warehouse has the standard's views of one database. */
export interface InformationSchema {
  readonly product: string
  /** SQL for the schema of the views, and the database's name as paths have it. */
  readonly views: string
  readonly database: string
  /** Types that one column has: its name, and the numbers that the views have of it. */
  typeOf(dataType: string, precision?: number, scale?: number, length?: number): Omit<Column, "name" | "nullable">
  /** The keys that are declared there; no warehouse enforces them. */
  keys(): Promise<Keys>
}

const OURS = "TABLE_SCHEMA <> 'INFORMATION_SCHEMA'"
/** Columns of one table, beyond which the answer is not believed. */
const MOST_COLUMNS = 100_000

const countSql = (views: string): string => `SELECT TABLE_TYPE, COUNT(*) AS MANY FROM ${views}.TABLES WHERE ${OURS} GROUP BY TABLE_TYPE ORDER BY TABLE_TYPE`

/** One row per column, one for a table without any; in order of schema, table and position. */
const columnsSql = (views: string): string => `
  SELECT T.TABLE_SCHEMA, T.TABLE_NAME, T.TABLE_TYPE, T.ROW_COUNT, T.COMMENT, C.COLUMN_NAME, C.IS_NULLABLE, C.DATA_TYPE,
    C.NUMERIC_PRECISION, C.NUMERIC_SCALE, C.DATETIME_PRECISION, C.CHARACTER_MAXIMUM_LENGTH
  FROM ${views}.TABLES T LEFT JOIN ${views}.COLUMNS C ON C.TABLE_SCHEMA = T.TABLE_SCHEMA AND C.TABLE_NAME = T.TABLE_NAME
  WHERE T.${OURS} ORDER BY T.TABLE_SCHEMA, T.TABLE_NAME, C.ORDINAL_POSITION`

/** Everything in one database: a count, the keys, and then every column, streamed. */
export async function* inDatabase<B>({ wire }: SqlConnection<B>, schema: InformationSchema, call: Call): AsyncGenerator<Discovered> {
  const { product, views, database, typeOf } = schema
  yield countedBy((await wire.run(countSql(views), [], call)).rows, ([type]) => kindName(type))
  const keys = await schema.keys()
  for await (const rows of grouped(wire.pages(columnsSql(views), [], { batchRows: 500 }, call), 2, MOST_COLUMNS, product)) {
    const [name, table, type, estimate, comment] = rows[0] ?? []
    const columns = rows.flatMap(([, , , , , column, nullable, dataType, precision, scale, decimals, length]): Column[] =>
      typeof column === "string"
        ? [{ name: column, ...typeOf(String(dataType), number(precision), number(scale ?? decimals), number(length)), nullable: nullable !== "NO" }]
        : [],
    )
    yield warehouseRelation({ product, path: [database, String(name), String(table)], type, columns, estimate, comment, keys })
  }
}

export interface Listed {
  readonly product: string
  readonly path: readonly string[]
  /** `BASE TABLE`, `VIEW`, `MATERIALIZED VIEW`, `EXTERNAL TABLE`. */
  readonly type: Value | undefined
  readonly columns: readonly Column[]
  readonly estimate: unknown
  readonly comment: unknown
  readonly keys: Keys
}

/** A stream, or why it is none. */
export function warehouseRelation({ product, path, type, columns, estimate, comment, keys }: Listed): Relation {
  if (columns.length === 0)
    return { skipped: { path, reason: `${product} lists no columns of it: a view that no longer compiles, or nothing of it that the role may see.` } }
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

/** A kind for counts: `BASE TABLE` is a table, the others keep their names, in lower case. */
export const kindName = (type: Value | undefined): string => (/^(BASE )?TABLE$/.test(String(type)) ? "table" : String(type).toLowerCase().replaceAll("_", " "))

function kindOf(type: Value | undefined): StreamKind {
  const name = kindName(type)
  if (name.includes("view")) return name.includes("materialized") ? "materialized view" : "view"
  return name.includes("external") ? "foreign table" : "table"
}
