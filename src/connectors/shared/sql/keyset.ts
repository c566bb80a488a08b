import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { Batch, Cursor, ReadPlan, Stream } from "../../../core/streams.ts"
import type { Column, Value } from "../../../core/values.ts"
import { decodeCursor, encodeCursor, notACursor } from "../cursors.ts"
import { withoutZeros } from "../fraction.ts"
import { inUtc } from "../instants.ts"
import { Unfit } from "../unfit.ts"
import { Advance } from "./advance.ts"
import { type Dialect, listed, Params, qualified } from "./dialect.ts"
import type { Page, SqlWire } from "./wire.ts"

/** The condition for a slice of the stream; binds its parameters. */
export type Within<B> = (params: Params<B>) => string

/** The part of a stream to read. */
export interface Selection<B> {
  readonly stream: Stream
  /** Empty: all. The columns of the order are always included. */
  readonly columns: readonly Pick<Column, "name">[]
  readonly plan: ReadPlan
  readonly after: Cursor | undefined
  /** A slice. */
  readonly within?: Within<B> | undefined
  /** SQL behind the table's name: a version of it. */
  readonly asOf?: string | undefined
  /** Reads columns of the whole stream in no order without a statement, where the system can. */
  readonly list?: ((names: readonly string[]) => Promise<AsyncIterable<Page> | undefined>) | undefined
}

/** The order of a read: its columns, and whether no two rows share their values. */
export interface ReadOrder {
  readonly columns: readonly Column[]
  readonly unique: boolean
}

/**
 * Reads a stream's rows by one statement, in the order of its key, or of a column and then the key. Each batch's cursor holds the values
 * of its last row, and a read that resumes from it returns the rows after that one, so that no row is repeated or lost. A batch never
 * ends between rows that are equal in the order. Without an order there is one pass and no cursor. Throws `response_invalid` for
 * rows that do not advance (`advance.ts`).
 */
export async function* readInOrder<B>(dialect: Dialect<B>, wire: Pick<SqlWire<B>, "pages">, selection: Selection<B>, call: Call): AsyncGenerator<Batch> {
  const { stream, plan, after } = selection
  const order = orderOf(dialect, stream, plan)
  const wanted = selection.columns
  const columns =
    wanted.length === 0 ? stream.columns : stream.columns.filter((column) => wanted.some(({ name }) => name === column.name) || order.columns.includes(column))
  const positions = order.columns.map((column) => columns.indexOf(column))
  const placed = (row: readonly Value[]): Value[] => positions.map((position) => row[position] ?? null)
  const split = order.columns.length > 0 && !order.unique
  const { sql, params } = select(dialect, selection, columns, order)
  const advance = new Advance(stream, order.columns, order.unique, after === undefined ? undefined : valuesIn(after, order.columns, stream))
  // One extra row shows whether a row equal to the last one follows.
  const limits = split && call.maxRows !== undefined ? { batchRows: call.batchRows, maxRows: call.maxRows + 1 } : call
  const isWhole = after === undefined && selection.within === undefined && order.columns.length === 0
  const list = isWhole ? await selection.list?.(columns.map(({ name }) => name)) : undefined
  const pages = list ?? wire.pages(sql, params, limits, call)
  const read = cellsBy(dialect, columns)
  try {
    for await (const { columns: told, rows, whole } of split
      ? betweenEquals(pages, (row) => spelledOnce(placed(row), order.columns), call)
      : asTheyCome(pages)) {
      for (const row of order.columns.length > 0 ? rows : []) {
        const position = placed(row)
        if (dialect.order.callersKey !== undefined && position.includes(null)) throw noKeyIn(stream, order)
        advance.to(position)
      }
      const last = whole && order.columns.length > 0 ? rows.at(-1) : undefined
      const typed = dialect.order.told === undefined ? columns : columns.map((column, index) => dialect.order.told?.(column, told[index]) ?? column)
      yield { columns: typed, rows: read(rows), ...(last === undefined ? {} : { cursor: cursorAt(order, placed(last)) }) }
    }
  } catch (error) {
    if (after !== undefined && dialect.order.isBadKey?.(error) === true) throw notACursor(stream, error)
    throw error
  }
}

/** Rows with the cells that the dialect reads by itself. */
function cellsBy<B>({ order }: Dialect<B>, columns: readonly Column[]): (rows: Page["rows"]) => Page["rows"] {
  const reads = columns.map((column) => order.cell?.(column))
  if (reads.every((read) => read === undefined)) return (rows) => rows
  return (rows) => rows.map((row) => row.map((value, index) => (value === null ? null : (reads[index]?.(value) ?? value))))
}

