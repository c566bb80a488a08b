import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Batch } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import type { Snowflake } from "./client.ts"
import { writeFault } from "./sql.ts"
import { partitions, type RunOptions, run } from "./statements.ts"
import { bindingsOf, columnsOf, valuesOf } from "./values.ts"

/** Runs one reading statement; whether it reads is judged from its text, since the SQL API knows no read-only transaction. */
export async function* query(client: Snowflake, statement: string, params: readonly Value[], call: Call): AsyncGenerator<Batch> {
  const fault = writeFault(statement)
  if (fault !== undefined) throw new PlatformError("query_invalid", fault)
  yield* pages(client, statement, { bindings: bindingsOf(params), maxRows: call.maxRows }, call)
}

export interface Page {
  readonly columns: readonly Column[]
  readonly rows: readonly Value[][]
}

/** A statement's rows in pages, the first also when it is empty. Stops at the call's `maxRows`, and asks for no partition that is not wanted. */
export async function* pages(client: Snowflake, statement: string, options: RunOptions, call: Call): AsyncGenerator<Page> {
  const result = await run(client, statement, options, call)
  const columns = columnsOf(result.columns)
  const most = options.maxRows ?? Number.POSITIVE_INFINITY
  let seen = 0
  for await (const cells of partitions(client, result, call)) {
    for (let at = 0; at < cells.length && seen < most; ) {
      const some = cells.slice(at, at + Math.min(call.batchRows, most - seen))
      yield { columns, rows: valuesOf(some, result.columns) }
      at += some.length
      seen += some.length
    }
    if (seen >= most) break
  }
  if (seen === 0) yield { columns, rows: [] }
}
