import type { Query, ResultSetHeader } from "mysql2"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Column, Value } from "../../core/values.ts"
import type { MySql } from "./client.ts"
import { isServerError } from "./errors.ts"
import { type Field, readerOf } from "./values.ts"

/** What a statement of ours gave: rows as the library reads them, or how many rows it touched. */
export interface Done {
  readonly rows: readonly (readonly unknown[])[]
  readonly affectedRows: number
}

/** What may be bound: text and bytes as they are, `null`, and whole numbers. */
export type Bound = string | number | boolean | Buffer | null

/** Runs a short statement of ours to its end; the server takes one at a time. Without parameters it need not be one that can be prepared. */
export function run({ connection, rested }: MySql, sql: string, params: readonly Bound[] = []): Promise<Done> {
  rested()
  return new Promise((resolve, reject) => {
    const lost = (error: Error): void => reject(error)
    connection.once("error", lost)
    const settle = (error: unknown, result: unknown): void => {
      connection.off("error", lost)
      if (error) reject(error)
      else if (Array.isArray(result)) resolve({ rows: result as unknown[][], affectedRows: 0 })
      else resolve({ rows: [], affectedRows: Number((result as ResultSetHeader).affectedRows) })
    }
    if (params.length === 0) connection.query(sql, settle)
    else connection.execute(sql, [...params], settle)
  })
}

/** How a server is told the limits of a session: the first that it knows. */
function settings({ mariadb }: MySql, seconds: number, more: string): string[] {
  const base = `SET SESSION time_zone = '+00:00', net_write_timeout = 600, ${more}`
  const limit = mariadb ? `max_statement_time = ${seconds.toFixed(3)}` : `max_execution_time = ${Math.ceil(seconds * 1_000)}`
  return [`${base}, ${limit}`, base]
}

const readMode = (maxRows: number | undefined): string =>
  `sql_mode = @@GLOBAL.sql_mode, sql_select_limit = ${maxRows === undefined ? "DEFAULT" : Math.ceil(maxRows)}`
/** Values that do not fit are errors, never cut; a given 0 is no request for the next number. */
const WRITE_MODE = "sql_select_limit = DEFAULT, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO'"
const UNKNOWN_VARIABLE = 1193

/**
 * Begins a transaction in UTC, whose statements the server ends at the deadline (MySQL: those that read), and after `maxRows` rows
 * when they have no LIMIT of their own.
 */
export async function begin(client: MySql, call: Call, kind: "READ ONLY" | "READ WRITE", maxRows?: number): Promise<void> {
  const seconds = Math.min(Math.max(0.001, call.remainingMs() / 1_000), 31_536_000)
  const [first = "", second = ""] = settings(client, seconds, kind === "READ ONLY" ? readMode(maxRows) : WRITE_MODE)
  try {
    await run(client, first)
  } catch (error) {
    if (!isServerError(error) || error.errno !== UNKNOWN_VARIABLE) throw error
    await run(client, second)
  }
  await run(client, `START TRANSACTION ${kind}`)
}

/** Ends the transaction without a trace; a connection that is already gone has none to end. */
export async function rollback(client: MySql): Promise<void> {
  await run(client, "ROLLBACK").catch(() => undefined)
}

export interface Page {
  readonly columns: readonly Column[]
  readonly rows: Value[][]
}

const FIRST_ROWS = 32
const PAGE_BYTES = 8 * 1_048_576
/** A statement that the server cannot prepare. */
const UNPREPARABLE = 1295

/** What a statement of somebody else's has sent so far. */
class Inbox {
  columns: readonly Column[] = []
  rows: Value[][] = []
  bytes = 0
  over = false
  failure: unknown
  wanted = FIRST_ROWS
  /** Nobody wants the rest. */
  dropping = false
  #wake: (() => void) | undefined

  get ready(): boolean {
    return this.over || this.rows.length >= this.wanted || this.bytes >= PAGE_BYTES
  }

