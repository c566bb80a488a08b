import type { Call } from "../../core/call.ts"
import type { StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { parseJsonCell } from "../shared/json.ts"
import { catalogByRelation, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import type { PgClient } from "../shared/sql/pg/client.ts"
import { spellQuoted, unreadable } from "../shared/sql/pg/spelling.ts"
import { pgTypes } from "../shared/sql/pg/values.ts"

/** Redshift's own types beside those of PostgreSQL (OIDs as in the vendor's Python driver). `varbyte` comes as hexadecimal digits. */
export const types = pgTypes([
  { oid: 4000, name: "super", type: "json", parse: parseJsonCell },
  { oid: 6551, name: "binary varying", type: "bytes", size: "length", parse: (text) => Buffer.from(text, "hex").toString("base64") },
  { oid: 3000, name: "geometry", type: "string" },
  { oid: 3001, name: "geography", type: "string" },
])

/** The maximum lengths; a column of maximum length counts as unlimited. */
export const WIDEST: Readonly<Partial<Record<Column["type"], number>>> = { string: 65_535, bytes: 16_777_216 }
const TEXTS = { string: "character varying", varchar: "character varying", char: "character", timestamp: "timestamp without time zone" }
const NUMBERS = { int: "integer", tinyint: "smallint", double: "double precision", float: "real", decimal: "numeric" }
/** Types of external tables (SVV_EXTERNAL_COLUMNS) as PostgreSQL spells them. */
const EXTERNAL: Readonly<Record<string, string>> = { ...TEXTS, ...NUMBERS }

/** Materialized views keep their rows in tables whose names begin with mv_tbl__. */
const RELATIONS = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'catalog_history') AND c.relname !~ '^mv_tbl__'`
const COUNT = `SELECT c.relkind, count(*) ${RELATIONS} GROUP BY 1 ORDER BY 1`
const COUNT_EXTERNAL = "SELECT 'x', count(*) FROM svv_external_tables"

/** One row per column, and one for a relation without any; in order of schema, name and position. */
const localSql = (only: string): string => `
  SELECT r.nspname, r.relname, r.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum, r.reltuples,
    has_schema_privilege(r.schema, 'USAGE'), has_table_privilege(r.oid, 'SELECT'), obj_description(r.oid, 'pg_class'), k.conkey, current_user
  FROM (SELECT c.oid, n.oid AS schema, n.nspname, c.relname, c.relkind, c.reltuples ${RELATIONS} ${only}) r
  LEFT JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'p'
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY r.nspname, r.relname, a.attnum`

/** Views WITH NO SCHEMA BINDING have no columns in pg_attribute. */
const lateSql = (only: string): string => `
  SELECT view_schema, view_name, 'v', col_name, col_type, false, col_num
  FROM pg_get_late_binding_view_cols() c(view_schema name, view_name name, col_name name, col_type varchar, col_num int) ${only} ORDER BY 1, 2, 7`
const externalSql = (only: string): string => `
  SELECT schemaname, tablename, 'x', columnname, external_type, false, columnnum FROM svv_external_columns ${only} ORDER BY 1, 2, 7`
const KINDS: Readonly<Record<string, StreamKind>> = { r: "table", v: "view", m: "materialized view", x: "foreign table" }
/** Columns of one table (Redshift docs, CREATE TABLE, Limits and quotas). */
const MOST_COLUMNS = 1_600
type Rows = readonly (readonly Value[])[]

export const catalog = catalogByRelation<PgClient>({
  path: ["schema", "name"],
  snapshot: true,
  counts: async ({ wire }, call) => [...(await wire.run(COUNT, [], call)).rows, ...(await wire.run(COUNT_EXTERNAL, [], call)).rows],
  kindOf: ([kind]) => KINDS[String(kind)] ?? String(kind),
  relations,
  refused,
  relation,
})

/** The rows of every relation, or of one; by three statements. */
async function* relations({ wire }: PgClient, path: readonly string[] | undefined, call: Call): AsyncGenerator<Rows> {
  const groups = (sql: string) => grouped(wire.pages(sql, path ?? [], { batchRows: 500 }, call), 2, MOST_COLUMNS, "Amazon Redshift")
  const only = (word: string, schema: string, name: string): string => (path === undefined ? "" : `${word} ${schema} = $1 AND ${name} = $2`)
  const late = new Map<string, Rows>()
  for await (const rows of groups(lateSql(only("WHERE", "view_schema", "view_name")))) late.set(JSON.stringify(rows[0]?.slice(0, 2)), rows)
  for await (const rows of groups(localSql(only("AND", "n.nspname", "c.relname")))) {
    const found = late.get(JSON.stringify(rows[0]?.slice(0, 2)))
    yield rows[0]?.[3] === null && found !== undefined ? found.map((row) => [...row, ...(rows[0] ?? []).slice(7)]) : rows
  }
  yield* groups(externalSql(only("WHERE", "schemaname", "tablename")))
}

/** Why the relation may not be read. External tables are listed only for users who may use their schema. */
function refused([first = []]: Rows): Relation | undefined {
  const [schema, name, , column, , , , , usable = true, whole = true, , , account] = first
  const path = [String(schema), String(name)]
  const gone = { skipped: { path, reason: "Redshift reports no columns for it; the view's tables may have been dropped." } }
  return unreadable(path, "user", usable, whole, account, spellQuoted) ?? (column === null ? gone : undefined)
}

function relation(rows: Rows): Relation {
  const [schema, name, kind, , , , , estimate, , , note, key] = rows[0] ?? []
  const names = new Map(rows.map((row) => [String(row[6]), String(row[3])]))
  return described({
    path: [String(schema), String(name)],
    kind: KINDS[String(kind)] ?? "table",
    columns: rows.filter((row) => row[3] !== null).map((row) => columnOf(row, kind === "x")),
    key: Array.isArray(key) ? key.map((number) => names.get(String(number))) : [],
    keyHolds: false,
    // A table that was never analyzed has 0 or 0.001.
    estimatedRows: kind === "r" && Number(estimate) >= 1 ? Math.round(Number(estimate)) : undefined,
    notes: [typeof note === "string" ? note : undefined],
  })
}

function columnOf([, , , name, native, notNull]: readonly Value[], external: boolean): Column {
  const spelled = String(native)
  const { maxLength, ...typed } = types.read(external ? spelled.replace(/^\w+/, (word) => EXTERNAL[word] ?? word) : spelled)
  const limited = maxLength !== undefined && maxLength < (WIDEST[typed.type] ?? Number.POSITIVE_INFINITY)
  return { name: String(name), ...typed, ...(limited ? { maxLength } : {}), nativeType: spelled, nullable: notNull !== true }
}
