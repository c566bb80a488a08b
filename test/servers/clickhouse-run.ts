import { clickhouse } from "../../src/connectors/clickhouse.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream, WriteReport } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { configOf, startClickhouse } from "../fixtures/clickhouse.ts"
import { column, type Posted } from "../fixtures/fixture.ts"
import { valuesOf } from "../support/batches.ts"
import { use } from "../support/use.ts"

/** An engine for the tests of a file, with the tables of the conformance suite, and sessions in it. */
export function useClickhouse() {
  const server = use(() => startClickhouse())
  const run = <T>(work: (session: Session) => Promise<T>, more: Posted = {}, options: object = {}): Promise<T> =>
    withSession({ connector: clickhouse }, { ...configOf(server), ...more }, work, options)
  return {
    server,
    run,
    query: (sql: string, params: readonly Value[] = [], more: Posted = {}): Promise<Value[][]> => run((session) => valuesOf(session.query(sql, params)), more),
    append: (name: string, names: readonly string[], rows: readonly (readonly Value[])[]): Promise<WriteReport> =>
      run((session) => session.write(stream(name), batchOf(names, rows), { mode: "append" })),
  }
}

/** A table of the database `conformance`. */
export const stream = (name: string, key: readonly string[] = []): Stream => ({ path: ["conformance", name], kind: "table", columns: [], key })

export const batchOf = (names: readonly string[], rows: readonly (readonly Value[])[]): Batch => ({
  columns: names.map((name) => column(name, "unknown")),
  rows,
})
