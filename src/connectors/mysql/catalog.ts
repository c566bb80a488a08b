import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Discovered, Stream, StreamKind } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"
import { type MySql, qualified } from "./client.ts"
import { isServerError } from "./errors.ts"
import { type Bound, begin, count, pages, rollback, run } from "./statements.ts"
import { columnType } from "./values.ts"

const SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"
/** Sequences of MariaDB are in the list of tables, and hold no rows of anybody's. */
const TABLES = "FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('SEQUENCE', 'TEMPORARY')"
const within = ({ database }: MySql): { where: string; params: Bound[] } =>
  database === "" ? { where: `TABLE_SCHEMA NOT IN ${SYSTEM}`, params: [] } : { where: "TABLE_SCHEMA = ?", params: [database] }
/** One table, by the parameters schema and name. */
const ONE = "TABLE_SCHEMA = ? AND TABLE_NAME = ?"

const COLUMNS = "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, DATA_TYPE, COLUMN_TYPE, PRIVILEGES FROM information_schema.COLUMNS WHERE"
const KEYS = "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND"
const COLUMN_GRANTS = "TABLE_SCHEMA, TABLE_NAME, COUNT(DISTINCT COLUMN_NAME) FROM information_schema.COLUMN_PRIVILEGES WHERE PRIVILEGE_TYPE = 'SELECT' AND"
/** How MariaDB has JSON: a text with a check. It shows these to few: to all others the column is a text until its rows are read. */
const JSON_CHECKS = "CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CHECK_CLAUSE LIKE 'json_valid(%' AND"

interface Table {
  readonly path: readonly string[]
  readonly view: boolean
  readonly estimate: number | undefined
  readonly comment: string
}

/** What is known of the tables beside their columns, by schema and name. */
interface About {
  readonly tables: ReadonlyMap<string, Table>
  readonly keys: ReadonlyMap<string, readonly string[]>
  readonly json: ReadonlySet<string>
  /** How many of a table's columns the user may read by rights on columns. */
  readonly granted: ReadonlyMap<string, number>
}

/** Names may hold dots, and no name holds a zero byte (MySQL docs, 11.2). */
const nameOf = (...parts: readonly unknown[]): string => parts.map(String).join("\0")

/**
 * Everything that holds rows and that the server shows to the user, by six queries whatever there is; columns are
 * streamed. A user sees only the tables on which it has some right: others are neither listed nor counted.
 */
export async function* discover(client: MySql, call: Call): AsyncGenerator<Discovered> {
  await begin(client, call, "READ ONLY")
  try {
    const { where, params } = within(client)
    yield { counted: await counted(client, where, params) }
    const about = await read(client, where, params)
    const left = new Set(about.tables.keys())
    for await (const rows of columns(client, where, params)) {
      const name = nameOf(rows[0]?.[0], rows[0]?.[1])
      const table = about.tables.get(name)
      // Made since the tables were listed.
      if (table === undefined) continue
      left.delete(name)
      yield found(table, name, rows, about)
    }
    for (const name of left) yield hidden(about.tables.get(name) as Table)
  } finally {
    await rollback(client)
  }
}

async function counted(client: MySql, where: string, params: readonly Bound[]): Promise<{ total: number; byKind: Record<string, number> }> {
  const { rows } = await run(client, `SELECT TABLE_TYPE, COUNT(*) ${TABLES} AND ${where} GROUP BY TABLE_TYPE`, params)
  const byKind: Record<string, number> = {}
  for (const [type, many] of rows) {
    const kind = type === "VIEW" ? "view" : "table"
    byKind[kind] = (byKind[kind] ?? 0) + count(many)
  }
  return { total: Object.values(byKind).reduce((sum, many) => sum + many, 0), byKind }
}

async function read(client: MySql, where: string, params: readonly Bound[]): Promise<About> {
  const tables = new Map<string, Table>()
  const sql = `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT ${TABLES} AND ${where}`
  for (const [schema, name, type, estimate, comment] of (await run(client, sql, params)).rows) {
    const view = type === "VIEW"
    const known = { path: [String(schema), String(name)], view, comment: comment === null || comment === undefined ? "" : String(comment) }
    tables.set(nameOf(schema, name), { ...known, estimate: view || estimate === null || estimate === undefined ? undefined : Number(estimate) })
  }
  const keys = new Map<string, string[]>()
  for (const [schema, name, column] of (await run(client, `SELECT ${KEYS} ${where} ORDER BY TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX`, params)).rows) {
    const key = keys.get(nameOf(schema, name))
    if (key === undefined) keys.set(nameOf(schema, name), [String(column)])
    else key.push(String(column))
  }
  const granted = new Map<string, number>()
  for (const [schema, name, many] of (await run(client, `SELECT ${COLUMN_GRANTS} ${where} GROUP BY TABLE_SCHEMA, TABLE_NAME`, params)).rows)
    granted.set(nameOf(schema, name), count(many))
  return { tables, keys, granted, json: await jsonColumns(client, where, params) }
}

