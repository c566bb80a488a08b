import { isTellable, told } from "./names.ts"

/** All relations with rows, except in the system's own schemas (names that begin with pg_ are reserved). */
const RELATIONS =
  "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

/** A partition whose root may be read is not a stream: its rows are read through the root, whose comment says how many partitions there are. */
const WHOLE = `AND NOT (c.relispartition AND EXISTS (
      SELECT FROM pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE p.oid = pg_partition_root(c.oid) AND has_schema_privilege(pn.oid, 'USAGE') AND has_table_privilege(p.oid, 'SELECT')))`

/** The system's own count; pg_class shows all relations to every role. */
export const COUNT = `SELECT c.relkind, c.relispartition, count(*)::int ${RELATIONS} ${WHOLE} GROUP BY 1, 2 ORDER BY 1, 2`

const READABLE = "AND r.usable AND r.readable AND (r.whole OR has_column_privilege(r.oid, a.attnum, 'SELECT'))"

/** The number of tables that inherit (INHERITS); a read of the parent returns their rows too. Partitions do not count. */
const CHILDREN = `CASE WHEN c.relkind IN ('r', 'f') THEN
        (SELECT count(*)::int FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhrelid WHERE h.inhparent = c.oid AND NOT k.relispartition) END`

/** One row per column, or one for a relation without columns, in order of schema, name and position. The base type of a column's domain and the type of its elements follow the column's own type. */
const columnsSql = (only: string, which: string): string => `
  WITH RECURSIVE chain(oid, base, modifier) AS (SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
    UNION ALL SELECT c.oid, p.typbasetype, p.typtypmod FROM chain c JOIN pg_type p ON p.oid = c.base WHERE p.typtype = 'd'),
  domains AS MATERIALIZED (
    SELECT c.oid, c.base, format_type(c.base, c.modifier) AS spelled FROM chain c JOIN pg_type p ON p.oid = c.base WHERE p.typtype <> 'd'),
  r AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
      CASE WHEN c.relkind = 'p' THEN (SELECT count(*)::int FROM pg_partition_tree(c.oid) WHERE isleaf) END AS partitions,
      ${CHILDREN} AS children,
      has_schema_privilege(n.oid, 'USAGE') AS usable, has_table_privilege(c.oid, 'SELECT') AS whole,
      has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT') AS readable
    ${RELATIONS} ${only}
  )
  SELECT ${told("r.nspname")}, ${told("r.relname")}, r.relkind, r.reltuples, r.usable, r.whole, r.readable, r.partitions,
    ${told("obj_description(r.oid, 'pg_class')")}, i.indkey::text, i.indnkeyatts, r.children, ${told("a.attname")}, a.attnum, a.attnotnull,
    CASE WHEN a.attgenerated <> '' THEN 'computed' WHEN a.attidentity = 'a' THEN 'identity' END, t.typcategory,
    ${told("format_type(a.atttypid, a.atttypmod)")}, d.spelled,
    e.typcategory, COALESCE(ed.spelled, ${told("format_type(e.oid, NULL)")}),
    ${told("k.collname")},
    CASE WHEN NOT (r.usable AND r.readable) THEN current_user::text END,
    ${isTellable("r.nspname")} AND ${isTellable("r.relname")} AND ${isTellable("a.attname")}
  FROM r
  LEFT JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary AND i.indisvalid
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ${which}
  LEFT JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN domains d ON d.oid = t.oid
  LEFT JOIN pg_type b ON b.oid = COALESCE(d.base, t.oid)
  LEFT JOIN pg_type e ON e.oid = b.typelem AND t.typcategory = 'A'
  LEFT JOIN domains ed ON ed.oid = e.oid
  LEFT JOIN pg_collation k ON k.oid = a.attcollation AND NOT k.collisdeterministic
  ORDER BY r.nspname, r.relname, a.attnum`

/** The statement of a discovery; the benchmark runs it in psql. */
export const CATALOG = columnsSql(WHOLE, READABLE)

const NAMED = "AND n.nspname = $1 AND c.relname = $2"
/** One relation: the columns that the login may read, and all columns for a write. */
export const READ_ONE = columnsSql(NAMED, READABLE)
export const WRITE_ONE = columnsSql(NAMED, "")
