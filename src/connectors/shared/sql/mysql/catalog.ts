import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { StreamKind } from "../../../../core/streams.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { type Catalog, countedBy, denied, described, grouped, type Relation } from "../catalog.ts"
import { grantOf } from "../grants.ts"
import type { Typed } from "../types.ts"
import type { MysqlClient } from "./client.ts"
import { SORTS_OTHERWISE } from "./dialect.ts"
import { isServerError } from "./errors.ts"
import { accountOf, type Grant, grantsOf, readsByColumn } from "./grants.ts"
import { type Names, namesOf, twice } from "./names.ts"
import { spellAccount, spellMysql } from "./rights.ts"
import { brokenReason, enforcesKeys, type Table } from "./tables.ts"
import { catalogType } from "./values.ts"

/** A condition on the requested tables, and its parameters. */
interface Scope {
  readonly names: Names
  readonly where: string
  readonly params: readonly string[]
  /** Whether one table is requested. */
  readonly one?: true
}

/** How the catalog of one system of the protocol differs. */
export interface MysqlSchema {
  readonly product: string
  /** Databases that are the system's own. */
  readonly own: readonly string[]
  /** A type of COLUMN_TYPE. */
  typeOf(native: string): Typed
}

const MYSQL: MysqlSchema = { product: "MySQL", own: ["information_schema", "mysql", "performance_schema", "sys"], typeOf: catalogType }

const scopeOf = async ({ own }: MysqlSchema, client: MysqlClient, path: readonly string[] | undefined, call: Call): Promise<Scope> => {
  const names = await namesOf(client, call)
  if (path !== undefined) return { names, one: true, where: `${names.same("TABLE_SCHEMA")} AND ${names.same("TABLE_NAME")}`, params: twice(path) }
  if (client.database === "") return { names, where: `${names.exact("TABLE_SCHEMA")} NOT IN (${own.map((name) => `'${name}'`).join(", ")})`, params: [] }
  return { names, where: names.same("TABLE_SCHEMA"), params: twice([client.database]) }
}

/** MariaDB lists sequences as tables, although they have no rows. */
const TABLES = "FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('SEQUENCE', 'TEMPORARY') AND"
const COLUMNS =
  "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, COLUMN_TYPE, PRIVILEGES, EXTRA, COLLATION_NAME FROM information_schema.COLUMNS WHERE"
const KEYS = "TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE CAST(INDEX_NAME AS BINARY) = 'PRIMARY' AND"
/** MariaDB stores JSON as text with a check, which few users may see. For other users the column is text until rows are read. */
const JSON_CHECKS = "CONSTRAINT_SCHEMA, TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CHECK_CLAUSE LIKE 'json_valid(%' AND"

/** A table has at most 4,096 columns (docs, Limits). */
const MOST_COLUMNS = 4_096

/** The catalog of MySQL, MariaDB, and systems that speak their protocol and have their information_schema. */
export const mysqlCatalogOf = (schema: MysqlSchema): Catalog<MysqlClient> => ({
  path: ["database", "name"],
  discover: async function* (client, call) {
    const scope = await scopeOf(schema, client, undefined, call)
    const count = `SELECT TABLE_TYPE, COUNT(*) ${TABLES} ${scope.where} GROUP BY TABLE_TYPE`
    yield countedBy((await client.wire.run(count, scope.params, call)).rows, ([type]) => kindOf(type))
    yield* relations(schema, client, scope, mayRead, call)
  },
  find: async (client, path, call) => {
    if (!mayBe(path)) return undefined
    for await (const relation of relations(schema, client, await scopeOf(schema, client, path, call), mayRead, call)) return relation
    return undefined
  },
  target: async (client, path, call) => {
    if (!mayBe(path)) return undefined
    for await (const relation of relations(schema, client, await scopeOf(schema, client, path, call), () => true, call))
      if ("stream" in relation) return relation.stream
    return undefined
  },
})

export const mysqlCatalog = mysqlCatalogOf(MYSQL)

/** Whether the names can exist: they have only characters of the basic plane (MySQL docs, 11.2). MariaDB refuses to compare other characters with them. */
const mayBe = (path: readonly string[]): boolean => !path.some((name) => /[\u{10000}-\u{10ffff}]/u.test(name))

const kindOf = (type: Value | undefined): StreamKind => (type === "VIEW" ? "view" : "table")

type Cells = readonly Value[]

/** A system that gives no privileges of columns lists only tables of which the user has some right. */
const mayRead = ([, , , , , , privileges]: Cells): boolean =>
  /^(null)?$/.test(String(privileges)) || String(privileges).toLowerCase().split(",").includes("select")

/** Joins names by a zero byte, which no name contains (MySQL docs, 11.2). */
const nameOf = (...parts: readonly (Value | undefined)[]): string => parts.map(String).join("\0")

/** The facts about the tables apart from their columns, by schema and name. */
interface About {
  readonly tables: ReadonlyMap<string, Cells>
  readonly keys: ReadonlyMap<string, readonly string[]>
  /** The columns that are JSON, by schema, table and name. */
  readonly json: ReadonlySet<string>
  readonly grants: readonly Grant[]
  readonly account: string
}

