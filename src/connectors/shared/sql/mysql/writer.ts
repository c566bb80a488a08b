import type { Call } from "../../../../core/call.ts"
import type { Stream } from "../../../../core/streams.ts"
import type { Column } from "../../../../core/values.ts"
import { type Line, lastOfEachKey, type Rejected } from "../../put.ts"
import { wholeNumber } from "../catalog.ts"
import { withDeletes } from "../deletes.ts"
import { listed, Params } from "../dialect.ts"
import { brief } from "../errors.ts"
import { columnList, inPieces, type Piecewise, type Puts, type Target, valueRows, type Writer } from "../writer.ts"
import type { MysqlClient } from "./client.ts"
import { isSpelled, notA } from "./dialect.ts"
import type { MysqlBound } from "./encode.ts"
import { isServerError } from "./errors.ts"
import { lackingMysql } from "./lacking.ts"
import { namesOf, twice } from "./names.ts"

type Into = Target<MysqlBound, MysqlClient>
type MysqlLineOf = Line<MysqlBound>

/** The share of a packet that rows may take; the rest is for the text of the statement. */
const SHARE = 0.75
/** The most placeholders of one statement (MySQL docs, error 1390). */
const MOST_PLACEHOLDERS = 65_535
const MOST_ROWS = 1_000

const TABLE = `
  SELECT t.TABLE_TYPE, e.TRANSACTIONS, @@max_allowed_packet
  FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE`

/** The condition on one table of information_schema; its parameters are the path, by `twice`. */
async function named(client: MysqlClient, prefix: string, call: Call): Promise<string> {
  const { same } = await namesOf(client, call)
  return `${same(`${prefix}TABLE_SCHEMA`)} AND ${same(`${prefix}TABLE_NAME`)}`
}

/** Whether a refused statement is undone completely (it is not in MyISAM, Aria and MEMORY), and the most bytes of one statement. */
async function engine(client: MysqlClient, { path }: Stream, call: Call): Promise<{ transactional: boolean; bytes: number }> {
  const [[type, transactions, packet] = []] = (await client.wire.run(`${TABLE} ${await named(client, "t.", call)}`, twice(path), call, true)).rows
  return { transactional: type === "VIEW" || transactions === "YES", bytes: Math.floor(wholeNumber(packet) * SHARE) }
}

/** Whether a table's rows are part of a transaction. */
export const isTransactional = async (client: MysqlClient, stream: Stream, call: Call): Promise<boolean> => (await engine(client, stream, call)).transactional

/** The limits of one INSERT. It has a single row if a refused statement would not be undone. */
const insert: Omit<Piecewise<MysqlBound, MysqlClient>, "put"> = {
  limits: async ({ client, stream, call, columns }) => {
    const { transactional, bytes } = await engine(client, stream, call)
    const rows = Math.min(MOST_ROWS, Math.floor(MOST_PLACEHOLDERS / Math.max(1, columns.length)))
    return { bytes, rows: transactional ? Math.max(1, rows) : 1 }
  },
  sizeOf: ({ values }) => values.reduce<number>((sum, value) => sum + sizeOf(value), 0),
  tooLarge: (bytes, most) => `The row has ${bytes} bytes, and the server's max_allowed_packet allows ${most}.`,
}

/** The limits of one INSERT in a system whose tables all have transactions. */
export const transactionalInsert: typeof insert = {
  ...insert,
  limits: async ({ client, call, columns }) => {
    const [[packet] = []] = (await client.wire.run("SELECT @@max_allowed_packet", [], call, true)).rows
    return {
      bytes: Math.floor(wholeNumber(packet) * SHARE),
      rows: Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_PLACEHOLDERS / Math.max(1, columns.length)))),
    }
  },
}

const sizeOf = (value: MysqlBound): number => (typeof value === "string" ? Buffer.byteLength(value) : Buffer.isBuffer(value) ? value.length : 0) + 16

