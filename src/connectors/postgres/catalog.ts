import type { Call } from "../../core/call.ts"
import type { StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { type Catalog, countedBy, denied, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { qualified } from "../shared/sql/dialect.ts"
import type { PgClient } from "../shared/sql/pg/client.ts"
import { pgDialect } from "../shared/sql/pg/dialect.ts"
import { baseSpelled, elementOf, guessed } from "../shared/sql/pg/own-types.ts"
import { arrayOf, pgTypes } from "../shared/sql/pg/values.ts"
import type { Typed } from "../shared/sql/types.ts"

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

/** Tables of INHERITS, whose rows a read of their parent returns too. Partitions are no such tables. */
const CHILDREN = `CASE WHEN c.relkind IN ('r', 'f') THEN
        (SELECT count(*)::int FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhrelid WHERE h.inhparent = c.oid AND NOT k.relispartition) END`

/** One row per column, one for a relation without any; in order of schema, name and position. The type under a column's domains, and of its elements, follow its own. */
const columnsSql = (only: string, which: string): string => `
  WITH r AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
      CASE WHEN c.relkind = 'p' THEN (SELECT count(*)::int FROM pg_partition_tree(c.oid) WHERE isleaf) END AS partitions,
      ${CHILDREN} AS children,
      has_schema_privilege(n.oid, 'USAGE') AS usable, has_table_privilege(c.oid, 'SELECT') AS whole,
      has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable
    ${RELATIONS} ${only}
  )
  SELECT r.nspname, r.relname, r.relkind, r.reltuples, r.usable, r.whole, r.readable, r.partitions,
    obj_description(r.oid, 'pg_class'), i.indkey::text, i.indnkeyatts, r.children, a.attname, a.attnum, a.attnotnull,
    CASE WHEN a.attgenerated <> '' THEN 'computed' WHEN a.attidentity = 'a' THEN 'identity' END, t.typcategory,
    format_type(a.atttypid, a.atttypmod), CASE WHEN t.typtype = 'd' THEN ${baseSpelled("t.oid")} END,
    e.typcategory, CASE WHEN e.typtype = 'd' THEN ${baseSpelled("e.oid")} ELSE format_type(e.oid, NULL) END
  FROM r
  LEFT JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary AND i.indisvalid
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ${which}
  LEFT JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_type e ON e.oid = ${elementOf("t")}
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
    for await (const rows of groups(client, CATALOG, [], call)) yield readable(rows) ?? relation(rows, "read")
  },

  find: async (client, path, call) => {
    for await (const rows of groups(client, columnsSql(NAMED, READABLE), path, call)) return readable(rows) ?? relation(rows, "read")
    return undefined
  },

  target: async (client, path, call) => {
    for await (const rows of groups(client, columnsSql(NAMED, ""), path, call)) {
      const found = relation(rows, "write")
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

/** A read of a parent returns its children's rows too, whose keys may be equal; a write goes to the parent alone, and its key holds there. */
function relation(rows: Rows, to: "read" | "write"): Relation {
  const [schema, name, relkind, estimate, , whole, , partitions, note, indkey, keyLength, children] = rows[0] ?? []
  const names = new Map(rows.map((row) => [String(row[13]), String(row[12])]))
  const keyNumbers = typeof indkey === "string" ? indkey.split(" ").slice(0, Number(keyLength)) : []
  const isParent = Number(children) > 0
  const incomparable = new Set(rows.filter(isEnumDomain).map((row) => String(row[12])))
  const key = keyNumbers.map((number) => names.get(number))
  const orders = !isParent && key.every((each) => !incomparable.has(each ?? ""))
  return described({
    path: [String(schema), String(name)],
    kind: KINDS[String(relkind)] ?? "table",
    columns: rows.filter((row) => row[12] !== null).map(columnOf),
    key: orders || to === "write" ? key : [],
    estimatedRows: relkind === "v" ? undefined : Number(estimate),
    notes: [
      typeof note === "string" ? note : undefined,
      typeof partitions === "number" ? `Partitions: ${partitions}; their rows are read through it.` : undefined,
      isParent ? `Tables that inherit from it: ${String(children)}; their rows are read through it, so its key may come more than once.` : undefined,
      whole === true ? undefined : "The role may read only these columns of it.",
    ],
  })
}

/** A domain over an enum sorts, but has no comparison operators. */
const isEnumDomain = (row: readonly Value[]): boolean => row[16] === "E" && row[18] !== null

function columnOf([, , , , , , , , , , , , name, , notNull, generated, category, native, base, elementCategory, element]: readonly Value[]): Column {
  const typed = typedAs(base ?? native ?? null, category ?? null)
  return {
    name: String(name),
    ...typed,
    ...(category === "A" ? arrayOf(typedAs(element ?? null, elementCategory ?? null).type) : {}),
    nativeType: String(native),
    nullable: notNull !== true,
    ...(generated === "computed" || generated === "identity" ? { generated } : {}),
  }
}

function typedAs(native: Value, category: Value): Typed {
  const typed = types.read(String(native))
  return typed.type === "unknown" ? { ...typed, type: guessed(category) } : typed
}