  changed(): void {
    this.#wake?.()
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  take(): Value[][] {
    const { rows } = this
    this.rows = []
    this.bytes = 0
    return rows
  }
}

const sizeOf = (raw: unknown): number => (typeof raw === "string" || Buffer.isBuffer(raw) ? raw.length : 8)

/** Sends the statement; its rows go to the inbox until that is full, and the connection then waits. */
function send({ connection, rested }: MySql, inbox: Inbox, sql: string, params: readonly Bound[], prepared: boolean): void {
  rested()
  let parses: readonly ((raw: unknown) => Value)[] = []
  let results = 0
  const fail = (error: unknown): void => {
    inbox.failure ??= error
    inbox.over = true
    inbox.changed()
  }
  connection.once("error", fail)
  const command = (prepared ? connection.execute({ sql, values: [...params] }) : connection.query({ sql })) as Query
  command.on("fields", (fields: unknown) => {
    if (!Array.isArray(fields)) return
    if (results++ > 0) {
      fail(new PlatformError("protocol_invalid", "The server sent two results for one statement; check host and port."))
      connection.destroy()
    } else ({ columns: inbox.columns, parses } = readerOf(fields as Field[]))
  })
  command.on("result", (row: unknown) => {
    if (!Array.isArray(row) || results > 1 || inbox.dropping) return
    rested()
    inbox.rows.push(row.map((raw: unknown, index) => (raw === null || raw === undefined ? null : (parses[index]?.(raw) ?? null))))
    for (const raw of row) inbox.bytes += sizeOf(raw)
    if (inbox.ready) connection.pause()
    inbox.changed()
  })
  command.on("error", fail)
  command.on("end", () => {
    inbox.over = true
    inbox.changed()
  })
  command.once("end", () => connection.off("error", fail))
}

/**
 * A statement's rows in pages, the first also when it is empty; stops at the call's `maxRows`. Memory holds one page: the
 * first is short, and where rows are long so are the others. When it stops early the server is told so.
 */
export async function* pages(client: MySql, sql: string, params: readonly Bound[], call: Pick<Call, "batchRows" | "maxRows">): AsyncGenerator<Page> {
  let inbox = new Inbox()
  const most = call.maxRows ?? Number.POSITIVE_INFINITY
  inbox.wanted = Math.max(1, Math.min(FIRST_ROWS, call.batchRows, most))
  send(client, inbox, sql, params, true)
  await inbox.until(() => inbox.ready)
  if (isServerError(inbox.failure) && inbox.failure.errno === UNPREPARABLE && params.length === 0) {
    inbox = Object.assign(new Inbox(), { wanted: inbox.wanted })
    send(client, inbox, sql, params, false)
  }
  try {
    for (let seen = 0; ; ) {
      await inbox.until(() => inbox.ready)
      if (inbox.failure !== undefined) throw inbox.failure
      const rows = inbox.take()
      if (rows.length > 0 || seen === 0) yield { columns: inbox.columns, rows }
      seen += rows.length
      if (inbox.over && inbox.rows.length === 0) return
      if (seen >= most) return
      inbox.wanted = Math.max(1, Math.min(call.batchRows, most - seen))
      client.connection.resume()
    }
  } finally {
    if (!inbox.over) await stop(client, inbox)
  }
}

/** How long a statement of which nobody wants the rest may take to end by itself, as one does that had reached its last row. */
const MOMENT_MS = 20

/** Ends a statement that is still sending, and waits for the last of it; a connection that cannot be rid of it is given up. */
async function stop(client: MySql, inbox: Inbox): Promise<void> {
  const over = inbox.until(() => inbox.over)
  inbox.dropping = true
  try {
    client.rested()
    client.connection.resume()
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, MOMENT_MS).unref())])
    if (!inbox.over) await client.kill()
    await over
  } catch {
    client.connection.destroy()
  }
}

/** Reads a whole number that the server sent as text. */
export function count(value: unknown): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new PlatformError("protocol_invalid", "The server sent a count that is no number; check host and port.")
  return number
}