/** Puts the lines by one statement; `more` follows the rows. */
export async function put(target: Into, lines: readonly MysqlLineOf[], more: string, verb = "INSERT"): Promise<number> {
  const { rows, params } = valueRows(target, lines)
  await target.client.wire.run(`${verb} INTO ${target.table} (${columnList(target)}) VALUES ${rows}${more}`, params, target.call)
  return lines.length
}

/** Runs the same statement without rows. It fails if the statement fails regardless of its rows. */
export const putNone = (target: Into, more: string): Promise<unknown> =>
  target.client.wire.run(
    `INSERT INTO ${target.table} (${columnList(target)}) SELECT ${target.columns.map(() => "NULL").join(", ")} FROM DUAL WHERE FALSE${more}`,
    [],
    target.call,
  )

/** Sets each column to its new value, except for the key. If the row conflicts by another unique key, the key would become NULL, which is an error. */
function onDuplicate({ columns, key, dialect }: Into): string {
  const changes = columns.map(({ name }) => {
    const column = dialect.ident(name)
    return key.includes(name) ? `${column} = IF(${column} <=> VALUES(${column}), ${column}, NULL)` : `${column} = VALUES(${column})`
  })
  return ` ON DUPLICATE KEY UPDATE ${changes.join(", ")}`
}

const NOT_NULL = 1048

/** The reason for a row that conflicts by another unique key: the message of a plain INSERT, which names that key. */
async function metAnother(target: Into, line: MysqlLineOf, error: unknown): Promise<string | undefined> {
  const { wire } = target.client
  const whole = target.key.every((name) => line.values[target.columns.findIndex((column) => column.name === name)] !== null)
  if (!isServerError(error) || error.errno !== NOT_NULL || !whole) return undefined
  if (!(await engine(target.client, target.stream, target.call)).transactional) return undefined
  await wire.run("SAVEPOINT jackfield", [], target.call)
  try {
    await put(target, [line], "")
    return undefined
  } catch (other) {
    if (isServerError(other)) return `${brief(other.message)}.`
    throw other
  } finally {
    await wire.run("ROLLBACK TO SAVEPOINT jackfield", [], target.call)
  }
}

const MOST_KEYS = 500

/**
 * The number of rows that the lines have become: the number of their different keys, as the server compares them. A line whose key is
 * not found in the table is counted by itself, because the server, a trigger or a counter stored another value.
 */
export async function standing(target: Into, lines: readonly MysqlLineOf[]): Promise<number> {
  const { columns, key } = target
  const at = key.map((name) => columns.findIndex((column) => column.name === name))
  const keyed = lines.filter(({ values }) => at.every((index) => values[index] !== null))
  const found = await distinctKeys(target, keyed)
  const counters = lines.length - keyed.length
  if (found === lastOfEachKey(keyed, columns, key).length) return found + counters
  const lost = lastOfEachKey(await withoutRows(target, keyed), columns, key).length
  return Math.min(keyed.length, found + lost) + counters
}

/** The number of different keys in the table among those of the lines. */
async function distinctKeys({ client, table, columns, key, dialect, call }: Into, lines: readonly MysqlLineOf[]): Promise<number> {
  const parts = key.flatMap((name) => columns.filter((column) => column.name === name))
  const found = new Set<string>()
  for (let at = 0; at < lines.length; at += MOST_KEYS) {
    const params = new Params<MysqlBound>(dialect)
    const which = lines.slice(at, at + MOST_KEYS).map((line) => sameKey({ columns, key, dialect }, params, line))
    const { rows } = await client.wire.run(`SELECT ${listed(dialect, parts)} FROM ${table} WHERE ${which.join(" OR ")}`, params.all, call)
    for (const row of rows) found.add(JSON.stringify(row))
  }
  return found.size
}

