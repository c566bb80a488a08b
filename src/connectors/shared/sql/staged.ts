import { halve, type Line, type Rejected } from "../put.ts"
import type { SqlConnection } from "./wire.ts"
import { type Puts, puttingBy, type Target } from "./writer.ts"

/** How a type creates a temporary table with the target's columns, fills it, and moves its rows into the target. */
export interface Stage<B, C> {
  /** The temporary table as SQL. */
  readonly table: string
  /** Makes it with the columns `ordinal` and `gone` (integers) and those of the batch. */
  create(target: Target<B, C>, ordinal: string, gone: string): string
  /** Loads lines into it by one statement, all of them or none. */
  load(target: Target<B, C>, ordinal: string, gone: string, lines: readonly Line<B>[]): Promise<number>
  /** Moves the rows that match the condition, in the order of `ordinal`: one statement, or several that each change different rows. */
  take(target: Target<B, C>, ordinal: string, condition: string): string | readonly string[]
  /** Drops it at the end. Absent: it is dropped when the transaction ends. */
  readonly drop?: string
}

const ORDINAL = "jackfield ordinal"
const GONE = "jackfield gone"

/**
 * Upserts and deletes through a temporary table, so that the server itself finds rows with equal keys and the target's own types check
 * every line. The last line of a key wins, whether it is an upsert or a delete.
 */
export const staged =
  <B, C extends SqlConnection<B>>(stage: Stage<B, C>): Puts<B, C> =>
  async (target, lines) => {
    const { client, columns, key, dialect, call, table } = target
    const { wire } = client
    const rejected: Rejected[] = []
    const [ordinal, gone] = [dialect.ident(ORDINAL), dialect.ident(GONE)]
    const keyed = key.map((name) => dialect.ident(name))
    await wire.run(stage.create(target, ordinal, gone), [], call)
    await halve(
      puttingBy(
        target,
        (some: readonly Line<B>[]) => stage.load(target, ordinal, gone, some),
        () => stage.load(target, ordinal, gone, []),
      ),
      lines,
      rejected,
    )
    // A row with NULL in its key equals no other row; the target's constraints decide about it.
    const whole = keyed.map((name) => `${name} IS NOT NULL`).join(" AND ")
    const last = `SELECT MAX(${ordinal}) FROM ${stage.table} GROUP BY ${keyed.join(", ")}`
    await wire.run(`DELETE FROM ${stage.table} WHERE ${whole} AND ${ordinal} NOT IN (${last})`, [], call)
    const { rows } = await wire.run(`SELECT ${ordinal}, ${gone} FROM ${stage.table} ORDER BY 1`, [], call)
    const left = rows.map(([index, removes]) => ({ index: Number(index), remove: Number(removes) === 1 }))
    const between = (some: readonly { index: number }[]): string => `${ordinal} BETWEEN ${Number(some[0]?.index)} AND ${Number(some.at(-1)?.index)}`

    const same = keyed.map((name) => `s.${name} = ${table}.${name}`).join(" AND ")
    const deleteBy = async (condition: string): Promise<unknown> =>
      await wire.run(`DELETE FROM ${table} WHERE EXISTS (SELECT 1 FROM ${stage.table} s WHERE ${same} AND s.${gone} = 1 AND s.${condition})`, [], call)
    const takeBy = async (condition: string): Promise<number> => {
      let touched = 0
      for (const sql of [stage.take(target, ordinal, `${gone} = 0 AND ${condition}`)].flat()) touched += (await wire.run(sql, [], call)).touched
      return touched
    }
    const none = `${ordinal} < 0`
    const remove = puttingBy(
      target,
      async (some: readonly { index: number }[]) => {
        await deleteBy(between(some))
        // A key without a row counts as deleted.
        return some.length
      },
      () => deleteBy(none),
    )
    const take = puttingBy(
      target,
      async (some: readonly { index: number }[]) => {
        const touched = await takeBy(between(some))
        // Rows that consist of a key alone need no change if they exist, and count as written.
        return columns.length === key.length ? some.length : touched
      },
      () => takeBy(none),
    )
    // Deletes run first, so that a row can take over the unique value of a deleted one.
    const removed = await halve(
      remove,
      left.filter((line) => line.remove),
      rejected,
    )
    const taken = await halve(
      take,
      left.filter((line) => !line.remove),
      rejected,
    )
    if (stage.drop !== undefined) await wire.run(stage.drop, [], call)
    return { written: removed + taken, rejected }
  }
