import { halve, type Line, type Rejected } from "../put.ts"
import type { SqlConnection } from "./wire.ts"
import { type Puts, puttingBy, type Target } from "./writer.ts"

/** How a type makes a temporary table with a target's columns, fills it, and takes its rows over. */
export interface Stage<B, C> {
  /** The temporary table as SQL. */
  readonly table: string
  /** Makes it with the columns `ordinal` and `gone` (integers) and those of the batch. */
  create(target: Target<B, C>, ordinal: string, gone: string): string
  /** Puts lines into it by one statement, or none of them. */
  load(target: Target<B, C>, ordinal: string, gone: string, lines: readonly Line<B>[]): Promise<number>
  /** Takes the rows over that the condition names, in the order of `ordinal`: by one statement, or by several that change other rows each. */
  take(target: Target<B, C>, ordinal: string, condition: string): string | readonly string[]
  /** Drops it when all is done. Absent: the transaction's end does. */
  readonly drop?: string
}

const ORDINAL = "jackfield ordinal"
const GONE = "jackfield gone"

/**
 * Upserts and deletes by way of a temporary table, so that the server itself finds rows of one key and every line is checked by the
 * target's own types. The last line of a key wins, whether it is an upsert or a delete.
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
    // A row without a whole key equals no other one; the target's own constraints judge it.
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
        // A row that was not there is as it should be.
        return some.length
      },
      () => deleteBy(none),
    )
    const take = puttingBy(
      target,
      async (some: readonly { index: number }[]) => {
        const touched = await takeBy(between(some))
        // Rows of keys alone that are there already are as they should be, though nothing was to change.
        return columns.length === key.length ? some.length : touched
      },
      () => takeBy(none),
    )
    // Deletes first: a row that takes another one's unique value finds it free.
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