/** The stream with the key that its caller names, if the system knows none. Throws `query_invalid` for a column that the stream lacks. */
export function withCallersKey<B>({ order }: Dialect<B>, stream: Stream, { key }: Pick<Stream, "key">): Stream {
  if (order.callersKey === undefined || stream.key.length > 0 || key.length === 0) return stream
  const missing = key.filter((name) => !stream.columns.some((column) => column.name === name))
  if (missing.length === 0) return { ...stream, key, keyHolds: false }
  throw new PlatformError("query_invalid", `${stream.path.join(".")} has no column ${missing.join(", ")} to be read by.`)
}

const noKeyIn = ({ path }: Stream, { columns }: ReadOrder): PlatformError =>
  new PlatformError(
    "query_invalid",
    `${path.join(".")} has rows without a value in ${columns.map(({ name }) => name).join(", ")}, so it cannot be read by that key; name another one, or none.`,
  )

/** The order in which a plan reads the stream. */
export function orderOf<B>({ order }: Dialect<B>, stream: Stream, plan: ReadPlan): ReadOrder {
  const named = stream.key.flatMap((name) => stream.columns.filter((column) => column.name === name))
  const holds = stream.keyHolds !== false
  // If the key is not enforced, values that are equal for the server must also look the same.
  const key = named.every((column) => order.resumes(column) && (holds || order.exact?.(column) !== false)) ? named : []
  const unique = key.length > 0 && holds
  if (plan.kind !== "since") return { columns: key, unique }
  const column = stream.columns.find(({ name }) => name === plan.column)
  if (column === undefined) throw new PlatformError("query_invalid", `${stream.path.join(".")} has no column ${plan.column} to read by.`)
  if (!order.resumes(column))
    throw new PlatformError("query_invalid", `Rows cannot be read by ${plan.column}: values of the type ${column.nativeType} cannot be ordered and compared.`)
  if (!unique && order.exact?.(column) === false)
    throw new PlatformError(
      "query_invalid",
      `Rows cannot be read by ${plan.column}: ${stream.path.join(".")} has no key, and values of the type ${column.nativeType} may be equal though they differ.`,
    )
  return { columns: [column, ...key.filter((each) => each !== column)], unique }
}

function select<B>(dialect: Dialect<B>, selection: Selection<B>, columns: readonly Column[], order: ReadOrder): { sql: string; params: readonly B[] } {
  const params = new Params<B>(dialect)
  const where = whereOf(conditionsOf(dialect, selection, order, params))
  const { callersKey } = dialect.order
  const by = order.columns.map(({ name }) => `${dialect.ident(name)}${callersKey === undefined ? "" : ` ${callersKey}`}`).join(", ")
  const ordered = by === "" ? "" : ` ORDER BY ${by}`
  const version = [selection.asOf, dialect.order.from?.(selection.stream)].flatMap((sql) => (sql ? [` ${sql}`] : []))
  const from = `${qualified(dialect, selection.stream.path)}${version.join("")}`
  const taken = columns.map((column) => dialect.order.selected?.(column) ?? dialect.ident(column.name)).join(", ")
  return { sql: `SELECT ${taken} FROM ${from}${where}${ordered}`, params: params.all }
}

/** The conditions that the rows of a selection meet. */
export function conditionsOf<B>(
  dialect: Dialect<B>,
  { stream, plan, after, within }: Omit<Selection<B>, "columns">,
  order: ReadOrder,
  params: Params<B>,
): string[] {
  return [
    ...(within === undefined ? [] : [within(params)]),
    ...(plan.kind === "since" ? sinceConditions(dialect, params, order.columns[0] as Column, plan) : []),
    ...(after === undefined ? [] : [behind(dialect, params, order.columns, positionIn(dialect, after, order.columns, stream))]),
  ]
}

