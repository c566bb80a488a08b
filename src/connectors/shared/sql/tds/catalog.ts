import type { Call } from "../../../../core/call.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { catalogByRelation, denied, described, grouped, type Relation } from "../catalog.ts"
import { explainBy } from "../errors.ts"
import { grantOf } from "../grants.ts"
import type { TdsClient } from "./client.ts"
import { tdsErrors } from "./errors.ts"
import { spellTds } from "./grants.ts"
import { spelledType, typed } from "./types.ts"

/** Tables and views of people; a login sees those on which it has some right (docs, Metadata visibility configuration). */
const OBJECTS = "FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0"
const COUNT = `SELECT o.type, COUNT_BIG(*) ${OBJECTS} GROUP BY o.type ORDER BY o.type`

/** Names that views refer to and that are not there. Names that depend on the caller or on a row are not known before the view runs. */
const missingSql = (only: string): string => `
  SELECT v.schema_name, v.name, MIN(d.referenced_entity_name) FROM (SELECT o.object_id, s.name AS schema_name, o.name ${OBJECTS} ${only}) v
  JOIN sys.sql_expression_dependencies d ON d.referencing_id = v.object_id
  WHERE d.referenced_id IS NULL AND d.referenced_class = 1 AND d.referenced_server_name IS NULL AND d.referenced_database_name IS NULL
    AND d.is_caller_dependent = 0 AND d.is_ambiguous = 0 GROUP BY v.schema_name, v.name`

/** One row per column, and one for a relation without any that the login sees; in order of schema, name and position. */
const columnsSql = (only: string): string => `
  SELECT o.schema_name, o.name, o.type, c.name, COALESCE(b.name, t.name), c.max_length, c.precision, c.scale, c.is_nullable, c.is_identity,
    CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 OR t.name = 'timestamp' THEN 1 ELSE 0 END, k.key_ordinal,
    HAS_PERMS_BY_NAME(QUOTENAME(o.schema_name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT', c.name, 'COLUMN'),
    r.many, CAST(p.value AS nvarchar(4000)), USER_NAME(), CAST(SERVERPROPERTY('EngineEdition') AS int)
  FROM (SELECT o.object_id, s.name AS schema_name, o.name, o.type ${OBJECTS} ${only}) o
  LEFT JOIN sys.columns c ON c.object_id = o.object_id
  LEFT JOIN sys.types t ON t.user_type_id = c.user_type_id
  LEFT JOIN sys.types b ON b.user_type_id = t.system_type_id
  LEFT JOIN sys.indexes i ON i.object_id = o.object_id AND i.is_primary_key = 1
  LEFT JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.column_id = c.column_id
  LEFT JOIN (SELECT a.object_id, SUM(a.rows) AS many FROM sys.partitions a WHERE a.index_id IN (0, 1) GROUP BY a.object_id) r ON r.object_id = o.object_id
  LEFT JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = o.object_id AND p.minor_id = 0 AND p.name = 'MS_Description'
  ORDER BY o.schema_name, o.name, o.object_id, c.column_id`

/** Editions whose keys are not enforced: warehouses of Synapse and Fabric (docs, Table constraints). */
const UNENFORCED: ReadonlySet<number> = new Set([6, 11])
/** Of a table with sparse columns (docs, Maximum capacity specifications). */
const MOST_COLUMNS = 30_000
type Rows = readonly (readonly Value[])[]
const kindOf = (type: Value | undefined) => (String(type).trim() === "V" ? "view" : "table")

/** The catalog of one database. */
export const tdsCatalog = catalogByRelation<TdsClient>({
  path: ["schema", "name"],
  counts: async ({ wire }, call) => (await wire.run(COUNT, [], call)).rows,
  kindOf: ([type]) => kindOf(type),
  relations,
  refused,
  relation,
})