/** Every table with the columns that the user may use, by a constant number of queries. Columns are streamed. */
async function* relations(
  { product, typeOf }: MysqlSchema,
  client: MysqlClient,
  scope: Scope,
  may: (column: Cells) => boolean,
  call: Call,
): AsyncGenerator<Relation> {
  const about = await read(client, scope, call)
  const left = new Map(about.tables)
  const order = ["TABLE_SCHEMA", "TABLE_NAME"].map(scope.names.exact).join(", ")
  const sql = `SELECT ${COLUMNS} ${scope.where} ORDER BY ${order}, ORDINAL_POSITION`
  for await (const rows of grouped(client.wire.pages(sql, scope.params, { batchRows: 500 }, call), 2, MOST_COLUMNS, product)) {
    const name = nameOf(rows[0]?.[0], rows[0]?.[1])
    const table = about.tables.get(name)
    // The table was created after the tables were listed.
    if (table === undefined) continue
    left.delete(name)
    const usable = rows.filter(may)
    yield usable.length === 0 || brokenReason(tableOf(table)) !== undefined ? hidden(table, about, scope) : found(typeOf, table, name, usable, rows, about)
  }
  for (const table of left.values()) yield hidden(table, about, scope)
}

async function read(client: MysqlClient, { names, where, params }: Scope, call: Call): Promise<About> {
  const { wire, line } = client
  const select = async (sql: string): Promise<readonly Cells[]> => (await wire.run(`SELECT ${sql}`, params, call, true)).rows
  const tables = await select(`TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, TABLE_COMMENT, ENGINE ${TABLES} ${where}`)
  const keys = new Map<string, string[]>()
  const order = ["TABLE_SCHEMA", "TABLE_NAME"].map(names.exact).join(", ")
  for (const [schema, name, column] of await select(`${KEYS} ${where} ORDER BY ${order}, SEQ_IN_INDEX`))
    keys.set(nameOf(schema, name), [...(keys.get(nameOf(schema, name)) ?? []), String(column)])
  const checks = line.mariadb ? await select(`${JSON_CHECKS} ${where.replaceAll("TABLE_SCHEMA", "CONSTRAINT_SCHEMA")}`).catch(withoutChecks) : []
  return {
    tables: new Map(tables.map((table) => [nameOf(table[0], table[1]), table])),
    keys,
    grants: await grantsOf(client, call),
    account: await accountOf(client, call),
    json: new Set(checks.flatMap(jsonColumn)),
  }
}

const NO_SUCH_TABLE_OR_COLUMN: ReadonlySet<number> = new Set([1109, 1054])

/** MariaDB before 10.3 has no list of checks; JSON is text there. */
function withoutChecks(error: unknown): readonly Cells[] {
  if (isServerError(error) && NO_SUCH_TABLE_OR_COLUMN.has(error.errno)) return []
  throw error
}

function jsonColumn([schema, table, clause]: Cells): string[] {
  const column = /^json_valid\(`((?:[^`]|``)+)`\)$/.exec(String(clause))?.[1]
  return column === undefined ? [] : [nameOf(schema, table, column.replaceAll("``", "`"))]
}

const tableOf = ([schema, table, type, , comment, engine]: Cells): Table => ({
  path: [String(schema), String(table)],
  view: type === "VIEW",
  comment: String(comment ?? ""),
  engine: engine === null || engine === undefined ? undefined : String(engine),
})

const GENERATED = /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/

/** In a collation without padding, MariaDB sorts CHAR with its trailing spaces and compares it without them: 'a' sorts after 'a\t', and is less. */
const sortsOtherwise = (native: string, collation: string): boolean => native.startsWith("char(") && collation.includes("_nopad_")

function found(typeOf: MysqlSchema["typeOf"], table: Cells, name: string, usable: readonly Cells[], all: readonly Cells[], about: About): Relation {
  const { keys, json, grants } = about
  const { path, view, comment, engine } = tableOf(table)
  // Columns that the user may not read are not listed. They leave a gap in the positions, or the listed ones were granted one by one.
  const partly = usable.length < Number(all.at(-1)?.[3] ?? 0) || readsByColumn(grants, path)
  return described({
    path,
    kind: kindOf(table[2]),
    columns: usable.map(
      ([, , column, , nullable, native, , extra, collation]): Column => ({
        name: String(column),
        ...typeOf(String(native)),
        ...(json.has(nameOf(name, column)) ? { type: "json" } : {}),
        nullable: nullable === "YES",
        ...(GENERATED.test(String(extra)) ? { generated: "computed" } : {}),
        ...(sortsOtherwise(String(native), String(collation)) ? { [SORTS_OTHERWISE]: true } : {}),
      }),
    ),
    key: keys.get(name) ?? [],
    keyHolds: enforcesKeys(engine),
    estimatedRows: view || table[3] === null ? undefined : Number(table[3]),
    notes: [view ? undefined : comment, partly ? "The user may read only these columns of it." : undefined],
  })
}

/** A table that cannot be read. Throws `remote_failed` if it is the requested one and does not work. */
function hidden(cells: Cells, { account }: About, { one }: Scope): Relation {
  const table = tableOf(cells)
  const broken = brokenReason(table)
  if (one && broken !== undefined) throw new PlatformError("remote_failed", `${table.path.join(".")} cannot be used. ${broken}`)
  if (broken !== undefined) return { skipped: { path: table.path, reason: broken } }
  return denied(table.path, "user", "read it", grantOf(spellMysql, { privileges: ["SELECT"], path: table.path }, spellAccount(account)))
}
