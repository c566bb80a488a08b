import type { Batch } from "../../src/core/streams.ts"
import type { Row, Value } from "../../src/core/values.ts"

/** Everything that an iterable yields. */
export async function collect<T>(each: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of each) all.push(one)
  return all
}

/** The rows of all batches as lists of values. */
export const valuesOf = async (batches: AsyncIterable<Batch>): Promise<Value[][]> => (await collect(batches)).flatMap(({ rows }) => rows.map((row) => [...row]))

/** The rows of all batches by the names of their columns. */
export async function rowsOf(batches: AsyncIterable<Batch>): Promise<Row[]> {
  const all = await collect(batches)
  return all.flatMap(({ columns, rows }) => rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]))))
}
