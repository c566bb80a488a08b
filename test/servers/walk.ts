import type { Session } from "../../src/core/session.ts"
import { type Cursor, EVERYTHING, type ReadOptions, type Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"

/** Reads a stream in steps: each read begins at the cursor of the batch before, and takes one batch. Throws when it does not end. */
export async function walk(session: Session, from: Stream, options: Omit<ReadOptions, "after"> = EVERYTHING): Promise<Value[][]> {
  const rows: Value[][] = []
  for (let cursor: Cursor | undefined, steps = 0; ; steps++) {
    if (steps > 1_000) throw new Error(`the read of ${from.path.join(".")} does not end`)
    const before = cursor
    for await (const batch of session.read(from, { ...options, after: cursor })) {
      rows.push(...batch.rows.map((row) => [...row]))
      cursor = batch.rows.length === 0 ? undefined : batch.cursor
      if (batch.cursor !== undefined) break
    }
    if (cursor === undefined || cursor === before) return rows
  }
}
