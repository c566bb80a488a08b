import type { Connection, Query, ResultSetHeader, TypedParameter } from "mysql2"
import { PlatformError } from "../../../../core/errors.ts"
import { type Column, ExactNumber, type Value } from "../../../../core/values.ts"
import { leftInBatch } from "../../cursors.ts"
import { withinDigits } from "../../plain-number.ts"
import type { Done, Page, PageLimits } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { isServerError } from "./errors.ts"
import { type Field, readerOf } from "./values.ts"

/** A logged-in connection and the functions that control it. */
export interface MysqlLine {
  readonly connection: Connection
  /** As the greeting says. MariaDB has a different setting for the time limit, and stores JSON as text. */
  readonly mariadb: boolean
  /** Resets the count of bytes received without a row; see `protocol.ts`. */
  readonly rested: () => void
  /** Creates parameters with a numeric type of the protocol; without it, the library sends every number as a double. */
  readonly numbers: Pick<TypedParameter, "LONG" | "LONGLONG" | "NEWDECIMAL">
  /** Ends the running statement over another connection; this one stays usable. */
  readonly kill: () => Promise<void>
}

const FIRST_ROWS = 32
const PAGE_BYTES = 8 * 1_048_576
/** The server cannot prepare the statement. */
const UNPREPARABLE = 1295

/** Converts the library's rows. */
type Reader<T> = (fields: Field[]) => { readonly columns: readonly Column[]; row(raw: readonly unknown[]): T }

const asValues: Reader<Value[]> = (fields) => {
  const { columns, parses } = readerOf(fields)
  return { columns, row: (raw) => raw.map((each, index) => (each === null || each === undefined ? null : (parses[index]?.(each) ?? null))) }
}

/** The bytes of the first column. */
const asBytes: Reader<Buffer | null> = () => ({ columns: [], row: ([raw]) => (raw === null || raw === undefined ? null : Buffer.from(raw as Buffer)) })

/** The part of a statement's result that was received and not yet consumed. */
class Inbox<T> {
  readonly reader: Reader<T>
  columns: readonly Column[] = []
  rows: T[] = []
  touched = 0
  over = false
  failure: unknown
  /** Whether further rows are discarded. */
  dropping = false
  /** The number of rows that fills it; undefined if it holds the whole result. */
  wanted: number | undefined
  #bytes = 0
  #wake: (() => void) | undefined

  constructor(reader: Reader<T>, wanted: number | undefined) {
    this.reader = reader
    this.wanted = wanted
  }

