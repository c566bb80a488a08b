import { type Line, lastOfEachKey } from "../put.ts"
import { Params } from "./dialect.ts"
import type { SqlConnection } from "./wire.ts"
import { inPieces, type Puts, type Target } from "./writer.ts"

/** The maximum number of keys in one statement. */
const MOST_KEYS = 500

/** Deletes rows by their keys. A key without a row counts as deleted. */
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
 * Adds deletes to an upsert. Both run in the order of the batch, so that the last line of a key wins even if only the server
 * knows that two keys are equal.
 */
export const withDeletes =
  <B, C extends SqlConnection<B>>(upsert: Puts<B, C>, remove: Puts<B, C> = deleteByKeys()): Puts<B, C> =>
  async (target, given) => {
    // Without deletes, the upsert itself handles equal keys.
    if (!given.some(({ remove }) => remove)) return await upsert(target, given)
    const done = []
    for (const run of runs(lastOfEachKey(given, target.columns, target.key))) done.push(await (run[0]?.remove === true ? remove : upsert)(target, run))
    return { written: done.reduce((sum, { written }) => sum + written, 0), rejected: done.flatMap(({ rejected }) => rejected) }
  }

/** Groups consecutive lines of the same kind. */
function runs<B>(lines: readonly Line<B>[]): Line<B>[][] {
  const all: Line<B>[][] = []
  for (const line of lines) {
    const run = all.at(-1)
    if (run?.[0]?.remove === line.remove) run.push(line)
    else all.push([line])
  }
  return all
}
