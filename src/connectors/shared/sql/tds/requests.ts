import type { Request } from "tedious"
import { PlatformError } from "../../../../core/errors.ts"
import { type Column, ExactNumber, type Value } from "../../../../core/values.ts"
import { leftInBatch } from "../../cursors.ts"
import { withinDigits } from "../../plain-number.ts"
import type { Done, Page, PageLimits } from "../wire.ts"
import { readable, type TdsLine } from "./line.ts"
import { readerOf, type TdsColumn } from "./types.ts"

/** What a parameter is bound to: text as `nvarchar`, a number as `int`, `bigint` or `float`. */
export type TdsBound = string | number | boolean | ExactNumber | null

const FIRST_ROWS = 32
const PAGE_LENGTH = 8 * 1_048_576
/** The longest `nvarchar` that is no `max`. */
const MOST_CHARACTERS = 4_000

/** The part of a statement's result that was received and not yet consumed. */
class Inbox {
  columns: readonly Column[] = []
  rows: (readonly Value[])[] = []
  touched = 0
  over = false
  failure: unknown
  /** Whether further rows are discarded. */
  dropping = false
  /** The number of rows that fills it; undefined if it holds the whole result. */
  wanted: number | undefined
  #length = 0
  #wake: (() => void) | undefined

  constructor(wanted: number | undefined) {
    this.wanted = wanted
  }

  get ready(): boolean {
    return this.over || (this.wanted !== undefined && (this.rows.length >= this.wanted || this.#length >= PAGE_LENGTH))
  }

  add(row: readonly Value[]): void {
    this.rows.push(row)
    for (const value of row) this.#length += typeof value === "string" ? value.length : 8
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

  take(): (readonly Value[])[] {
    const { rows } = this
    this.rows = []
    this.#length = 0
    return rows
  }
}

/** Sends a statement; its rows go to the inbox until it is full, and then the connection pauses. */
function send(line: TdsLine, inbox: Inbox, sql: string, params: readonly TdsBound[], batch: boolean): Request {
  const { tedious, connection, rested } = line
  rested()
  let read: ReturnType<typeof readerOf>["values"] | undefined
  const request = new tedious.Request(sql, (error, touched) => {
    inbox.touched = touched ?? 0
    // The library says that the connection has closed before it says why.
    const ended = (): void => {
      inbox.failure ??= error === null || error === undefined ? undefined : readable(line.broken() ?? error)
      inbox.over = true
      inbox.changed()
    }
    if (isClosed(error)) setImmediate(ended)
    else ended()
  })
  request.on("columnMetadata", (described) => {
    if (read !== undefined && !inbox.dropping) {
      inbox.failure ??= new PlatformError("query_invalid", "The statement has two results; send one SELECT at a time.")
      inbox.dropping = true
      request.cancel()
      return
    }
    ;({ columns: inbox.columns, values: read } = readerOf(described as unknown as readonly TdsColumn[]))
  })
  request.on("row", (cells: readonly { readonly value: unknown }[]) => {
    if (inbox.dropping || read === undefined) return
    if (inbox.wanted !== undefined) rested()
    inbox.add(read(cells.map(({ value }) => value)))
    if (inbox.ready) request.pause()
    inbox.changed()
  })
  for (const [index, value] of params.entries()) bind(line, request, `p${index + 1}`, value)
  // A batch of its own keeps its temporary tables and settings; sp_executesql has a scope of its own (docs, sp_executesql).
  if (batch) connection.execSqlBatch(request)
  else connection.execSql(request)
  return request
}

const isClosed = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ECLOSE"

function bind({ tedious: { TYPES } }: TdsLine, request: Request, name: string, value: TdsBound): void {
  const digits = value instanceof ExactNumber ? withinDigits(value.digits, 38) : undefined
  if (typeof value === "boolean") request.addParameter(name, TYPES.Bit, value)
  else if (typeof value === "number" && Number.isInteger(value) && value === value >> 0) request.addParameter(name, TYPES.Int, value)
  else if (typeof value === "number" && Number.isSafeInteger(value)) request.addParameter(name, TYPES.BigInt, value)
  else if (typeof value === "number") request.addParameter(name, TYPES.Float, value)
  else if (digits !== undefined && isWithin64Bits(digits)) request.addParameter(name, TYPES.BigInt, BigInt(digits))
  else {
    const text = value === null ? null : String(digits ?? value)
    // One length for all short texts, so that the server keeps one plan.
    request.addParameter(name, TYPES.NVarChar, text, { length: (text?.length ?? 0) > MOST_CHARACTERS ? Number.POSITIVE_INFINITY : MOST_CHARACTERS })
  }
}

const isWithin64Bits = (digits: string): boolean => /^-?\d{1,19}$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)

/** Runs one of our own statements to its end; one without parameters as a batch. */
export async function run(line: TdsLine, sql: string, params: readonly TdsBound[]): Promise<Done> {
  const inbox = new Inbox(undefined)
  send(line, inbox, sql, params, params.length === 0)
  await inbox.until(() => inbox.over)
  if (inbox.failure !== undefined) throw inbox.failure
  return { columns: inbox.columns, rows: inbox.take(), touched: inbox.touched }
}

/**
 * A statement's rows in pages, with at least one page, which may be empty; stops at `maxRows`. Memory holds one page. If the caller stops
 * early, the statement is ended on the server (ATTENTION).
 */
export async function* pages(
  line: TdsLine,
  sql: string,
  params: readonly TdsBound[],
  { batchRows, maxRows = Number.POSITIVE_INFINITY }: PageLimits,
): AsyncGenerator<Page> {
  const inbox = new Inbox(Math.max(1, Math.min(FIRST_ROWS, batchRows, maxRows)))
  const request = send(line, inbox, sql, params, false)
  try {
    for (let seen = 0; ; ) {
      await inbox.until(() => inbox.ready)
      if (inbox.failure !== undefined && inbox.rows.length === 0) throw inbox.failure
      const rows = inbox.take()
      if (rows.length > 0 || seen === 0) yield { columns: inbox.columns, rows }
      seen += rows.length
      if (inbox.over && inbox.rows.length === 0) {
        if (inbox.failure !== undefined) throw inbox.failure
        return
      }
      if (seen >= maxRows) return
      inbox.wanted = Math.max(1, Math.min(leftInBatch(batchRows, seen), maxRows - seen))
      request.resume()
    }
  } finally {
    if (!inbox.over) await stop(line, inbox, request)
  }
}

/** Ends a statement that is still sending rows, and waits until the server says so. */
async function stop(line: TdsLine, inbox: Inbox, request: Request): Promise<void> {
  inbox.dropping = true
  line.rested()
  request.cancel()
  await inbox.until(() => inbox.over)
}
