import { trino } from "../../src/connectors/trino.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Column, Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { column, type Posted } from "../fixtures/fixture.ts"
import { configOf, startTrino } from "../fixtures/trino.ts"
import { use } from "../support/use.ts"

/** A server for the tests of a file, with the tables of the conformance suite, and sessions in it. */
export function useTrino() {
  const server = use(() => startTrino())
  const run = <T>(work: (session: Session) => Promise<T>, more: Posted = {}, options: object = {}): Promise<T> =>
    withSession({ connector: trino }, { ...configOf(server), ...more }, work, options)
  return { server, run }
}

/** The stream at a path, with a key that a caller names. */
export const stream = (path: readonly string[], key: readonly string[] = [], columns: readonly Column[] = []): Stream => ({ path, kind: "table", columns, key })

export const batchOf = (names: readonly string[], rows: readonly (readonly Value[])[]): Batch => ({
  columns: names.map((name) => column(name, "unknown")),
  rows,
})
