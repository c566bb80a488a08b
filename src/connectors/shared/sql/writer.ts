import type { Call } from "../../../core/call.ts"
import type { Stream, WriteMode } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import { halve, type Line, lastOfEachKey, type PieceLimits, type Putting, pieces, type Rejected } from "../put.ts"
import { type Dialect, listed, Params } from "./dialect.ts"
import { type ErrorTable, faultOf, refusal } from "./errors.ts"
import type { SqlConnection } from "./wire.ts"

/** The target of a batch, as it is currently defined in the system. */
export interface Target<B, C> {
  readonly client: C
  readonly dialect: Dialect<B>
  readonly errors: ErrorTable
  readonly call: Call
  readonly stream: Stream
  /** Its name in messages, and in SQL. */
  readonly name: string
  readonly table: string
  /** The batch's columns, in the batch's order. */
  readonly columns: readonly Column[]
  /** Empty when rows are appended. */
  readonly key: readonly string[]
  /** The name under which the system does this write once (`Named`). Absent: it has none. */
  readonly once?: string | undefined
}

/** Writes lines in one mode; returns the number of rows that the target now has as in the batch, and the rejected ones. All others count as skipped. `already`: the write of that name was done before. */
export type Puts<B, C> = (
  target: Target<B, C>,
  lines: readonly Line<B>[],
) => Promise<{ readonly written: number; readonly rejected: readonly Rejected[]; readonly already?: true }>

/** How a type writes rows. `inPieces` and `staged` make most of these. */
export interface Writer<B, C> {
  readonly append: Puts<B, C>
  /** Absent: the system can only append. */
  readonly upsert?: Puts<B, C>
  /** Whether `upsert` accepts deletes. */
  readonly deletes?: boolean
  /** The keys by which the target tells rows apart; a caller's key must be one of them. Absent: the server decides. */
  keys?(client: C, stream: Stream, call: Call): Promise<readonly (readonly string[])[]>
  /** Whether the target's rows are part of the transaction, so that a commit can stand with them. Absent: they are. */
  transactional?(target: Target<B, C>): Promise<boolean>
  /** The target's column as it is used for a batch's column of another type: JSON for a text column that stores JSON. */
  column?(own: Column, given: Column): Column
  /** Rights that a write needs besides those on the table: "TEMPORARY on the database". */
  readonly needs?: Readonly<Partial<Record<WriteMode, string>>>
  /** The privileges that the login lacks for a write, each as in a GRANT: `INSERT ON "s"."t"`. Runs in a reading transaction. */
  lacking?(client: C, write: WriteRights, call: Call): Promise<readonly string[]>
}

/** The facts that decide which privileges a write needs. */
export interface WriteRights {
  readonly path: readonly string[]
  readonly columns: readonly string[]
  /** On the target: INSERT, SELECT, UPDATE, DELETE. */
  readonly rights: readonly string[]
  readonly mode: WriteMode
}

/** How one statement puts lines. */
export interface Piecewise<B, C> {
  put(target: Target<B, C>, lines: readonly Line<B>[]): Promise<number>
  /** Runs the statement without rows, to tell a row's fault from the batch's. Absent: what the error table does not know is the batch's. */
  empty?(target: Target<B, C>): Promise<unknown>
  /** What one statement takes of that target. */
  limits?(target: Target<B, C>): PieceLimits | Promise<PieceLimits>
  /** Bytes that a line takes of a piece. */
  sizeOf?(line: Line<B>): number
  /** The reason to refuse a line that is larger than one statement allows. Absent: the line is sent alone, and the server decides. */
  tooLarge?(bytes: number, most: number): string
  /** More than the server's text for a refused line. */
  reason?(target: Target<B, C>, line: Line<B>, error: unknown): Promise<string | undefined>
  /** Only the last of several lines with the same key is sent, for statements that must not contain a key twice. */
  readonly lastOfEachKey?: boolean
  /** Counts the rows that match the lines afterwards, if the system's own count means something else. */
  written?(target: Target<B, C>, lines: readonly Line<B>[]): Promise<number>
}

/** Writes lines piece by piece, each piece by one statement. */
export const inPieces =
  <B, C extends SqlConnection<B>>(how: Piecewise<B, C>): Puts<B, C> =>
  async (target, given) => {
    const rejected: Rejected[] = []
    const lines = how.lastOfEachKey === true && target.key.length > 0 ? lastOfEachKey(given, target.columns, target.key) : given
    const more = how.reason
    const empty = how.empty && (() => how.empty?.(target) ?? Promise.resolve())
    const putting = puttingBy<B, C, Line<B>>(target, (some) => how.put(target, some), empty, more && ((line, error) => more(target, line, error)))
    const limits = (await how.limits?.(target)) ?? {}
    const sizeOf = how.sizeOf ?? (() => 0)
    const fits = (line: Line<B>): boolean => {
      const [bytes, most] = [sizeOf(line), limits.bytes ?? Number.POSITIVE_INFINITY]
      if (how.tooLarge === undefined || bytes <= most) return true
      rejected.push({ index: line.index, reason: how.tooLarge(bytes, most) })
      return false
    }
    let written = 0
    for (const piece of pieces(lines.filter(fits), limits, sizeOf)) written += await halve(putting, piece, rejected)
    if (how.written === undefined) return { written, rejected }
    const refused = new Set(rejected.map(({ index }) => index))
    const kept = lines.filter(({ index }) => !refused.has(index))
    return { written: await how.written(target, kept), rejected }
  }

/** Puts lines by the type's error table, inside savepoints where the system has them. */
export function puttingBy<B, C extends SqlConnection<B>, L>(
  { errors, client }: Target<B, C>,
  put: (lines: readonly L[]) => Promise<number>,
  empty?: () => Promise<unknown>,
  more?: (line: L, error: unknown) => Promise<string | undefined>,
): Putting<L> {
  const { transactions } = client.wire
  return {
    put,
    fault: (error) => faultOf(errors, error),
    ...(empty === undefined ? {} : { empty }),
    reason: async (error, line) => (await more?.(line, error)) ?? refusal(errors, error),
    ...(transactions?.savepoint === undefined ? {} : { within: transactions.savepoint }),
  }
}

/** The batch's columns as SQL lists them. */
export const columnList = <B, C>({ columns, dialect }: Target<B, C>): string => listed(dialect, columns)

/** The columns that an upsert changes: all but the key. */
export const changed = <B, C>({ columns, key }: Target<B, C>): readonly Column[] => columns.filter(({ name }) => !key.includes(name))

/** `(?, ?), (?, ?)` for the lines, and what is bound. */
export function valueRows<B, C>({ columns, dialect }: Target<B, C>, lines: readonly Line<B>[]): { rows: string; params: readonly B[] } {
  const params = new Params<B>(dialect)
  const row = ({ values }: Line<B>): string => `(${columns.map((column, at) => params.store(values[at] as B, column)).join(", ")})`
  return { rows: lines.map(row).join(", "), params: params.all }
}
