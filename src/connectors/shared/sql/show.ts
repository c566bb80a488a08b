import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Value } from "../../../core/values.ts"
import { byName, type SqlConnection } from "./wire.ts"

export interface ShowLimits {
  /** Rows that the system shows at most. */
  readonly most: number
  /** The statement may be answered at once, and need not be cancelled. */
  readonly quick?: boolean
}

/** The rows of a SHOW, which has no bind variables. */
export interface Shown {
  readonly rows: readonly Readonly<Record<string, Value>>[]
  /** There are as many rows as the system shows, so that others may be missing. */
  readonly cut: boolean
}

/** Runs a SHOW of ours. */
export async function show<B>({ wire }: SqlConnection<B>, statement: string, { most, quick }: ShowLimits, call: Call): Promise<Shown> {
  const rows = byName(await wire.run(statement, [], call, quick))
  return { rows, cut: rows.length >= most }
}

/** The rows of a SHOW that is an error when it is cut, never a silence. */
export async function showAll<B>(client: SqlConnection<B>, statement: string, most: number, next: string, call: Call): Promise<Shown["rows"]> {
  const { rows, cut } = await show(client, statement, { most }, call)
  if (cut) throw new PlatformError("response_too_large", `There is more than one SHOW lists (${most.toLocaleString("en")} rows); ${next}.`)
  return rows
}

/** Keys' columns in order, by path. */
export type Keys = ReadonlyMap<string, readonly string[]>

export const pathKey = (path: readonly unknown[]): string => JSON.stringify(path)

/** Keys from rows that each name one column, in any order. */
export function keysOf<R>(rows: readonly R[], of: (row: R) => { readonly path: readonly unknown[]; readonly at: number; readonly column: string }): Keys {
  const keys = new Map<string, string[]>()
  for (const { path, column } of rows.map(of).toSorted((a, b) => a.at - b.at)) keys.set(pathKey(path), [...(keys.get(pathKey(path)) ?? []), column])
  return keys
}
