import type { Line } from "../put.ts"
import { withDeletes } from "./deletes.ts"
import { Params } from "./dialect.ts"
import { insertFrom, mergeFrom } from "./merge.ts"
import type { FromText } from "./text-dialect.ts"
import type { SqlConnection } from "./wire.ts"
import { inPieces, type Piecewise, type Target, type Writer } from "./writer.ts"

/** The rows and the bytes of one statement. */
const LIMITS = { rows: 500, bytes: 1_048_576 }

/**
 * Appends by INSERT and upserts by MERGE from rows that are SELECTs of texts, joined by UNION ALL. The outer SELECT casts them, because
 * some types cannot be part of a union.
 */
export function unionWriter<B, C extends SqlConnection<B | null>>(fromText: FromText): Writer<B | null, C> {
  type Into = Target<B | null, C>
  const source = (target: Into, lines: readonly Line<B | null>[]) => {
    const { columns, dialect } = target
    const params = new Params<B | null>({ bound: (n) => `CAST(${dialect.bound(n)} AS text)` })
    const row = ({ values }: Line<B | null>): string =>
      `SELECT ${columns.map((column, at) => `${params.store(values[at] ?? null, column)} AS c${at}`).join(", ")}`
    const rows = lines.map(row).join(" UNION ALL ")
    const cast = columns.map((column, at) => `${fromText(column, `c${at}`)} AS ${dialect.ident(column.name)}`)
    return { sql: `SELECT ${cast.join(", ")} FROM (${rows}) AS given`, params: params.all }
  }
  const puts = (statement: (target: Into, source: string) => string): Piecewise<B | null, C> => ({
    limits: () => LIMITS,
    sizeOf: ({ values }) => values.reduce<number>((sum, value) => sum + String(value).length + 32, 0),
    put: async (target, lines) => {
      const { sql, params } = source(target, lines)
      await target.client.wire.run(statement(target, sql), params, target.call)
      return lines.length
    },
    empty: async (target) => {
      const { sql, params } = source(target, [{ index: 0, remove: false, values: [] }])
      await target.client.wire.run(statement(target, `${sql} WHERE 1 = 0`), params, target.call)
    },
  })
  return { append: inPieces(puts(insertFrom)), upsert: withDeletes(inPieces({ ...puts(mergeFrom), lastOfEachKey: true })), deletes: true }
}
