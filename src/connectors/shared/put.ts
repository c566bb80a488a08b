import { PlatformError } from "../../core/errors.ts"
import type { Batch, Stream, WriteReport } from "../../core/streams.ts"
import type { Column, Value } from "../../core/values.ts"
import { withoutZeros } from "./fraction.ts"
import { Unfit } from "./unfit.ts"

export type Rejected = WriteReport["rejected"][number]

/** A row encoded for its system, with its index in the batch. */
export interface Line<E> {
  readonly index: number
  readonly values: readonly E[]
  /** Whether the row is deleted; only its key then matters. */
  readonly remove: boolean
}

/** Encodes each row of a batch. A row with a value that does not fit is rejected and its column named; the others continue. */
export function encodeRows<C extends Pick<Column, "name">, E>(
  batch: Batch,
  columns: readonly C[],
  encode: (value: Value, column: C) => E,
): { lines: Line<E>[]; rejected: Rejected[] } {
  const lines: Line<E>[] = []
  const rejected: Rejected[] = []
  for (const [index, row] of batch.rows.entries()) {
    try {
      if (row.length !== columns.length) throw new Unfit(`The row has ${row.length} values for ${columns.length} columns`)
      lines.push({ index, values: columns.map((column, at) => encodeAt(row[at] ?? null, column, encode)), remove: batch.ops?.[index] === "delete" })
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      rejected.push({ index, reason: `${error.message}.` })
    }
  }
  return { lines, rejected }
}

function encodeAt<C extends Pick<Column, "name">, E>(value: Value, column: C, encode: (value: Value, column: C) => E): E {
  try {
    return encode(value, column)
  } catch (error) {
    throw error instanceof Unfit ? new Unfit(`column ${column.name}: ${error.message}`, { cause: error }) : error
  }
}

/**
 * Which rows an error concerns: `row` for single rows, `batch` for all of them. `unclear` is decided by trial: an error that single rows
 * cause is theirs, unless the statement also fails without any rows.
 */
export type Fault = "row" | "batch" | "unclear"

