import type { Call } from "../../core/call.ts"
import type { Column, Value } from "../../core/values.ts"
import { catalogByRelation, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { kindOf } from "../shared/sql/clickhouse/engines.ts"
import { sortingKey } from "../shared/sql/clickhouse/sorting.ts"
import { columnOf } from "../shared/sql/clickhouse/types.ts"
import type { Clickhouse } from "./connect.ts"

/** Tables that a materialized view keeps for itself are left out. */
const RELATIONS = `system.tables t WHERE t.is_temporary = 0 AND t.name NOT LIKE '.inner%'
  AND t.database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')`
const WITHIN = " AND t.database = {p1:String}"
/** More columns than any table has. */
const MOST_COLUMNS = 100_000

type Rows = readonly (readonly Value[])[]

export const catalog = {
  ...catalogByRelation<Clickhouse>({
    path: ["database", "name"],
    counts: async ({ wire, database }, call) => {
      const only = database === "" ? "" : WITHIN
      return (await wire.run(`SELECT t.engine, count() FROM ${RELATIONS}${only} GROUP BY t.engine`, database === "" ? [] : [database], call)).rows
    },
    kindOf: ([engine]) => kindOf(engine),
    relations: ({ wire, database }, path, call: Call) => {
      const params = path ?? (database === "" ? [] : [database])
      const only = `${params.length > 0 ? WITHIN : ""}${params.length > 1 ? " AND t.name = {p2:String}" : ""}`
      const tables = `SELECT t.database, t.name, t.engine, t.engine_full, t.sorting_key, t.total_rows, t.comment FROM ${RELATIONS}${only}`
      const sql = `SELECT t.*, c.name, c.type, c.default_kind FROM (${tables}) t LEFT JOIN system.columns c ON c.database = t.database AND c.table = t.name
ORDER BY t.database, t.name, c.position`
      return grouped(wire.pages(sql, params, { batchRows: 1_000 }, call), 2, MOST_COLUMNS, "ClickHouse")
    },
    refused: ([first = []]) => {
      const [database, name, engine] = first
      const reason = `${engine} hands each message out once, so reading it here would take it away; read the table that a materialized view fills from it.`
      return kindOf(engine) === "topic" ? { skipped: { path: [String(database), String(name)], reason } } : undefined
    },
    relation,
  }),
  whole: ({ database }: Clickhouse, path: readonly string[]) => (path.length === 1 && database !== "" ? [database, ...path] : path),
}

function relation(rows: Rows): Relation {
  const [database, name, engine, , sorting, estimate, comment] = rows[0] ?? []
  const path = [String(database), String(name)]
  const columns = rows.flatMap(([, , , , , , , column, native, kind]): Column[] => {
    // An ephemeral column has values only while a row is inserted.
    if (column === null || column === "" || kind === "EPHEMERAL") return []
    const found = columnOf(String(column), String(native))
    return [kind === "MATERIALIZED" || kind === "ALIAS" ? { ...found, generated: "computed" } : found]
  })
  if (columns.length === 0) return { skipped: { path, reason: "ClickHouse lists no columns of it that this user may see; grant it SELECT." } }
  const { key, whole } = sortingKey(String(sorting ?? ""), columns)
  return described({
    path,
    kind: kindOf(engine),
    columns,
    key,
    keyHolds: whole && /ReplacingMergeTree$/.test(String(engine)),
    estimatedRows: estimate === null || estimate === undefined ? undefined : Number(estimate),
    notes: [typeof comment === "string" ? comment : undefined],
  })
}