  get ready(): boolean {
    return this.over || (this.wanted !== undefined && (this.rows.length >= this.wanted || this.#bytes >= PAGE_BYTES))
  }

  add(row: T, bytes: number): void {
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

  take(): T[] {
    const { rows } = this
    this.rows = []
    this.#bytes = 0
    return rows
  }
}

/** The most digits of a DECIMAL. */
const MOST_DIGITS = 65

/** Binds a number with all its digits, also for statements that calculate with it. As a double, 9007199254740993 would become 9007199254740992. */
function boundAs({ LONG, LONGLONG, NEWDECIMAL }: MysqlLine["numbers"], value: MysqlBound): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value === value >> 0 ? LONG(value) : LONGLONG(value)
  if (!(value instanceof ExactNumber)) return value
  const digits = withinDigits(value.digits, MOST_DIGITS)
  if (digits === undefined) return value.digits
  return /^-?\d{1,19}$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits) ? LONGLONG(digits) : NEWDECIMAL(digits)
}

const sizeOf = (raw: unknown): number => (typeof raw === "string" || Buffer.isBuffer(raw) ? raw.length : 8)

/** Sends the statement. Its rows go to the inbox until the inbox is full; then the connection pauses. */
function send<T>(line: MysqlLine, inbox: Inbox<T>, sql: string, params: readonly MysqlBound[], prepared: boolean): void {
  const { connection, rested } = line
  rested()
  let read: ((raw: readonly unknown[]) => T) | undefined
  let results = 0
  let answered = false
  const fail = (error: unknown): void => {
    inbox.failure ??= error
    inbox.over = true
    inbox.changed()
  }
  connection.once("error", fail)
  const command = (prepared ? connection.execute({ sql, values: params.map((value) => boundAs(line.numbers, value)) }) : connection.query({ sql })) as Query
  command.on("fields", (fields: unknown) => {
    answered = true
    if (!Array.isArray(fields)) return
    if (results++ > 0) {
      fail(new PlatformError("protocol_invalid", "The server sent two results for one statement; check host and port."))
      connection.destroy()
    } else ({ columns: inbox.columns, row: read } = inbox.reader(fields as Field[]))
  })
  command.on("result", (row: unknown) => {
    if (!Array.isArray(row)) inbox.touched = Number((row as ResultSetHeader | null)?.affectedRows ?? 0)
    if (!Array.isArray(row) || results > 1 || inbox.dropping || read === undefined) return
    if (inbox.wanted !== undefined) rested()
    inbox.add(
      read(row),
      row.reduce<number>((sum, raw) => sum + sizeOf(raw), 0),
    )
    if (inbox.ready) connection.pause()
    inbox.changed()
  })
  command.on("error", fail)
  command.once("end", () => {
    connection.off("error", fail)
    // If the server answers a prepared statement with a request for a file, the library treats it as the end of the statement.
    if (!answered && inbox.failure === undefined) {
      fail(new PlatformError("protocol_invalid", "The server did not answer the statement; check host and port."))
      connection.destroy()
    }
    inbox.over = true
    inbox.changed()
  })
}

/** Runs one of our own statements to its end. A statement without parameters is not prepared, so the server need not support preparing it. */
export async function run(line: MysqlLine, sql: string, params: readonly MysqlBound[]): Promise<Done> {
  const inbox = new Inbox(asValues, undefined)
  send(line, inbox, sql, params, params.length > 0)
  await inbox.until(() => inbox.over)
  if (inbox.failure !== undefined) throw inbox.failure
  return { columns: inbox.columns, rows: inbox.take(), touched: inbox.touched }
}

/**
 * A statement's rows in pages, with at least one page, which may be empty; stops at `maxRows`. Memory holds one page. The first page and
 * pages of long rows are short. If the caller stops early, the statement is ended on the server.
 */
export const pages = (line: MysqlLine, sql: string, params: readonly MysqlBound[], limits: PageLimits): AsyncGenerator<Page> =>
  parts(line, asValues, sql, params, limits)

/** The same for a statement with a single column of bytes; each value is one row. */
export async function* lines(line: MysqlLine, sql: string, limits: PageLimits): AsyncGenerator<readonly (Buffer | null)[]> {
  for await (const { rows } of parts(line, asBytes, sql, [], limits)) yield rows
}

async function* parts<T>(
  line: MysqlLine,
  reader: Reader<T>,
  sql: string,
  params: readonly MysqlBound[],
  limits: PageLimits,
): AsyncGenerator<{ readonly columns: readonly Column[]; readonly rows: readonly T[] }> {
  const { batchRows, maxRows: most = Number.POSITIVE_INFINITY } = limits
  const first = Math.max(1, Math.min(FIRST_ROWS, batchRows, most))
  let inbox = new Inbox(reader, first)
  send(line, inbox, sql, params, true)
  await inbox.until(() => inbox.ready)
  if (isServerError(inbox.failure) && inbox.failure.errno === UNPREPARABLE && params.length === 0) {
    inbox = new Inbox(reader, first)
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

/** The time in which a statement may end by itself before it is killed, as it does if its last row has been reached. */
const MOMENT_MS = 20

/** Ends a statement that is still sending rows, and waits for its last packet. If that fails, the connection is closed. */
async function stop<T>(line: MysqlLine, inbox: Inbox<T>): Promise<void> {
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
