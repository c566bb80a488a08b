import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream } from "../../core/streams.ts"
import type { Column } from "../../core/values.ts"

/** The columns of those names in the catalog's stream; an unknown name is an error that lists what there is. */
export function columnsOf({ path, columns }: Stream, names: readonly string[]): readonly Column[] {
  return names.map((name) => columns.find((column) => column.name === name) ?? unknown(path, name, columns))
}

/** The batches; a stream without any has one without rows, which names its columns. */
export async function* atLeastColumns(columns: readonly Column[], batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  let begun = false
  for await (const batch of batches) {
    begun = true
    yield batch
  }
  if (!begun && columns.length > 0) yield { columns, rows: [] }
}

/** The batches with these columns alone, in this order. */
export async function* only(names: readonly string[], path: readonly string[], batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  for await (const batch of batches) {
    const positions = names.map((name) => {
      const found = batch.columns.findIndex((column) => column.name === name)
      return found === -1 ? unknown(path, name, batch.columns) : found
    })
    const columns = positions.flatMap((position) => batch.columns[position] ?? [])
    yield { ...batch, columns, rows: batch.rows.map((row) => positions.map((position) => row[position] ?? null)) }
  }
}

const NAMED = 30

function unknown(path: readonly string[], name: string, columns: readonly Column[]): never {
  const names = columns.slice(0, NAMED).map((column) => column.name)
  const all = columns.length > NAMED ? `${names.join(", ")} and ${columns.length - NAMED} more` : names.join(", ")
  throw new PlatformError("request_invalid", `${path.join(".")} has no column ${name}; it has ${all}.`, {
    faults: [{ pointer: "/querystring/columns", message: `There is no column ${name}.` }],
  })
}