export const whereOf = (conditions: readonly string[]): string => (conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`)

/** The row that follows the first one of an ordered SELECT after `skip` rows. */
export const nthOf = <B>({ order }: Dialect<B>, ordered: string, skip: number): string => order.nth?.(ordered, skip) ?? `${ordered} LIMIT 1 OFFSET ${skip}`

/** The cursor of the row with those values. */
export const cursorAt = ({ columns }: ReadOrder, values: readonly Value[]): Cursor => encodeCursor([columns.map(({ name }) => name), values])

function sinceConditions<B>(dialect: Dialect<B>, params: Params<B>, column: Column, { from, until }: Extract<ReadPlan, { kind: "since" }>): string[] {
  const name = dialect.ident(column.name)
  const compared = (sign: string, value: Value | undefined): string[] =>
    value === undefined ? [] : [`${name} ${sign} ${params.compare(boundary(dialect, value, column), column)}`]
  return [`${name} IS NOT NULL`, ...compared(">=", from), ...compared("<", until)]
}

function boundary<B>(dialect: Dialect<B>, value: Value, column: Column): B {
  const { keyValue = dialect.encode } = dialect.order
  try {
    return typeof value === "object" ? dialect.encode(value, column) : keyValue(value, column)
  } catch (error) {
    if (error instanceof Unfit)
      throw new PlatformError("query_invalid", `${JSON.stringify(value)} is not a value of ${column.name}: ${error.message}.`, { cause: error })
    throw error
  }
}

/** The condition for rows after the given values. If the server uses no index for a comparison of tuples: `a >= x AND (a > x OR b > y)`, and so on. */
export function behind<B>(dialect: Dialect<B>, params: Params<B>, columns: readonly Column[], values: readonly B[]): string {
  const bind = (index: number): string => params.compare(values[index] as B, columns[index] as Column)
  if (dialect.order.tuples) return `(${listed(dialect, columns)}) > (${columns.map((_, index) => bind(index)).join(", ")})`
  const from = (index: number): string => {
    const name = dialect.ident(columns[index]?.name ?? "")
    return index === columns.length - 1 ? `${name} > ${bind(index)}` : `(${name} >= ${bind(index)} AND (${name} > ${bind(index)} OR ${from(index + 1)}))`
  }
  return from(0)
}

/** The values that a cursor of that order holds. */
export function valuesIn(cursor: Cursor, columns: readonly Column[], stream: Stream): readonly unknown[] {
  const parsed = decodeCursor(cursor, stream)
  const [names, values]: unknown[] = Array.isArray(parsed) ? parsed : []
  if (!Array.isArray(names) || !Array.isArray(values) || columns.length === 0 || names.length !== columns.length || values.length !== columns.length)
    throw notACursor(stream)
  if (columns.some(({ name }, index) => name !== names[index])) throw notACursor(stream)
  return values
}

/** The values that a cursor holds, as the wire binds them. */
const positionIn = <B>(dialect: Dialect<B>, cursor: Cursor, columns: readonly Column[], stream: Stream): B[] =>
  valuesIn(cursor, columns, stream).map((value, index) => keyValue(dialect, value, columns[index] as Column, (cause) => notACursor(stream, cause)))

/** Encodes a value of a cursor or a slice; throws the error from `invalid` for a value that no read can return. */
export function keyValue<B>(dialect: Dialect<B>, value: unknown, column: Column, invalid: (cause?: unknown) => Error): B {
  try {
    if (column.type === "array" && Array.isArray(value)) return dialect.encode(value as Value, column)
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") throw invalid()
    return (dialect.order.keyValue ?? dialect.encode)(value, column)
  } catch (error) {
    throw error instanceof Unfit ? invalid(error) : error
  }
}

/** The values in one spelling, because `1.0` and `1.00` are equal in the order, and so is one instant in two zones. */
const spelledOnce = (values: readonly Value[], columns: readonly Column[]): readonly Value[] =>
  values.map((value, index) => {
    const { type, zoned } = columns[index] ?? {}
    if (typeof value !== "string") return value
    return type === "decimal" ? withoutZeros(value) : type === "timestamp" && zoned === true ? inUtc(value) : value
  })

interface Cut extends Page {
  /** Whether no further row equals the last one in the order. */
  readonly whole: boolean
}

async function* asTheyCome(pages: AsyncIterable<Page>): AsyncGenerator<Cut> {
  for await (const page of pages) yield { ...page, whole: true }
}

/** The maximum number of rows in a batch when equal rows follow; the batch is then cut between them and has no cursor. */
const MOST_EQUAL = 100_000

/** Batches of `batchRows` rows, longer where equal rows follow; `maxRows` rows in all. */
async function* betweenEquals(pages: AsyncIterable<Page>, placed: (row: readonly Value[]) => readonly Value[], call: Call): AsyncGenerator<Cut> {
  const most = call.maxRows ?? Number.POSITIVE_INFINITY
  const same = (one: readonly Value[], other: readonly Value[]): boolean => JSON.stringify(placed(one)) === JSON.stringify(placed(other))
  let batch: (readonly Value[])[] = []
  let columns: readonly Column[] = []
  let given = 0
  for await (const page of pages) {
    columns = page.columns
    for (const row of page.rows) {
      const last = batch.at(-1)
      const full = given + batch.length >= most
      if (last !== undefined && (full || batch.length >= MOST_EQUAL || (batch.length >= call.batchRows && !same(row, last)))) {
        // Equal rows that must be split get a batch of their own, so that the rows before them keep their cursor.
        const equal = same(row, last) ? batch.findIndex((each) => same(each, last)) : 0
        if (equal > 0) yield { columns, rows: batch.slice(0, equal), whole: true }
        yield { columns, rows: batch.slice(equal), whole: !same(row, last) }
        given += batch.length
        batch = []
      }
      if (full) return
      batch.push(row)
    }
  }
  if (batch.length > 0 || given === 0) yield { columns, rows: batch, whole: true }
}