/** The lines whose keys are not in the table. */
async function withoutRows({ client, table, columns, key, dialect, call }: Into, lines: readonly MysqlLineOf[]): Promise<MysqlLineOf[]> {
  const lost: MysqlLineOf[] = []
  for (let at = 0; at < lines.length; at += MOST_KEYS) {
    const params = new Params<MysqlBound>(dialect)
    const some = lines.slice(at, at + MOST_KEYS)
    const asked = some.map((line) => `EXISTS (SELECT 1 FROM ${table} WHERE ${sameKey({ columns, key, dialect }, params, line)})`)
    const { rows } = await client.wire.run(`SELECT ${asked.join(", ")}`, params.all, call)
    lost.push(...some.filter((_, index) => Number(rows[0]?.[index]) === 0))
  }
  return lost
}

/** The condition that a row has the line's key. */
function sameKey({ columns, key, dialect }: Pick<Into, "columns" | "key" | "dialect">, params: Params<MysqlBound>, { values }: MysqlLineOf): string {
  const parts = key.flatMap((name) => columns.flatMap((column, at) => (column.name === name ? [{ column, at }] : [])))
  return `(${parts.map(({ column, at }) => `${dialect.ident(column.name)} = ${params.compare(values[at] ?? null, column)}`).join(" AND ")})`
}

const UNIQUE = `
  SELECT INDEX_NAME, COLUMN_NAME, NULLABLE FROM information_schema.STATISTICS
  WHERE NON_UNIQUE = 0 AND`

/** The keys of unique indexes without NULLs. */
export async function uniqueKeys(client: MysqlClient, { path }: Stream, call: Call): Promise<readonly (readonly string[])[]> {
  const indexes = new Map<unknown, string[]>()
  const nullable = new Set<unknown>()
  for (const [index, column, nulls] of (
    await client.wire.run(`${UNIQUE} ${await named(client, "", call)} ORDER BY INDEX_NAME, SEQ_IN_INDEX`, twice(path), call, true)
  ).rows) {
    indexes.set(index, [...(indexes.get(index) ?? []), String(column)])
    if (nulls === "YES") nullable.add(index)
  }
  return [...indexes].flatMap(([index, columns]) => (nullable.has(index) ? [] : [columns]))
}

/** Rejects deletes by keys that are not values of their columns. The server would compare `abc` as 0, and delete the row with that key. */
export function withoutStrayDeletes(upsert: Puts<MysqlBound, MysqlClient>): Puts<MysqlBound, MysqlClient> {
  return async (target, lines) => {
    const strayed = lines.flatMap(({ index, values, remove }): Rejected[] => {
      const stray = remove ? target.columns.find((column, at) => target.key.includes(column.name) && !isKeyOf(values[at] ?? null, column)) : undefined
      return stray === undefined ? [] : [{ index, reason: `column ${stray.name}: ${notA(stray)}.` }]
    })
    if (strayed.length === 0) return await upsert(target, lines)
    const stray = new Set(strayed.map(({ index }) => index))
    const { written, rejected } = await upsert(
      target,
      lines.filter(({ index }) => !stray.has(index)),
    )
    return { written, rejected: [...strayed, ...rejected] }
  }
}

const isKeyOf = (value: MysqlBound, column: Column): boolean =>
  value === null || typeof value === "boolean" || Buffer.isBuffer(value) || isSpelled(String(value), column)

/** Appends with INSERT of many rows, and upserts with INSERT … ON DUPLICATE KEY UPDATE, for which the unique keys decide. */
export const mysqlWriter: Writer<MysqlBound, MysqlClient> = {
  append: inPieces({ ...insert, put: (target, lines) => put(target, lines, ""), empty: (target) => putNone(target, "") }),
  upsert: withoutStrayDeletes(
    withDeletes(
      inPieces({
        ...insert,
        put: (target, lines) => put(target, lines, onDuplicate(target)),
        empty: (target) => putNone(target, onDuplicate(target)),
        reason: metAnother,
        written: standing,
      }),
    ),
  ),
  deletes: true,
  lacking: lackingMysql,
  keys: uniqueKeys,
  // MariaDB stores JSON as text, so a JSON value is written to a text column as JSON.
  column: (own, given) => (own.type === "string" && given.type === "json" ? { ...own, type: "json" } : own),
  transactional: ({ client, stream, call }) => isTransactional(client, stream, call),
}