/** How lines are written. */
export interface Putting<L> {
  /** Writes all lines by one statement, or none; returns how many were written. */
  put(lines: readonly L[]): Promise<number>
  /** Which rows an error concerns. */
  fault(error: unknown): Fault
  /** Runs the statement without rows, which fails if the statement would fail with any rows. Absent: an unclear fault is the batch's. */
  empty?(): Promise<unknown>
  /** Why the one line was refused. */
  reason(error: unknown, line: L): string | Promise<string>
  /** Undoes what a refused statement left behind, if the system does not do so itself. */
  within?<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Writes lines in the largest pieces that the system accepts. Finds each refused line by halving, and continues with the others. A
 * fault of the whole batch is thrown. The first refusal is followed by one trial without rows.
 */
export async function halve<L extends { readonly index: number }>(how: Putting<L>, given: readonly L[], rejected: Rejected[]): Promise<number> {
  const within = how.within ?? (<T>(work: () => Promise<T>) => work())
  let tried = false
  const isBatchFault = async (error: unknown): Promise<boolean> => {
    const fault = how.fault(error)
    const { empty } = how
    if (fault === "batch" || empty === undefined) return fault !== "row"
    if (tried) return false
    tried = true
    return await within(empty).then(
      () => false,
      () => true,
    )
  }
  const part = async (lines: readonly L[]): Promise<number> => {
    const [first] = lines
    if (first === undefined) return 0
    try {
      return await within(() => how.put(lines))
    } catch (error) {
      if (await isBatchFault(error)) throw error
      if (lines.length === 1) {
        rejected.push({ index: first.index, reason: await how.reason(error, first) })
        return 0
      }
      const middle = lines.length >> 1
      return (await part(lines.slice(0, middle))) + (await part(lines.slice(middle)))
    }
  }
  return await part(given)
}

/** The limits of one statement. */
export interface PieceLimits {
  readonly rows?: number
  readonly bytes?: number
}

/** Splits lines into pieces within the limits; a line above the limit is a piece of its own. */
export function* pieces<L>(lines: readonly L[], limits: PieceLimits, sizeOf: (line: L) => number): Generator<L[]> {
  const { rows = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = limits
  let piece: L[] = []
  let size = 0
  for (const line of lines) {
    const more = bytes === Number.POSITIVE_INFINITY ? 0 : sizeOf(line)
    if (piece.length > 0 && (piece.length >= rows || size + more > bytes)) {
      yield piece
      piece = []
      size = 0
    }
    piece.push(line)
    size += more
  }
  if (piece.length > 0) yield piece
}

/**
 * The target's columns in the batch's order. `query_invalid` names one that the target lacks, or that the system computes: it accepts no
 * value for such a column.
 */
export function columnsFor<C extends Pick<Column, "name" | "generated">>(name: string, batch: Pick<Batch, "columns">, known: readonly C[]): C[] {
  const columns = batch.columns.map((wanted) => {
    const found = known.find((column) => column.name === wanted.name)
    if (found !== undefined) return found
    throw new PlatformError("query_invalid", `${name} has no column ${wanted.name}; its columns are ${known.map((each) => each.name).join(", ")}.`)
  })
  refuseGenerated(name, columns, "computed", "is a generated column, whose values the system computes")
  return columns
}

/** Throws `query_invalid` when the target assigns values of such columns itself. */
export function refuseGenerated(name: string, columns: readonly Pick<Column, "name" | "generated">[], kind: Column["generated"], what: string): void {
  const names = columns.filter(({ generated }) => generated === kind).map((column) => column.name)
  if (names.length > 0) throw new PlatformError("query_invalid", `${name}: ${names.join(", ")} ${what}; leave it out of the rows.`)
}

/**
 * The key that identifies rows: the caller's, or the table's own; `query_invalid` when there is none, or the rows lack it.
 * `unique`: the keys that the table enforces, if known; the caller's must be one of them.
 */
export function keyFor(
  name: string,
  to: Pick<Stream, "key">,
  own: readonly string[],
  columns: readonly Pick<Column, "name">[],
  unique?: readonly (readonly string[])[],
): readonly string[] {
  const asked = setOf(to.key)
  if (to.key.length > 0 && unique !== undefined && !unique.some((each) => setOf(each) === asked))
    throw new PlatformError(
      "query_invalid",
      `${name} has no unique key on ${to.key.join(", ")} without NULLs, so rows cannot be upserted by it; append them, or give the table such a key.`,
    )
  const key = to.key.length > 0 ? to.key : own
  if (key.length === 0)
    throw new PlatformError("query_invalid", `${name} has no primary key, so rows cannot be upserted; append them, or give the table a key.`)
  const missing = key.filter((part) => !columns.some((column) => column.name === part))
  if (missing.length > 0) throw new PlatformError("query_invalid", `An upsert into ${name} needs its key; the rows lack ${missing.join(", ")}.`)
  return key
}

const setOf = (names: readonly string[]): string => names.toSorted().join("\0")

/**
 * The last line of each key, in order, for systems that do not compare rows themselves. Numbers are compared as numbers; other
 * spellings of the same value are not recognised.
 */
export function lastOfEachKey<E>(lines: readonly Line<E>[], columns: readonly Pick<Column, "name" | "type">[], key: readonly string[]): Line<E>[] {
  const parts = key.flatMap((name) => columns.flatMap((column, at) => (column.name === name ? [{ at, column }] : [])))
  const keyOf = ({ values }: Line<E>): string => JSON.stringify(parts.map(({ at, column }) => canonical(values[at], column)))
  const last = new Map(lines.map((line) => [keyOf(line), line]))
  return lines.filter((line) => last.get(keyOf(line)) === line)
}

/** `01` and `1.0` are one number. */
const canonical = (value: unknown, { type }: Pick<Column, "type">): unknown =>
  typeof value === "string" && (type === "integer" || type === "decimal") ? withoutZeros(value.replace(/^(-?)0+(?=\d)/, "$1")) : value
