import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered, Stream, StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { begin, type Postgres, qualified, rollback } from "./client.ts"
import { pages } from "./query.ts"
import { columnType } from "./values.ts"

/** Things that hold rows, but for the system's own schemas (names that begin with pg_ are reserved). */
const RELATIONS =
  "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

/** A partition whose root is readable is no thing of its own: its rows are read through the root, which names how many it has. */
const WHOLE = `AND NOT (c.relispartition AND EXISTS (
      SELECT FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE p.oid = pg_partition_root(c.oid) AND has_schema_privilege(pn.oid, 'USAGE') AND has_table_privilege(p.oid, 'SELECT')))`

/** The system's own count: pg_class shows everybody everything, whatever they may read. */
const COUNT = `SELECT c.relkind, c.relispartition, count(*)::int ${RELATIONS} ${WHOLE} GROUP BY 1, 2 ORDER BY 1, 2`

/** One row per readable column, one for a table without any; in order of schema, table and position. */
const columnsSql = (only: string): string => `
  WITH r AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
      CASE WHEN c.relkind = 'p' THEN (SELECT count(*)::int FROM pg_partition_tree(c.oid) WHERE isleaf) END AS partitions,
      has_schema_privilege(n.oid, 'USAGE') AS usable, has_table_privilege(c.oid, 'SELECT') AS whole,
      has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable
    ${RELATIONS} ${only}
  )
  SELECT r.nspname, r.relname, r.relkind, r.reltuples, r.usable, r.whole, r.readable, r.partitions,
    obj_description(r.oid, 'pg_class'), i.indkey::text, i.indnkeyatts,
    a.attname, a.attnum, a.attnotnull, format_type(a.atttypid, a.atttypmod), CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, t.typcategory
  FROM r
  LEFT JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND r.usable AND r.readable
    AND (r.whole OR has_column_privilege(r.oid, a.attnum, 'SELECT'))
  LEFT JOIN pg_type t ON t.oid = a.atttypid
  ORDER BY r.nspname, r.relname, a.attnum`

/** What discovery asks; the benchmark gives the same to psql. */
export const CATALOG = columnsSql(WHOLE)
const ONE = columnsSql("AND n.nspname = $1 AND c.relname = $2")

const KINDS: Readonly<Record<string, StreamKind>> = { r: "table", p: "table", v: "view", m: "materialized view", f: "foreign table" }

/** Everything that holds rows, as one snapshot by two queries, streamed: memory does not grow with the number of tables. */
export async function* discover(client: Postgres, call: Call): AsyncGenerator<Discovered> {
  await begin(client, call, "ISOLATION LEVEL REPEATABLE READ READ ONLY")
  try {
    yield { counted: await count(client) }
    for await (const rows of relations(client, CATALOG, [])) yield found(rows)
  } finally {
    await rollback(client)
  }
}

async function count({ pg }: Postgres): Promise<{ total: number; byKind: Record<string, number> }> {
  const { rows } = await pg.query<[string, boolean, number]>({ text: COUNT, rowMode: "array" })
  const byKind: Record<string, number> = {}
  for (const [relkind, partition, many] of rows) {
    const kind = partition ? "partition" : relkind === "p" ? "partitioned table" : (KINDS[relkind] ?? relkind)
    byKind[kind] = (byKind[kind] ?? 0) + many
  }
  return { total: rows.reduce((sum, [, , many]) => sum + many, 0), byKind }
}

/** A table has at most 1,600 columns, a view 1,664 (docs, appendix K); whoever sends more sends without end. */
const MOST_COLUMNS = 1_664

/** The catalog's rows, those of one relation together. */
async function* relations(client: Postgres, sql: string, params: readonly Value[]): AsyncGenerator<Value[][]> {
  let current: Value[][] = []
  for await (const { rows } of pages(client, sql, params, { batchRows: 500 })) {
    for (const row of rows) {
      if (current[0] !== undefined && (current[0][0] !== row[0] || current[0][1] !== row[1])) {
        yield current
        current = []
      }
      current.push(row)
      if (current.length > MOST_COLUMNS)
        throw new PlatformError(
          "protocol_invalid",
          `What answers lists more than ${MOST_COLUMNS} columns of one table, so it is no PostgreSQL; check host and port.`,
        )
    }
  }
  if (current.length > 0) yield current
}

function found(rows: readonly Value[][]): Discovered {
  const [schema = "", name = "", , , usable, , readable] = (rows[0] ?? []) as [string, string, string, number, boolean, boolean, boolean]
  const path = [schema, name]
  if (usable !== true) return { skipped: { path, reason: `The role may not use the schema; GRANT USAGE ON SCHEMA ${qualified([schema])} TO it.` } }
  if (readable !== true) return { skipped: { path, reason: `The role may not read it; GRANT SELECT ON ${qualified(path)} TO it.` } }
  return { stream: streamOf(path, rows) }
}

function streamOf(path: readonly string[], rows: readonly Value[][]): Stream {
  const [, , relkind = "r", estimate, , whole, , partitions, note, indkey, keyLength] = rows[0] ?? []
  const names = new Map<string, string>()
  const columns: Column[] = []
  for (const [, , , , , , , , , , , name, number, notNull, nativeType, oid, category] of rows) {
    if (typeof name !== "string") continue
    names.set(String(number), name)
    const known = columnType(Number(oid))
    const type = known !== "unknown" ? known : category === "A" ? "array" : category === "E" || category === "S" ? "string" : "unknown"
    columns.push({ name, type, nativeType: String(nativeType), nullable: notNull !== true })
  }
  const key =
    typeof indkey === "string"
      ? indkey
          .split(" ")
          .slice(0, Number(keyLength))
          .map((number) => names.get(number))
      : []
  const comment = [
    ...(typeof note === "string" ? [note] : []),
    ...(typeof partitions === "number" ? [`Partitions: ${partitions}; their rows are read through it.`] : []),
    ...(whole === true ? [] : ["The role may read only these columns of it."]),
  ].join(" ")
  const counts = relkind !== "v" && typeof estimate === "number" && estimate >= 0
  return {
    path,
    kind: KINDS[String(relkind)] ?? "table",
    columns,
    // A key of which a column may not be read orders nothing for this role.
    key: key.every((column) => column !== undefined) ? key : [],
    ...(counts ? { estimatedRows: estimate } : {}),
    ...(comment === "" ? {} : { comment }),
  }
}

/** One stream as it is now, inside a transaction that has begun; never as a caller remembers it. */
export async function findStream(client: Postgres, path: readonly string[]): Promise<Stream> {
  const [schema = "", name = ""] = path
  if (path.length === 2) {
    for await (const rows of relations(client, ONE, [schema, name])) {
      const [first] = rows
      if (first?.[4] !== true)
        throw new PlatformError("permission_denied", `The role may not use schema ${schema}; GRANT USAGE ON SCHEMA ${qualified([schema])} TO it.`)
      if (first[6] !== true) throw new PlatformError("permission_denied", `The role may not read ${path.join(".")}; GRANT SELECT ON ${qualified(path)} TO it.`)
      return streamOf(path, rows)
    }
  }
  throw new PlatformError("stream_not_found", `There is no table or view ${path.join(".")}; a path is [schema, name], and the catalog has them.`)
}
