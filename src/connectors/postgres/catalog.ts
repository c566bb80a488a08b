import type { Call } from "../../core/call.ts"
import type { StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { type Catalog, countedBy, denied, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { qualified } from "../shared/sql/dialect.ts"
import type { PgClient } from "../shared/sql/pg/client.ts"
import { pgDialect } from "../shared/sql/pg/dialect.ts"
import { pgTypes } from "../shared/sql/pg/values.ts"

export const types = pgTypes()

/** Everything that holds rows, except for the system's own schemas (names that begin with pg_ are reserved). */
const RELATIONS =
  "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

/** A partition whose root may be read is not a stream: its rows are read through the root, whose comment says how many partitions there are. */
const WHOLE = `AND NOT (c.relispartition AND EXISTS (
      SELECT FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE p.oid = pg_partition_root(c.oid) AND has_schema_privilege(pn.oid, 'USAGE') AND has_table_privilege(p.oid, 'SELECT')))`

/** The system's own count: pg_class shows everything to everybody. */
const COUNT = `SELECT c.relkind, c.relispartition, count(*)::int ${RELATIONS} ${WHOLE} GROUP BY 1, 2 ORDER BY 1, 2`

const READABLE = "AND r.usable AND r.readable AND (r.whole OR has_column_privilege(r.oid, a.attnum, 'SELECT'))"

/** One row per column, one for a relation without any; in order of schema, name and position. A domain's base type follows its own. */
const columnsSql = (only: string, which: string): string => `
  WITH r AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
      CASE WHEN c.relkind = 'p' THEN (SELECT count(*)::int FROM pg_partition_tree(c.oid) WHERE isleaf) END AS partitions,
      has_schema_privilege(n.oid, 'USAGE') AS usable, has_table_privilege(c.oid, 'SELECT') AS whole,
      has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable
    ${RELATIONS} ${only}
  )
  SELECT r.nspname, r.relname, r.relkind, r.reltuples, r.usable, r.whole, r.readable, r.partitions,
    obj_description(r.oid, 'pg_class'), i.indkey::text, i.indnkeyatts, a.attname, a.attnum, a.attnotnull, t.typcategory,
    format_type(a.atttypid, a.atttypmod), CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END
  FROM r
  LEFT JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ${which}
  LEFT JOIN pg_type t ON t.oid = a.atttypid
  ORDER BY r.nspname, r.relname, a.attnum`

/** The statement of a discovery; the benchmark gives the same to psql. */
export const CATALOG = columnsSql(WHOLE, READABLE)
const NAMED = "AND n.nspname = $1 AND c.relname = $2"

const KINDS: Readonly<Record<string, StreamKind>> = { r: "table", p: "table", v: "view", m: "materialized view", f: "foreign table" }

/** A table has at most 1,600 columns, a view 1,664 (docs, appendix K). */
const MOST_COLUMNS = 1_664

export const catalog: Catalog<PgClient> = {
  path: ["schema", "name"],
  snapshot: true,

  discover: async function* (client, call) {
    yield countedBy((await client.wire.run(COUNT, [], call)).rows, ([relkind, partition]) =>
      partition === true ? "partition" : relkind === "p" ? "partitioned table" : (KINDS[String(relkind)] ?? String(relkind)),
    )
    for await (const rows of groups(client, CATALOG, [], call)) yield readable(rows) ?? relation(rows)
  },

  find: async (client, path, call) => {
    for await (const rows of groups(client, columnsSql(NAMED, READABLE), path, call)) return readable(rows) ?? relation(rows)
    return undefined
  },

  target: async (client, path, call) => {
    for await (const rows of groups(client, columnsSql(NAMED, ""), path, call)) {
      const found = relation(rows)
      if ("stream" in found) return found.stream
    }
    return undefined
  },
}

const groups = ({ wire }: PgClient, sql: string, path: readonly string[], call: Call) =>
  grouped(wire.pages(sql, path, { batchRows: 500 }, call), 2, MOST_COLUMNS, "PostgreSQL")

type Rows = readonly (readonly Value[])[]

/** Why the relation may not be read. */
function readable([first = []]: Rows): Relation | undefined {
  const [schema, name, , , usable, , readable] = first
  const path = [String(schema), String(name)]
  if (usable !== true) return denied(path, "role", "use the schema", `USAGE ON SCHEMA ${pgDialect.ident(String(schema))}`)
  return readable === true ? undefined : denied(path, "role", "read it", `SELECT ON ${qualified(pgDialect, path)}`)
}

function relation(rows: Rows): Relation {
  const [schema, name, relkind, estimate, , whole, , partitions, note, indkey, keyLength] = rows[0] ?? []
  const names = new Map(rows.map((row) => [String(row[12]), String(row[11])]))
  const keyNumbers = typeof indkey === "string" ? indkey.split(" ").slice(0, Number(keyLength)) : []
  return described({
    path: [String(schema), String(name)],
    kind: KINDS[String(relkind)] ?? "table",
    columns: rows.filter((row) => row[11] !== null).map(columnOf),
    key: keyNumbers.map((number) => names.get(number)),
    estimatedRows: relkind === "v" ? undefined : Number(estimate),
    notes: [
      typeof note === "string" ? note : undefined,
      typeof partitions === "number" ? `Partitions: ${partitions}; their rows are read through it.` : undefined,
      whole === true ? undefined : "The role may read only these columns of it.",
    ],
  })
}

function columnOf([, , , , , , , , , , , name, , notNull, category, native, base]: readonly Value[]): Column {
  const typed = types.read(String(base ?? native))
  const guessed = category === "A" ? "array" : category === "E" || category === "S" ? "string" : "unknown"
  const type = typed.type === "unknown" ? guessed : typed.type
  return { name: String(name), ...typed, type, nativeType: String(native), nullable: notNull !== true }
}
