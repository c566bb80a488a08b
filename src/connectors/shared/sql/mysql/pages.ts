import type { Connection, Query, ResultSetHeader } from "mysql2"
import { PlatformError } from "../../../../core/errors.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { leftInBatch } from "../../cursors.ts"
import type { Done, Page, PageLimits } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { isServerError } from "./errors.ts"
import { type Field, readerOf } from "./values.ts"

/** A logged-in connection, and how its wire controls it. */
export interface MysqlLine {
  readonly connection: Connection
  /** By the greeting; MariaDB has another time limit, and JSON as texts. */
  readonly mariadb: boolean
  /** Resets the count of bytes received without a row; see `protocol.ts`. */
  readonly rested: () => void
  /** Ends the running statement over a connection of its own; this one stays usable. */
  readonly kill: () => Promise<void>
}

const FIRST_ROWS = 32
const PAGE_BYTES = 8 * 1_048_576
/** The server cannot prepare the statement. */
const UNPREPARABLE = 1295

/** The part of a statement's result that was received and not yet taken. */
class Inbox {
  columns: readonly Column[] = []
  rows: Value[][] = []
  touched = 0
  over = false
  failure: unknown
  /** Rows that are no longer wanted are dropped. */
  dropping = false
  /** Rows that fill it; undefined: it holds the whole result. */
  wanted: number | undefined
  #bytes = 0
  #wake: (() => void) | undefined

  constructor(wanted: number | undefined) {
    this.wanted = wanted
  }

  get ready(): boolean {
    return this.over || (this.wanted !== undefined && (this.rows.length >= this.wanted || this.#bytes >= PAGE_BYTES))
  }

  add(row: Value[], bytes: number): void {
    this.rows.push(row)
    this.#bytes += bytes
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
    this.#bytes = 0
    return rows
  }
}

const sizeOf = (raw: unknown): number => (typeof raw === "string" || Buffer.isBuffer(raw) ? raw.length : 8)

/** Sends the statement. Its rows go to the inbox until that is full; the connection then pauses. */
function send({ connection, rested }: MysqlLine, inbox: Inbox, sql: string, params: readonly MysqlBound[], prepared: boolean): void {
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
    if (!Array.isArray(row)) inbox.touched = Number((row as ResultSetHeader | null)?.affectedRows ?? 0)
    if (!Array.isArray(row) || results > 1 || inbox.dropping) return
    if (inbox.wanted !== undefined) rested()
    inbox.add(
      row.map((raw: unknown, index) => (raw === null || raw === undefined ? null : (parses[index]?.(raw) ?? null))),
      row.reduce<number>((sum, raw) => sum + sizeOf(raw), 0),
    )
    if (inbox.ready) connection.pause()
    inbox.changed()
  })
  command.on("error", fail)
  command.once("end", () => {
    connection.off("error", fail)
    inbox.over = true
    inbox.changed()
  })
}

/** Runs a statement of ours to its end. One without parameters need not be one that the server can prepare. */
export async function run(line: MysqlLine, sql: string, params: readonly MysqlBound[]): Promise<Done> {
  const inbox = new Inbox(undefined)
  send(line, inbox, sql, params, params.length > 0)
  await inbox.until(() => inbox.over)
  if (inbox.failure !== undefined) throw inbox.failure
  return { columns: inbox.columns, rows: inbox.take(), touched: inbox.touched }
}

/**
 * A statement's rows in pages, the first also when it is empty; stops at `maxRows`. Memory holds one page: the first is short, and
 * pages of long rows are short too. A statement that is not read to its end is ended on the server.
 */
export async function* pages(line: MysqlLine, sql: string, params: readonly MysqlBound[], limits: PageLimits): AsyncGenerator<Page> {
  const { batchRows, maxRows: most = Number.POSITIVE_INFINITY } = limits
  const first = Math.max(1, Math.min(FIRST_ROWS, batchRows, most))
  let inbox = new Inbox(first)
  send(line, inbox, sql, params, true)
  await inbox.until(() => inbox.ready)
  if (isServerError(inbox.failure) && inbox.failure.errno === UNPREPARABLE && params.length === 0) {
    inbox = new Inbox(first)
    send(line, inbox, sql, params, false)
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
      inbox.wanted = Math.max(1, Math.min(leftInBatch(batchRows, seen), most - seen))
      line.connection.resume()
    }
  } finally {
    if (!inbox.over) await stop(line, inbox)
  }
}

/** The time in which a statement may end by itself before it is killed: one that had reached its last row does. */
const MOMENT_MS = 20

/** Ends a statement that still sends, and waits for its last packet. If that fails, the connection is closed. */
async function stop(line: MysqlLine, inbox: Inbox): Promise<void> {
  const over = inbox.until(() => inbox.over)
  inbox.dropping = true
  try {
    line.rested()
    line.connection.resume()
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, MOMENT_MS).unref())])
    if (!inbox.over) await line.kill()
    await over
  } catch {
    line.connection.destroy()
  }
}
