import type { Call } from "../../core/call.ts"
import type { StreamKind } from "../../core/streams.ts"
import type { Value } from "../../core/values.ts"
import { type Catalog, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { acrossCatalogs, type Catalogs } from "../shared/sql/catalogs.ts"
import { quotedBy } from "../shared/sql/dialect.ts"
import { saidOf } from "../shared/sql/http-errors.ts"
import { typed } from "../shared/sql/trino/values.ts"
import type { Trino } from "./connect.ts"

type Rows = readonly (readonly Value[])[]

/** More columns than any table of the systems that Trino reads has. */
const MOST_COLUMNS = 20_000
const views = (name: string): string => `${quotedBy('"')(name)}.information_schema`
const relationsOf = (name: string): string => `${views(name)}.tables t WHERE t.table_schema <> 'information_schema'`

const catalogs: Catalogs<Trino> = {
  product: "Trino",
  async names({ wire, place }, call) {
    if (place.catalog !== "") return [place.catalog]
    const { rows } = await wire.run("SHOW CATALOGS", [], call)
    return rows.map(([name]) => String(name)).filter((name) => name !== "system")
  },
  counts: async ({ wire }, name, call) => (await wire.run(`SELECT t.table_type, count(*) FROM ${relationsOf(name)} GROUP BY t.table_type`, [], call)).rows,
  kindOf: (type) => (type === "VIEW" ? "view" : "table"),
  async *relations(client, name, call) {
    const notes = await notesIn(client, name, call)
    for await (const rows of columnsIn(client, [name], call)) yield relation(name, rows, notes)
  },
}

export const catalog: Catalog<Trino> = {
  path: ["catalog", "schema", "name"],
  // Trino knows all names in lower case.
  whole: ({ place }, path) => {
    const before = path.length === 1 ? [place.catalog, place.schema] : path.length === 2 ? [place.catalog] : []
    return before.includes("") ? path : [...before, ...path].map((name) => name.toLowerCase())
  },
  discover: (client, call) => acrossCatalogs(catalogs, client, call),
  async find(client, path, call) {
    for await (const rows of columnsIn(client, path, call)) return relation(path[0] ?? "", rows)
    return undefined
  },
}

/** The columns of each relation, or of the one at that path, by one statement. */
function columnsIn({ wire }: Trino, [name = "", ...names]: readonly string[], call: Call): AsyncIterable<Rows> {
  const one = names.length === 0 ? "" : " AND t.table_schema = ? AND t.table_name = ?"
  const columns = `(SELECT * FROM ${views(name)}.columns) c ON c.table_schema = t.table_schema AND c.table_name = t.table_name`
  const sql = `SELECT t.table_schema, t.table_name, t.table_type, c.column_name, c.data_type, c.is_nullable FROM (SELECT * FROM ${relationsOf(name)}${one}) t
LEFT JOIN ${columns} ORDER BY t.table_schema, t.table_name, c.ordinal_position`
  return grouped(wire.pages(sql, names, { batchRows: call.batchRows }, call), 2, MOST_COLUMNS, "Trino")
}

type Notes = ReadonlyMap<string, { readonly comment?: string; readonly kind?: StreamKind }>

/** What is known of relations beside their columns. Some systems refuse to say it, and then it is unknown. */
async function notesIn({ wire }: Trino, name: string, call: Call): Promise<Notes> {
  const told = async (sql: string): Promise<Rows> => {
    try {
      return (await wire.run(`${sql} WHERE catalog_name = ?`, [name], call)).rows
    } catch (error) {
      if (saidOf(error) === undefined) throw error
      call.log(`Trino does not answer ${sql} for ${name}`)
      return []
    }
  }
  const comments = await told("SELECT schema_name, table_name, comment FROM system.metadata.table_comments")
  const views = await told("SELECT schema_name, name, comment FROM system.metadata.materialized_views")
  const noted = (comment: Value | undefined) => (comment ? { comment: String(comment) } : {})
  return new Map([
    ...comments.map(([schema, table, comment]) => [keyOf(schema, table), noted(comment)] as const),
    ...views.map(([schema, view, comment]) => [keyOf(schema, view), { ...noted(comment), kind: "materialized view" as const }] as const),
  ])
}

const keyOf = (...names: readonly (Value | undefined)[]): string => JSON.stringify(names)

function relation(name: string, rows: Rows, notes: Notes = new Map()): Relation {
  const [schema, table, type] = rows[0] ?? []
  const path = [name, String(schema), String(table)]
  const columns = rows.flatMap(([, , , column, native, nullable]) =>
    column === null ? [] : [{ name: String(column), ...typed(String(native)), nullable: nullable !== "NO" }],
  )
  if (columns.length === 0) return { skipped: { path, reason: "Trino lists no columns of it; see whether this user may select from it." } }
  const { comment, kind = catalogs.kindOf(type) } = notes.get(keyOf(schema, table)) ?? {}
  return described({ path, kind, columns, key: [], notes: [comment] })
}
