import { randomBytes } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import type { Column } from "../../../core/values.ts"
import { type Line, lastOfEachKey, type Rejected } from "../put.ts"
import { listed, qualified, quotedText } from "./dialect.ts"
import { insertFrom, mergeFrom } from "./merge.ts"
import { byName, type SqlConnection } from "./wire.ts"
import type { Target, Writer } from "./writer.ts"

/** How a system whose requests share no session, and which answers SHOW, writes rows and the row of a commit together. */
export interface Atomic {
  /** How a table in which rows wait is made: `CREATE TABLE`, or one that costs less. */
  readonly create: string
  /**
   * One statement that runs all in one transaction, `guard` first. When the guard changes no row, nothing else is done. The only row
   * of its result holds whether the rest was done: `true` or `false`, as a text.
   */
  block(guard: string, statements: readonly string[]): string
}

/** Rows that wait in tables of their own for the statement that takes them over. */
export interface Waiting {
  readonly written: number
  readonly rejected: readonly Rejected[]
  /** The statements that move the rows into the target. */
  readonly statements: readonly string[]
}

/** The first part of the names of tables in which rows wait; the moment follows, in base 36, and then a random part. */
const STAGE = "jackfield_stage_"
/** No write takes so long, so that a table of that age is a leftover. */
const LEFT_MS = 2 * 86_400_000

/**
 * Writes the lines of a batch into tables beside the target, where the target's own types check each of them, and runs the work on the
 * accepted lines. The tables are dropped at the end. A process that dies leaves them, and so does a call that its deadline cut off; a
 * later write drops them.
 */
export async function whileWaiting<B, C extends SqlConnection<B>, T>(
  atomic: Atomic,
  writer: Writer<B, C>,
  target: Target<B, C>,
  lines: readonly Line<B>[],
  work: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  const { client, dialect, stream, table, columns, key, call } = target
  await dropLeftovers(target)
  const own = `${Date.now().toString(36)}_${randomBytes(12).toString("hex")}`
  const beside = (what: string): string => qualified(dialect, [...stream.path.slice(0, -1), `${STAGE}${own}${what}`])
  const made: string[] = []
  const make = async (name: string, sql: string): Promise<void> => {
    made.push(name)
    await client.wire.run(sql, [], call)
  }
  try {
    const last = key.length === 0 ? lines : lastOfEachKey(lines, columns, key)
    const [puts, gone] = [last.filter(({ remove }) => !remove), last.filter(({ remove }) => remove)]
    const [rows, keys] = [beside(""), beside("_gone")]
    const statements: string[] = []
    let done: Pick<Waiting, "written" | "rejected"> = { written: 0, rejected: [] }
    if (puts.length > 0) {
      // LIKE takes over the columns, their types and NOT NULL.
      await make(rows, `${atomic.create} ${rows} LIKE ${table}`)
      done = await writer.append({ ...target, table: rows }, puts)
      const source = `SELECT ${listed(dialect, columns)} FROM ${rows}`
      statements.push(key.length === 0 ? insertFrom(target, source) : mergeFrom(target, source))
    }
    if (gone.length > 0) {
      const of = keyColumns(target)
      await make(
        keys,
        `${atomic.create} ${keys} AS SELECT ${listed(
          dialect,
          of.map(({ column }) => column),
        )} FROM ${table} WHERE FALSE`,
      )
      const narrow = gone.map((line) => ({ ...line, values: of.map(({ at }) => line.values[at] as B) }))
      const removed = await writer.append({ ...target, table: keys, columns: of.map(({ column }) => column) }, narrow)
      const same = key.map((name) => `T.${dialect.ident(name)} = S.${dialect.ident(name)}`).join(" AND ")
      statements.push(`DELETE FROM ${table} T USING ${keys} S WHERE ${same}`)
      done = { written: done.written + removed.written, rejected: [...done.rejected, ...removed.rejected] }
    }
    return await work({ ...done, statements })
  } finally {
    for (const name of made) await drop(client, name, call)
  }
}

/** Schemas in which a session has looked for leftovers. */
const looked = new WeakMap<object, Set<string>>()

/** Drops tables of writes that were cut off, once per session and schema. */
async function dropLeftovers<B, C extends SqlConnection<B>>({ client, dialect, stream, call }: Target<B, C>): Promise<void> {
  const path = stream.path.slice(0, -1)
  const schema = qualified(dialect, path)
  const seen = looked.get(client) ?? new Set()
  if (seen.has(schema)) return
  looked.set(client, seen.add(schema))
  for (const { name } of byName(await client.wire.run(`SHOW TABLES LIKE ${quotedText(`${STAGE}%`)} IN SCHEMA ${schema}`, [], call, true)))
    if (isLeftover(String(name))) await drop(client, qualified(dialect, [...path, String(name)]), call)
}

/** Whether a name is that of a table in which rows waited long ago. */
export function isLeftover(name: string, now = Date.now()): boolean {
  const [, moment = ""] = new RegExp(`^${STAGE}([0-9a-z]{8})_[0-9a-f]{24}(?:_gone)?$`).exec(name) ?? []
  return moment !== "" && Number.parseInt(moment, 36) < now - LEFT_MS
}

const keyColumns = <B, C>({ columns, key }: Target<B, C>): { column: Column; at: number }[] =>
  key.flatMap((name) => columns.flatMap((column, at) => (column.name === name ? [{ column, at }] : [])))

async function drop<B>({ wire }: SqlConnection<B>, table: string, call: Call): Promise<void> {
  try {
    await wire.run(`DROP TABLE IF EXISTS ${table}`, [], call)
  } catch (error) {
    call.log(`${table} could not be dropped (${error instanceof Error ? error.message : String(error)}); drop it by hand`)
  }
}
