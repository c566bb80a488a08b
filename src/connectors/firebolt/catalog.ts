import type { Call } from "../../core/call.ts"
import type { Column } from "../../core/values.ts"
import { catalogByRelation, described, grouped } from "../shared/sql/catalog.ts"
import { kindName } from "../shared/sql/information-schema.ts"
import type { Firebolt } from "./api.ts"
import { typed } from "./values.ts"

const OURS = "LOWER(t.table_schema) <> 'information_schema'"
/** One row per column, one for a table without any (docs, information_schema.tables and .columns). */
const COLUMNS = `
  SELECT t.table_schema, t.table_name, t.table_type, t.number_of_rows, t.primary_index, c.column_name, c.data_type, c.is_nullable
  FROM information_schema.tables t LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name
  WHERE ${OURS}`
const MOST_COLUMNS = 10_000

/** The names of a primary index: a list, in which a name may be quoted. */
export const indexOf = (text: string): string[] =>
  Array.from(text.replace(/^\s*[[{(]|[\])}]\s*$/g, "").matchAll(/"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^,\s][^,]*)/g), ([, double, single, plain = ""]) =>
    double !== undefined ? double.replaceAll('""', '"') : (single?.replaceAll("''", "'") ?? plain.trim()),
  ).filter((name) => name !== "")

/** The catalog, by the system engine alone. */
export const catalog = catalogByRelation<Firebolt>({
  path: ["schema", "name"],
  counts: async ({ system }, call) =>
    (await system.run(`SELECT t.table_type, COUNT(*) AS many FROM information_schema.tables t WHERE ${OURS} GROUP BY t.table_type`, [], call)).rows,
  kindOf: ([type]) => kindOf(type),
  relations: ({ system }, path, call: Call) => {
    const where = path === undefined ? "" : " AND t.table_schema = $1 AND t.table_name = $2"
    const sql = `${COLUMNS}${where} ORDER BY t.table_schema, t.table_name, c.ordinal_position`
    return grouped(system.pages(sql, path ?? [], { batchRows: 1_000 }, call), 2, MOST_COLUMNS, "Firebolt")
  },
  refused: ([row]) =>
    row === undefined || row[5] !== null
      ? undefined
      : { skipped: { path: [String(row[0]), String(row[1])], reason: "Firebolt lists no columns of it that the service account may read." } },
  relation: (rows) => {
    const [schema, name, type, estimate, index] = rows[0] ?? []
    return described({
      path: [String(schema), String(name)],
      kind: kindOf(type) === "view" ? "view" : kindOf(type) === "external" ? "foreign table" : "table",
      columns: rows.map(([, , , , , column, native, nullable]): Column => ({ name: String(column), ...typed(String(native)), nullable: nullable !== "NO" })),
      key: typeof index === "string" ? indexOf(index) : [],
      keyHolds: false,
      estimatedRows: estimate === null || estimate === undefined ? undefined : Number(estimate),
      notes: [],
    })
  },
})

const kindOf = (type: unknown): string => kindName(String(type))
