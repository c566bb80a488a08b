import type { ErrorTable } from "./errors.ts"
import { strange } from "./http-errors.ts"
import type { Progress } from "./statements.ts"
import type { ColumnParts, textTypes } from "./text-types.ts"

/** A statement by its id, and which part of its result comes next once it has ended. */
export interface ResultHandle {
  readonly id: string
  readonly rest?: ResultParts
}

export interface ResultParts {
  readonly columns: readonly ColumnParts[]
  /** From 0. */
  readonly part: number
  /** The rows of each part, as the system says. */
  readonly counts: readonly unknown[]
}

/** How a warehouse's results come: rows of texts, in numbered parts of which the first one comes with the columns. */
export interface TextResults {
  readonly types: ReturnType<typeof textTypes>
  readonly errors: Pick<ErrorTable, "product">
}

/** The id of a statement as an answer has it; it becomes part of a path. */
export function statementId({ errors }: TextResults, id: unknown): string {
  if (typeof id === "string" && /^[0-9a-f-]{16,64}$/i.test(id)) return id
  throw strange(errors, "has no statement handle")
}

/** The part of which `rows` are, and where the next one is; throws `response_invalid` unless it has as many rows as the system said. */
export function partOf({ types, errors }: TextResults, id: string, { columns, part, counts }: ResultParts, rows: unknown): Progress<ResultHandle> {
  if (!Array.isArray(rows)) throw strange(errors, "has no rows")
  if (part < counts.length && counts[part] !== rows.length) throw strange(errors, `has ${rows.length} rows in a part of ${String(counts[part])}`)
  const next = part + 1 < counts.length ? { next: { id, rest: { columns, part: part + 1, counts } } } : {}
  return { rows: types.valuesOf(rows as (string | null)[][], columns), ended: true, ...next }
}

/** The first part, with the columns. Without counts it is the only one. */
export function firstPart(results: TextResults, id: string, columns: unknown, counts: readonly unknown[] | undefined, rows: unknown): Progress<ResultHandle> {
  if (!Array.isArray(columns)) throw strange(results.errors, "names no columns")
  const described = columns as ColumnParts[]
  return { ...partOf(results, id, { columns: described, part: 0, counts: counts ?? [] }, rows), columns: results.types.columnsOf(described) }
}
