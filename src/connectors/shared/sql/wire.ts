import type { Call } from "../../../core/call.ts"
import type { Column, Value } from "../../../core/values.ts"

/** A part of a result, with values in our format. */
export interface Page {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Value[])[]
}

/** A whole result, and the number of rows that the statement changed. */
export interface Done extends Page {
  readonly touched: number
}

/** A statement and what its parameters are bound to. `B` is what the client library or the API binds. */
export interface Statement<B> {
  readonly sql: string
  readonly params: readonly B[]
}

/** `read` and `snapshot` cannot change anything; all statements of a `snapshot` see the same data. */
export type Access = "read" | "snapshot" | "write"

/** The limits of a statement: those of the call, or others for a statement of ours. */
export type PageLimits = Pick<Call, "batchRows" | "maxRows">

export interface BeginOptions {
  /** The maximum number of rows of a statement without its own limit, if the server supports such a setting. */
  readonly maxRows?: number | undefined
  /** The exported snapshot of a slicing, which the transaction uses. */
  readonly snapshot?: string | undefined
  /** The statement is the caller's, and is read by the server's own rules (MySQL: its sql_mode). Absent: the statements are ours. */
  readonly byCaller?: boolean | undefined
  /** The transaction may begin with its first statement. */
  readonly soon?: boolean
}

/** Transactions, where the system has them. The server ends each statement of one at the call's deadline. */
export interface Transactions {
  begin(access: Access, call: Call, options?: BeginOptions): Promise<void>
  commit(call: Call): Promise<void>
  /** Never throws: without a connection there is no transaction left. */
  rollback(): Promise<void>
  /** Rolls back a transaction that only read, without waiting: the session's next use is another transaction or a reset. */
  leave?(): void
  /** Whether the transaction that was begun is still open, if the server tells. */
  holds?(): boolean
  /** Runs the work; if it fails, undoes its changes and leaves the transaction usable. */
  savepoint?<T>(work: () => Promise<T>): Promise<T>
}

/** The type that the server gives a parameter. */
export type ParamType = Pick<Column, "type" | "elements"> & Partial<Pick<Column, "nativeType">>

/** One way to run statements: one per protocol, not per type. Throws the library's errors, which the type's error table explains. */
export interface SqlWire<B> {
  /** A statement's rows page by page, with at least one page, which may be empty. Stops at `maxRows`, and ends the statement on the server if the caller stops. */
  pages(sql: string, params: readonly B[], limits: PageLimits, call: Call): AsyncIterable<Page>
  /** Runs a statement of ours to its end. `quick`: it reads metadata alone, so that it may be answered at once and need not be cancelled. */
  run(sql: string, params: readonly B[], call: Call, quick?: boolean): Promise<Done>
  /**
   * The types that the server gives a statement's parameters; undefined where the values need none. Called inside the statement's
   * transaction. Absent: the server converts every parameter by itself.
   */
  paramTypes?(sql: string, values: readonly Value[], call: Call): Promise<readonly ParamType[] | undefined>
  /** Absent: each statement commits by itself. */
  readonly transactions?: Transactions
  close(): Promise<void>
}

/** What a SQL type's `connect` returns: a wire, and whatever its own roles need. */
export interface SqlConnection<B> {
  readonly wire: SqlWire<B>
}

/** Runs the work inside a transaction if the system has them: commits writes, and rolls back work that failed or only read. */
export async function transacted<T>({ transactions }: Pick<SqlWire<never>, "transactions">, access: Access, call: Call, work: () => Promise<T>): Promise<T> {
  if (transactions === undefined) return await work()
  let done = false
  try {
    await transactions.begin(access, call)
    const result = await work()
    if (access === "write") await transactions.commit(call)
    done = access === "write"
    return result
  } finally {
    if (!done) await transactions.rollback()
  }
}

/** The same for work that yields as it reads; it always rolls back. */
export async function* reading<T>(
  { transactions }: Pick<SqlWire<never>, "transactions">,
  access: Exclude<Access, "write">,
  call: Call,
  work: () => AsyncIterable<T>,
  options: BeginOptions = {},
): AsyncGenerator<T> {
  try {
    await transactions?.begin(access, call, options)
    yield* work()
  } finally {
    if (transactions?.leave === undefined) await transactions?.rollback()
    else transactions.leave()
  }
}

/** The two stages of a test on a connection that is logged in: a read-only transaction may begin, and the server answers. */
export async function probed<T>({ transactions }: Pick<SqlWire<never>, "transactions">, call: Call, work: () => Promise<T>): Promise<T> {
  await call.stage("permission", async () => await transactions?.begin("read", call))
  return await call.stage("probe", () => work().finally(() => transactions?.rollback()))
}

/** A result's rows by the names of its columns, in lower case: for statements such as SHOW, whose columns come in no fixed order. */
export const byName = ({ columns, rows }: Page): Readonly<Record<string, Value>>[] => {
  const names = columns.map(({ name }) => name.toLowerCase())
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])))
}
