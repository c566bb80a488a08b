import { type Line, lastOfEachKey } from "../put.ts"
import { Params } from "./dialect.ts"
import type { SqlConnection } from "./wire.ts"
import { inPieces, type Puts, type Target } from "./writer.ts"

/** Keys that one statement names at most. */
const MOST_KEYS = 500

/** Deletes rows by their keys; a row that was not there is as it should be. */
export const deleteByKeys = <B, C extends SqlConnection<B>>(): Puts<B, C> =>
  inPieces({
    limits: () => ({ rows: MOST_KEYS }),
    put: async (target, lines) => {
      const { sql, params } = deletion(target, lines)
      await target.client.wire.run(sql, params, target.call)
      return lines.length
    },
  })

function deletion<B, C>({ table, columns, key, dialect }: Target<B, C>, lines: readonly Line<B>[]): { sql: string; params: readonly B[] } {
  const params = new Params<B>(dialect)
  const parts = key.flatMap((name) => columns.flatMap((column, at) => (column.name === name ? [{ column, at }] : [])))
  const one = ({ values }: Line<B>): string =>
    `(${parts.map(({ column, at }) => `${dialect.ident(column.name)} = ${params.compare(values[at] as B, column)}`).join(" AND ")})`
  return { sql: `DELETE FROM ${table} WHERE ${lines.map(one).join(" OR ")}`, params: params.all }
}

/**
 * An upsert that takes deletes too. They are carried out in the order of the batch, so that the last line of a key wins also where
 * the server alone knows that two keys are equal.
 */
export const withDeletes =
  <B, C extends SqlConnection<B>>(upsert: Puts<B, C>): Puts<B, C> =>
  async (target, given) => {
    // Lines without deletes are the upsert's own to compare.
    if (!given.some(({ remove }) => remove)) return await upsert(target, given)
    const done = []
    for (const run of runs(lastOfEachKey(given, target.columns, target.key)))
      done.push(await (run[0]?.remove === true ? deleteByKeys<B, C>() : upsert)(target, run))
    return { written: done.reduce((sum, { written }) => sum + written, 0), rejected: done.flatMap(({ rejected }) => rejected) }
  }

/** Lines of one kind that follow each other, together. */
function runs<B>(lines: readonly Line<B>[]): Line<B>[][] {
  const all: Line<B>[][] = []
  for (const line of lines) {
    const run = all.at(-1)
    if (run?.[0]?.remove === line.remove) run.push(line)
    else all.push([line])
  }
  return all
}
