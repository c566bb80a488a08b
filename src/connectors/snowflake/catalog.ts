import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered, Stream, StreamKind } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import type { Snowflake } from "./client.ts"
import { ident, qualified } from "./sql.ts"
import { type Cells, partitions, rows, run } from "./statements.ts"
import { columnType, nativeType } from "./values.ts"

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

/** Everything in one database by three statements, streamed. */
export async function* inDatabase(client: Snowflake, database: string, call: Call): AsyncGenerator<Discovered> {
  const counts = await rows(client, countSql(database), {}, call)
  const byKind = Object.fromEntries(counts.map((row) => [kindName(row["table_type"] ?? ""), Number(row["many"])]))
  yield { counted: { total: Object.values(byKind).reduce((sum, many) => sum + many, 0), byKind } }
  const keys = await keysIn(client, `DATABASE ${ident(database)}`, call)
  let current: Cells[] = []
  const result = await run(client, columnsSql(database), {}, call)
  for await (const page of partitions(client, result, call))
    for (const row of page) {
      if (current[0] !== undefined && (current[0][0] !== row[0] || current[0][1] !== row[1])) {
        yield found(database, current, keys)
        current = []
      }
      current.push(row)
    }
  if (current.length > 0) yield found(database, current, keys)
}

function found(database: string, cells: readonly Cells[], keys: Keys): Discovered {
  const [schema = "", name = "", type, estimate, comment] = cells[0] ?? []
  const columns = cells.flatMap(([, , , , , column, nullable, dataType, precision, scale, decimals, length]): Column[] => {
    if (column === null || column === undefined) return []
    const native = nativeType(dataType ?? "", numberOf(precision), numberOf(scale ?? decimals), numberOf(length))
    return [{ name: column, type: columnType(native), nativeType: native, nullable: nullable !== "NO" }]
  })
  return describe({ path: [database, schema ?? "", name ?? ""], kind: kindOf(type ?? ""), columns, estimate: estimate ?? null, comment: comment ?? null }, keys)
}

interface Thing {
  readonly path: readonly string[]
  readonly kind: StreamKind
  readonly columns: readonly Column[]
  readonly estimate: string | null
  readonly comment: string | null
}

/** A stream, or why it is none. */
export function describe({ path, kind, columns, estimate, comment }: Thing, keys: Keys): Discovered {
  if (columns.length === 0)
    return { skipped: { path, reason: "Snowflake lists no columns of it: a view that no longer compiles, or nothing of it that the role may see." } }
  const key = keys.get(keyName(path)) ?? []
  const whole = key.every((name) => columns.some((column) => column.name === name))
  return {
    stream: {
      path,
      kind,
      columns,
      key: whole ? key : [],
      ...(estimate === null ? {} : { estimatedRows: Number(estimate) }),
      ...(comment ? { comment } : {}),
    },
  }
}

const numberOf = (text: string | null | undefined): number | undefined => (text === null || text === undefined ? undefined : Number(text))

/** As Snowflake names kinds: `BASE TABLE` is a table, the others as they are, in lower case. */
export const kindName = (type: string): string => (/^(BASE )?TABLE$/.test(type) ? "table" : type.toLowerCase().replaceAll("_", " "))

export function kindOf(type: string): StreamKind {
  const name = kindName(type)
  if (name.includes("materialized")) return "materialized view"
  if (name.includes("view")) return "view"
  return name.includes("external") ? "foreign table" : "table"
}

/** Primary keys' columns in order, by `keyName`. */
export type Keys = ReadonlyMap<string, readonly string[]>

const keyName = (path: readonly string[]): string => JSON.stringify(path)

/** SHOW gives at most this many rows (docs, SHOW). */
export const SHOW_MOST = 10_000

/** The primary keys there; Snowflake does not enforce them. Beyond what SHOW gives, keys are unknown, and the log says so. */
export async function keysIn(client: Snowflake, where: string, call: Call): Promise<Keys> {
  const found = await rows(client, `SHOW PRIMARY KEYS IN ${where}`, { atOnce: true }, call)
  if (found.length >= SHOW_MOST) call.log("Snowflake shows 10,000 key columns at most; the keys of the other tables are not known")
  const keys = new Map<string, string[]>()
  for (const row of found.toSorted((a, b) => Number(a["key_sequence"]) - Number(b["key_sequence"]))) {
    const name = keyName([row["database_name"] ?? "", row["schema_name"] ?? "", row["table_name"] ?? ""])
    keys.set(name, [...(keys.get(name) ?? []), row["column_name"] ?? ""])
  }
  return keys
}

/** One stream as it is now, never as a caller remembers it. A path of two is in the connector's database. */
export async function findStream(client: Snowflake, path: readonly string[], call: Call): Promise<Stream> {
  const whole = path.length === 2 && client.place.database !== undefined ? [client.place.database, ...path] : path
  if (whole.length !== 3) throw unknown(path)
  const columns = await rows(client, `DESCRIBE TABLE ${qualified(whole)}`, { atOnce: true }, call).catch((error: unknown) => {
    if (error instanceof PlatformError && MISSING.has(String(error.details["code"]))) throw unknown(path, error)
    throw error
  })
  return {
    path: whole,
    kind: "table",
    columns: columns.map((row) => {
      const native = row["type"] ?? ""
      return { name: row["name"] ?? "", type: columnType(native), nativeType: native, nullable: row["null?"] !== "N" }
    }),
    key: columns.flatMap((row) => (row["primary key"] === "Y" && row["name"] ? [row["name"]] : [])),
  }
}

/** No such object, or none that this role may see: Snowflake does not tell these apart. */
const MISSING: ReadonlySet<string> = new Set(["002003", "002043"])

const unknown = (path: readonly string[], cause?: unknown): PlatformError =>
  new PlatformError(
    "stream_not_found",
    `There is no table or view ${path.join(".")}, or the role may not see it; a path is [database, schema, name], and the catalog has them.`,
    cause === undefined ? {} : { cause },
  )
