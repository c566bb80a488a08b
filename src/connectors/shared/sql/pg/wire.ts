import { once } from "node:events"
import type { Client, QueryArrayResult, QueryResult } from "pg"
import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Value } from "../../../../core/values.ts"
import type { ErrorTable } from "../errors.ts"
import { withReplay } from "../replay.ts"
import type { Access, BeginOptions, Page, PageLimits, SqlWire, Transactions } from "../wire.ts"
import type { PgBound } from "./encode.ts"
import type { PgTypes } from "./values.ts"

/** What differs between the systems that speak the protocol. */
export interface PgSystem {
  readonly errors: ErrorTable
  readonly types: PgTypes
  /** Settings of each transaction: values must come in the spelling that `types` reads. */
  readonly settings: readonly string[]
  /** What every session is told first. */
  readonly session?: string
  /** How a transaction begins. Absent: as in PostgreSQL. */
  readonly modes?: Readonly<Record<Access, string>>
  /** Whether a refused statement spoils its transaction for good, so that what was done before is sent again. */
  readonly replays?: boolean
}

/** The wire over a client that is logged in; `release` takes back what would cancel on the server at the deadline. */
export function pgWire(pg: Client, system: PgSystem, release: () => void): SqlWire<PgBound> {
  const wire = plainWire(pg, system, release)
  return system.replays === true ? withReplay(wire) : wire
}

const plainWire = (pg: Client, { types, settings, modes = MODES }: PgSystem, release: () => void): SqlWire<PgBound> => ({
  pages: (sql, params, limits) => pages(pg, types, sql, params, limits),

  run: async (sql, params) => {
    const parsers = types.parsers(() => undefined)
    const { rows, fields, rowCount }: QueryArrayResult<Value[]> = await pg.query({ text: sql, values: [...params], rowMode: "array", types: parsers })
    return { columns: types.columnsOf(fields), rows, touched: rowCount ?? 0 }
  },

  transactions: transactionsOf(pg, settings, modes),

  close: async () => {
    release()
    await pg.end()
  },
})

const MODES: Readonly<Record<Access, string>> = {
  read: "BEGIN READ ONLY",
  snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  // A constraint that is deferred to COMMIT would fail when the row at fault can no longer be identified.
  write: "BEGIN READ WRITE; SET CONSTRAINTS ALL IMMEDIATE",
}
const LONGEST_MS = 2_147_483_647

const transactionsOf = (pg: Client, settings: readonly string[], modes: Readonly<Record<Access, string>>): Transactions => ({
  begin: async (access: Access, call: Call, { snapshot }: BeginOptions = {}) => {
    const timeoutMs = Math.min(Math.max(1, Math.floor(call.remainingMs())), LONGEST_MS)
    const shared = snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT ${snapshotLiteral(snapshot)}`]
    const mode = modes[snapshot === undefined ? access : "snapshot"]
    await pg.query([mode, ...shared, ...settings.map((each) => `SET LOCAL ${each}`), `SET LOCAL statement_timeout = ${timeoutMs}`].join("; "))
  },
  commit: async () => void (await pg.query("COMMIT")),
  rollback: async () => void (await pg.query("ROLLBACK").catch(() => undefined)),
  holds: () => pg.getTransactionStatus() === "T",
  savepoint: async (work) => {
    await pg.query("SAVEPOINT jackfield")
    try {
      const result = await work()
      await pg.query("RELEASE SAVEPOINT jackfield")
      return result
    } catch (error) {
      await pg.query("ROLLBACK TO SAVEPOINT jackfield; RELEASE SAVEPOINT jackfield")
      throw error
    }
  },
})

/** The id of `pg_export_snapshot()`; the statement takes no parameters. */
function snapshotLiteral(id: string): string {
  if (!/^[0-9A-Fa-f-]{1,64}$/.test(id)) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
  return `'${id}'`
}

interface RowHandler {
  handleDataRow(message: unknown): void
}

const FIRST_ROWS = 32
const PAGE_LENGTH = 8 * 1_048_576

/**
 * A statement's rows in pages, the first also when it is empty; stops at `maxRows`. Memory holds one page: the first is
 * short, and where rows are long so are the others, about 8 MiB at most.
 */
async function* pages(pg: Client, types: PgTypes, sql: string, params: readonly PgBound[], limits: PageLimits): AsyncGenerator<Page> {
  const { default: Cursor } = await import("pg-cursor")
  let length = 0
  const parsers = types.parsers((more) => {
    length += more
  })
  const cursor = pg.query(new Cursor<Value[]>(sql, [...params], { rowMode: "array", types: parsers }))
  const most = limits.maxRows ?? Number.POSITIVE_INFINITY
  let failed = false
  let due = 0
  const { handleDataRow } = cursor as unknown as RowHandler
  // The library keeps every row that comes; a server that sends more than was asked for would fill the memory.
  const counted: RowHandler["handleDataRow"] = (message) => {
    if (due-- <= 0) throw new PlatformError("protocol_invalid", "The server sent more rows than it was asked for, so it is no PostgreSQL; check host and port.")
    handleDataRow.call(cursor, message)
  }
  Object.assign(cursor, { handleDataRow: counted })
  const next = (count: number): Promise<Page> =>
    new Promise((resolve, reject) => {
      due = count
      cursor.read(count, (error: Error | undefined, rows: Value[][], result: QueryResult) => {
        if (error) reject(error)
        else resolve({ columns: types.columnsOf(result?.fields ?? []), rows })
      })
    })
  try {
    for (let seen = 0; seen < most || seen === 0; ) {
      const fitting = seen === 0 ? FIRST_ROWS : Math.floor((PAGE_LENGTH * seen) / Math.max(1, length))
      const wanted = Math.max(1, Math.min(limits.batchRows, most - seen, fitting))
      const page = await next(wanted)
      if (page.rows.length > 0 || seen === 0) yield page
      seen += page.rows.length
      if (page.rows.length < wanted) break
    }
  } catch (error) {
    failed = true
    throw error
  } finally {
    // `close` waits for the server; from a connection that is gone nothing would ever come.
    const closed = new AbortController()
    if (!failed) await Promise.race([cursor.close(), once(pg, "end", closed).catch(() => undefined)])
    closed.abort()
  }
}
