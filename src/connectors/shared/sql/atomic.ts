import { randomBytes } from "node:crypto"
import type { Call } from "../../../core/call.ts"
import type { Column } from "../../../core/values.ts"
import { type Line, lastOfEachKey, type Rejected } from "../put.ts"
import { listed, qualified } from "./dialect.ts"
import { insertFrom, mergeFrom } from "./merge.ts"
import type { SqlConnection } from "./wire.ts"
import type { Target, Writer } from "./writer.ts"

/** How a system whose requests share no session writes rows and the row of a commit together. */
export interface Atomic {
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

/** The first part of the names of tables in which rows wait. */
export const STAGE = "jackfield_stage_"

/**
 * Puts the lines of a batch into tables beside the target, where the target's own types judge each of them, and does the work with
 * what is left. The tables are dropped in the end; a process that dies, and a call that its deadline
 * cut off, leave them.
 */
export async function whileWaiting<B, C extends SqlConnection<B>, T>(
  writer: Writer<B, C>,
  target: Target<B, C>,
  lines: readonly Line<B>[],
  work: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  const { client, dialect, stream, table, columns, key, call } = target
  const own = randomBytes(12).toString("hex")
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
      // The same columns, types and bans of empty values.
      await make(rows, `CREATE TABLE ${rows} LIKE ${table}`)
      done = await writer.append({ ...target, table: rows }, puts)
      const source = `SELECT ${listed(dialect, columns)} FROM ${rows}`
      statements.push(key.length === 0 ? insertFrom(target, source) : mergeFrom(target, source))
    }
    if (gone.length > 0) {
      const of = keyColumns(target)
      await make(
        keys,
        `CREATE TABLE ${keys} AS SELECT ${listed(
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

const keyColumns = <B, C>({ columns, key }: Target<B, C>): { column: Column; at: number }[] =>
  key.flatMap((name) => columns.flatMap((column, at) => (column.name === name ? [{ column, at }] : [])))

async function drop<B>({ wire }: SqlConnection<B>, table: string, call: Call): Promise<void> {
  try {
    await wire.run(`DROP TABLE IF EXISTS ${table}`, [], call)
  } catch (error) {
    call.log(`${table} could not be dropped (${error instanceof Error ? error.message : String(error)}); drop it by hand`)
  }
}