async function* relations({ wire }: TdsClient, path: readonly string[] | undefined, call: Call): AsyncGenerator<Rows> {
  const only = path === undefined ? "" : "AND s.name = @p1 AND o.name = @p2"
  const missing = new Map((await missingOf(wire, only, path ?? [], call)).map(([schema, name, what]) => [JSON.stringify([schema, name]), what ?? null]))
  for await (const rows of grouped(wire.pages(columnsSql(only), path ?? [], { batchRows: 500 }, call), 2, MOST_COLUMNS, "SQL Server")) {
    const what = missing.get(JSON.stringify(rows[0]?.slice(0, 2)))
    yield what === undefined ? rows : rows.map((row) => [...row, what])
  }
}

/** Only an owner of the database may read the dependencies, unless it is granted (docs, sys.sql_expression_dependencies, Permissions). */
async function missingOf(wire: TdsClient["wire"], only: string, path: readonly string[], call: Call): Promise<Rows> {
  try {
    return (await wire.run(missingSql(only), path, call)).rows
  } catch (error) {
    if (explainBy(tdsErrors)(error)?.code === "permission_denied") return []
    throw error
  }
}

const mayRead = (row: readonly Value[]): boolean => row[12] === 1

function refused(rows: Rows): Relation | undefined {
  const [schema, name, , column, , , , , , , , , , , , user, , missing] = rows[0] ?? []
  const path = [String(schema), String(name)]
  if (missing !== null && missing !== undefined)
    return { skipped: { path, reason: `The view does not work: it reads ${String(missing)}, which is not there; repair or drop the view.` } }
  if (column === null) return { skipped: { path, reason: "SQL Server shows no columns of it to this login; grant it SELECT." } }
  if (rows.some(mayRead)) return undefined
  return denied(path, "login", "read it", grantOf(spellTds, { privileges: ["SELECT"], path }, spellTds(String(user))))
}

function relation(rows: Rows): Relation {
  const [schema, name, type, , , , , , , , , , , many, note, , engine] = rows[0] ?? []
  const usable = rows.filter(mayRead)
  // A write sees the columns of a table that may not be read, too.
  const shown = usable.length > 0 ? usable : rows.filter((row) => row[3] !== null)
  const key = rows.filter((row) => Number(row[11] ?? 0) > 0).toSorted((one, other) => Number(one[11]) - Number(other[11]))
  return described({
    path: [String(schema), String(name)],
    kind: kindOf(type),
    columns: shown.map(columnOf),
    key: key.map((row) => (shown.includes(row) ? String(row[3]) : undefined)),
    keyHolds: !UNENFORCED.has(Number(engine)),
    estimatedRows: many === null || many === undefined || kindOf(type) === "view" ? undefined : Number(many),
    notes: [
      typeof note === "string" ? note : undefined,
      usable.length > 0 && usable.length < rows.length ? "The login may read only these columns of it." : undefined,
    ],
  })
}

function columnOf([, , , name, native, bytes, precision, scale, nullable, identity, computed]: readonly Value[]): Column {
  return {
    name: String(name),
    ...typed(spelledType(String(native), Number(bytes), Number(precision), Number(scale))),
    nullable: nullable !== false,
    ...(identity === true ? { generated: "identity" } : computed === 1 ? { generated: "computed" } : {}),
  }
}

const COLLATED = `SELECT c.name, c.collation_name, c.is_nullable FROM sys.columns c JOIN sys.objects o ON o.object_id = c.object_id
  JOIN sys.schemas s ON s.schema_id = o.schema_id WHERE s.name = @p1 AND o.name = @p2`

/** The columns of a table by name: the collation as SQL that follows a type, empty where there is none. */
export async function collated({ wire }: TdsClient, path: readonly string[], call: Call): Promise<Map<string, { collate: string; nullable: boolean }>> {
  const { rows } = await wire.run(COLLATED, path, call)
  const spelled = (collation: Value | undefined): string => (typeof collation === "string" && /^\w+$/.test(collation) ? ` COLLATE ${collation}` : "")
  return new Map(rows.map(([name, collation, nullable]) => [String(name), { collate: spelled(collation), nullable: nullable === true }]))
}
