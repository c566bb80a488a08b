import type { Call } from "../../core/call.ts"
import type { StreamKind } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { type Catalog, countedBy, denied, described, grouped, type Relation } from "../shared/sql/catalog.ts"
import { qualified } from "../shared/sql/dialect.ts"
import type { MysqlClient } from "../shared/sql/mysql/client.ts"
import { mysqlDialect } from "../shared/sql/mysql/dialect.ts"
import { isServerError } from "../shared/sql/mysql/errors.ts"
import { catalogType } from "../shared/sql/mysql/values.ts"

/** A condition on the tables that are wanted, and its parameters. */
interface Scope {
  readonly where: string
  readonly params: readonly string[]
}

const everything = ({ database }: MysqlClient): Scope =>
  database === ""
    ? { where: "TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')", params: [] }
    : { where: "TABLE_SCHEMA = ?", params: [database] }
const one = (path: readonly string[]): Scope => ({ where: "TABLE_SCHEMA = ? AND TABLE_NAME = ?", params: path })

/** MariaDB lists sequences as tables, though they hold no rows. */
const TABLES = "FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('SEQUENCE', 'TEMPORARY') AND"
const COLUMNS = "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, COLUMN_TYPE, PRIVILEGES FROM information_schema.COLUMNS WHERE"
const KEYS = "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND"
const COLUMN_GRANTS = "TABLE_SCHEMA, TABLE_NAME, COUNT(DISTINCT COLUMN_NAME) FROM information_schema.COLUMN_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT' AND"
/** MariaDB has JSON as a text with a check, which few users see: for the others the column is a text until its rows are read. */
const JSON_CHECKS = "CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CHECK_CLAUSE LIKE 'json_valid(%' AND"

/** A table has at most 4,096 columns (docs, Limits). */
const MOST_COLUMNS = 4_096

export const catalog: Catalog<MysqlClient> = {
  path: ["database", "name"],
  discover: async function* (client, call) {
    const scope = everything(client)
    const count = `SELECT TABLE_TYPE, COUNT(*) ${TABLES} ${scope.where} GROUP BY TABLE_TYPE`
    yield countedBy((await client.wire.run(count, scope.params, call)).rows, ([type]) => kindOf(type))
    yield* relations(client, scope, mayRead, call)
  },
  find: async (client, path, call) => {
    for await (const relation of relations(client, one(path), mayRead, call)) return relation
    return undefined
  },
  target: async (client, path, call) => {
    for await (const relation of relations(client, one(path), () => true, call)) if ("stream" in relation) return relation.stream
    return undefined
  },
}

const kindOf = (type: Value | undefined): StreamKind => (type === "VIEW" ? "view" : "table")

type Cells = readonly Value[]

const mayRead = (column: Cells): boolean => String(column[6]).toLowerCase().split(",").includes("select")

/** Names may hold dots, and no name holds a zero byte (MySQL docs, 11.2). */
const nameOf = (...parts: readonly (Value | undefined)[]): string => parts.map(String).join("\0")

/** The facts about the tables beside their columns, by schema and name. */
interface About {
  readonly tables: ReadonlyMap<string, Cells>
  readonly keys: ReadonlyMap<string, readonly string[]>
  /** The columns that are JSON, by schema, table and name. */
  readonly json: ReadonlySet<string>
  /** The number of a table's columns that the user may read by rights on columns. */
  readonly granted: ReadonlyMap<string, number>
}

/** Every table with the columns that the user may use, by five queries; columns are streamed. */
async function* relations(client: MysqlClient, scope: Scope, may: (column: Cells) => boolean, call: Call): AsyncGenerator<Relation> {
  const about = await read(client, scope, call)
  const left = new Map(about.tables)
  const sql = `SELECT ${COLUMNS} ${scope.where} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`
  for await (const rows of grouped(client.wire.pages(sql, scope.params, { batchRows: 500 }, call), 2, MOST_COLUMNS, "MySQL")) {
    const name = nameOf(rows[0]?.[0], rows[0]?.[1])
    const table = about.tables.get(name)
    // The table was made after the tables were listed.
    if (table === undefined) continue
    left.delete(name)
    const usable = rows.filter(may)
    yield usable.length === 0 ? hidden(table) : found(table, name, usable, rows, about)
  }
  for (const table of left.values()) yield hidden(table)
}

async function read({ wire, line }: MysqlClient, { where, params }: Scope, call: Call): Promise<About> {
  const select = async (sql: string): Promise<readonly Cells[]> => (await wire.run(`SELECT ${sql}`, params, call)).rows
  const tables = await select(`TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT ${TABLES} ${where}`)
  const keys = new Map<string, string[]>()
  for (const [schema, name, column] of await select(`${KEYS} ${where} ORDER BY TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX`))
    keys.set(nameOf(schema, name), [...(keys.get(nameOf(schema, name)) ?? []), String(column)])
  const granted = await select(`${COLUMN_GRANTS} ${where} GROUP BY TABLE_SCHEMA, TABLE_NAME`)
  const checks = line.mariadb ? await select(`${JSON_CHECKS} ${where.replace("TABLE_SCHEMA", "CONSTRAINT_SCHEMA")}`).catch(withoutChecks) : []
  return {
    tables: new Map(tables.map((table) => [nameOf(table[0], table[1]), table])),
    keys,
    granted: new Map(granted.map(([schema, name, many]) => [nameOf(schema, name), Number(many)])),
    json: new Set(checks.flatMap(jsonColumn)),
  }
}

const NO_SUCH_TABLE_OR_COLUMN: ReadonlySet<number> = new Set([1109, 1054])

/** MariaDB before 10.3 has no such list; JSON is a text there. */
function withoutChecks(error: unknown): readonly Cells[] {
  if (isServerError(error) && NO_SUCH_TABLE_OR_COLUMN.has(error.errno)) return []
  throw error
}

function jsonColumn([schema, table, clause]: Cells): string[] {
  const column = /^json_valid\(`((?:[^`]|``)+)`\)$/.exec(String(clause))?.[1]
  return column === undefined ? [] : [nameOf(schema, table, column.replaceAll("``", "`"))]
}

function found([schema, table, type, estimate, comment]: Cells, name: string, usable: readonly Cells[], all: readonly Cells[], about: About): Relation {
  const { keys, json, granted } = about
  // Columns that may not be read are not listed: they leave a gap in the numbers, or each listed one was granted by itself.
  const partly = usable.length < Number(all.at(-1)?.[3] ?? 0) || granted.get(name) === usable.length
  return described({
    path: [String(schema), String(table)],
    kind: kindOf(type),
    columns: usable.map(([, , column, , nullable, native]): Column => {
      const typed = catalogType(String(native))
      return { name: String(column), ...typed, ...(json.has(nameOf(name, column)) ? { type: "json" } : {}), nullable: nullable === "YES" }
    }),
    key: keys.get(name) ?? [],
    estimatedRows: type === "VIEW" || estimate === null ? undefined : Number(estimate),
    notes: [type === "VIEW" ? undefined : String(comment ?? ""), partly ? "The user may read only these columns of it." : undefined],
  })
}

function hidden([schema, table, type, , comment]: Cells): Relation {
  const path = [String(schema), String(table)]
  if (type !== "VIEW" || !/invalid/.test(String(comment))) return denied(path, "user", "read it", `SELECT ON ${qualified(mysqlDialect, path)}`)
  const reason = "The view does not work any more: it names something that is gone, or that its definer may not read; mend or drop it."
  return { skipped: { path, reason } }
}