const NO_SUCH_TABLE_OR_COLUMN: ReadonlySet<number> = new Set([1109, 1054])

/** The columns that MariaDB has as JSON, as schema, table and name with zero bytes between; MySQL says so itself. */
async function jsonColumns(client: MySql, where: string, params: readonly Bound[]): Promise<Set<string>> {
  const json = new Set<string>()
  if (!client.mariadb) return json
  try {
    for (const [schema, table, clause] of (await run(client, `SELECT ${JSON_CHECKS} ${where.replace("TABLE_SCHEMA", "CONSTRAINT_SCHEMA")}`, params)).rows) {
      const column = /^json_valid\(`((?:[^`]|``)+)`\)$/.exec(String(clause))?.[1]
      if (column !== undefined) json.add(nameOf(schema, table, column.replaceAll("``", "`")))
    }
  } catch (error) {
    // MariaDB before 10.3 has no such list: JSON is a text there.
    if (!isServerError(error) || !NO_SUCH_TABLE_OR_COLUMN.has(error.errno)) throw error
  }
  return json
}

type ColumnRow = readonly unknown[]

/** A table has at most 4,096 columns (docs, Limits); whoever sends more sends without end. */
const MOST_COLUMNS = 4_096

/** The catalog's columns, those of one table together. */
async function* columns(client: MySql, where: string, params: readonly Bound[]): AsyncGenerator<ColumnRow[]> {
  let current: ColumnRow[] = []
  const sql = `SELECT ${COLUMNS} ${where} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`
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
          `What answers lists more than ${MOST_COLUMNS} columns of one table, so it is no MySQL; check host and port.`,
        )
    }
  }
  if (current.length > 0) yield current
}

const mayRead = (row: ColumnRow): boolean => String(row[7]).toLowerCase().split(",").includes("select")

function found(table: Table, name: string, rows: readonly ColumnRow[], { keys, json, granted }: About): Discovered {
  const readable = rows.filter(mayRead)
  if (readable.length === 0) return hidden(table)
  const shown = readable.map((row): Column => {
    const [, , column, , nullable, dataType, nativeType] = row.map(String)
    const type = json.has(nameOf(name, column)) ? "json" : columnType((dataType ?? "").toLowerCase())
    return { name: column ?? "", type, nativeType: nativeType ?? "", nullable: nullable === "YES" }
  })
  // What may not be read is not listed: it leaves a gap in the numbers, or all that is listed was granted column by column.
  const partly = readable.length < Number(rows.at(-1)?.[3] ?? 0) || granted.get(name) === readable.length
  const key = (keys.get(name) ?? []).filter((column) => shown.some((each) => each.name === column))
  const note = [...(table.view ? [] : [table.comment]), ...(partly ? ["The user may read only these columns of it."] : [])]
    .filter((part) => part !== "")
    .join(" ")
  const kind: StreamKind = table.view ? "view" : "table"
  const stream: Stream = {
    path: table.path,
    kind,
    columns: shown,
    // A key of which a column may not be read orders nothing for this user.
    key: key.length === (keys.get(name) ?? []).length ? key : [],
    ...(table.estimate === undefined ? {} : { estimatedRows: table.estimate }),
    ...(note === "" ? {} : { comment: note }),
  }
  return { stream }
}

const hidden = ({ path, view, comment }: Table): Discovered => ({
  skipped: {
    path,
    reason:
      view && /invalid/.test(comment)
        ? "The view does not work any more: it names something that is gone, or that its definer may not read; mend or drop it."
        : `The user may not read it; GRANT SELECT ON ${qualified(path)} TO it.`,
  },
})

/** One stream as it is now; never as a caller remembers it. */
export async function findStream(client: MySql, path: readonly string[]): Promise<Stream> {
  if (path.length === 2) {
    const about = await read(client, ONE, [...path])
    for await (const rows of columns(client, ONE, [...path])) {
      const [name, table] = [...about.tables].find(([, each]) => each.path.length === 2) ?? []
      if (name === undefined || table === undefined) break
      const one = found(table, name, rows, about)
      if ("stream" in one) return one.stream
      throw new PlatformError("permission_denied", `The user may not read ${path.join(".")}; GRANT SELECT ON ${qualified(path)} TO it.`)
    }
  }
  throw new PlatformError(
    "stream_not_found",
    `There is no table or view ${path.join(".")} that the user may see; a path is [database, name], and the catalog has them.`,
  )
}
