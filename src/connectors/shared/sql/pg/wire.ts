import { once } from "node:events"
import type { Client, CustomTypesConfig, FieldDef, QueryArrayResult } from "pg"
import { PlatformError } from "../../../../core/errors.ts"
import type { Column, Value } from "../../../../core/values.ts"
import { leftInBatch } from "../../cursors.ts"
import type { ErrorTable } from "../errors.ts"
import { withReplay } from "../replay.ts"
import type { Access, Page, PageLimits, SqlWire, Statement, Transactions } from "../wire.ts"
import type { PgBound } from "./encode.ts"
import { OwnTypeBook } from "./own-types.ts"
import { ParamTypes } from "./param-types.ts"
import { Portal, type RawRow } from "./portal.ts"
import type { PgTypes } from "./values.ts"

/** What differs between the systems that speak the protocol. */
export interface PgSystem {
  readonly errors: ErrorTable
  readonly types: PgTypes
  /** Settings of each transaction, so that values have the spelling that `types` reads. */
  readonly settings: readonly string[]
  /** The first statement of every session. */
  readonly session?: string
  /** How a transaction begins. Absent: as in PostgreSQL. */
  readonly modes?: Readonly<Record<Access, readonly string[]>>
  /** Whether types that are not built in are looked up in pg_type, and parameters are bound by the types that the server describes. */
  readonly ownTypes?: boolean
  /** Whether a refused statement aborts its transaction for good, so that the earlier statements must be repeated. */
  readonly replays?: boolean
}

/** The wire over a client that is logged in; `release` removes the cancel request that is registered for the deadline. */
export function pgWire(pg: Client, system: PgSystem, release: () => void): SqlWire<PgBound> {
  const wire = plainWire(pg, system, release)
  return system.replays === true ? withReplay(wire) : wire
}

function plainWire(pg: Client, { types, settings, modes = MODES, ownTypes = false }: PgSystem, release: () => void): SqlWire<PgBound> {
  const transactions = transactionsOf(pg, settings, modes)
  const book = ownTypes ? new OwnTypeBook(pg, types) : undefined
  const described = book && new ParamTypes(pg, types, book)
  const parsers = { getTypeParser: (oid: number) => types.parser(oid) } as CustomTypesConfig
  const reader: Reader = async (fields) => {
    const own = await book?.with(fields.map(({ dataTypeID }) => dataTypeID))
    const parse = fields.map(({ dataTypeID }) => types.parser(dataTypeID, own))
    return { columns: types.columnsOf(fields, own), values: (row) => row.map((text, index) => (text === null ? null : (parse[index]?.(text) ?? null))) }
  }
  return {
    pages: (sql, params, limits) => pages(pg, reader, { sql, params }, limits, transactions.opening()),

    ...(described === undefined ? {} : { paramTypes: (sql, values) => described.of(sql, values, transactions.opening) }),

    run: async (sql, params) => {
      await transactions.opened()
      const { rows, fields, rowCount }: QueryArrayResult<Value[]> = await pg.query({ text: sql, values: [...params], rowMode: "array", types: parsers })
      return { columns: types.columnsOf(fields), rows, touched: rowCount ?? 0 }
    },

    transactions,

    close: async () => {
      release()
      await pg.end()
    },
  }
}

const MODES: Readonly<Record<Access, readonly string[]>> = {
  read: ["BEGIN READ ONLY"],
  snapshot: ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"],
  // A constraint that is deferred to COMMIT would fail when the row at fault can no longer be identified.
  write: ["BEGIN READ WRITE", "SET CONSTRAINTS ALL IMMEDIATE"],
}
const LONGEST_MS = 2_147_483_647

/** Transactions whose opening statements may wait and be sent with the first statement. */
interface PgTransactions extends Transactions {
  /** Returns the waiting statements to the caller, who must send them with the first statement. */
  opening(): readonly string[]
  /** Begins the transaction now if its opening statements are waiting. */
  opened(): Promise<void>
}

function transactionsOf(pg: Client, settings: readonly string[], modes: Readonly<Record<Access, readonly string[]>>): PgTransactions {
  let waiting: readonly string[] = []
  let ending: Promise<unknown> | undefined
  const opening = (): readonly string[] => {
    const statements = waiting
    waiting = []
    return statements
  }
  const opened = async (): Promise<void> => {
    const statements = opening()
    if (statements.length > 0) await pg.query(statements.join("; "))
  }
  const rollback = async (): Promise<void> => {
    // A transaction that was never begun needs no rollback.
    if (opening().length > 0) return
    ending ??= pg
      .query("ROLLBACK")
      .catch(() => undefined)
      .finally(() => {
        ending = undefined
      })
    await ending
  }
  return {
    opening,
    opened,
    begin: async (access, call, { snapshot, soon = false } = {}) => {
      const timeoutMs = Math.min(Math.max(1, Math.floor(call.remainingMs())), LONGEST_MS)
      const shared = snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT ${snapshotLiteral(snapshot)}`]
      const mode = modes[snapshot === undefined ? access : "snapshot"]
      // The client library accepts one statement at a time.
      await ending
      waiting = [...mode, ...shared, ...settings.map((each) => `SET LOCAL ${each}`), `SET LOCAL statement_timeout = ${timeoutMs}`]
      if (!soon) await opened()
    },
    commit: async () => void (await pg.query("COMMIT")),
    rollback,
    leave: () => void rollback(),
    holds: () => pg.getTransactionStatus() === "T",
    savepoint: async (work) => {
      await opened()
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
  }
}

/** The id of `pg_export_snapshot()`; the statement takes no parameters. */
function snapshotLiteral(id: string): string {
  if (!/^[0-9A-Fa-f-]{1,64}$/.test(id)) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
  return `'${id}'`
}

const FIRST_ROWS = 32
const PAGE_LENGTH = 8 * 1_048_576

/** Makes a reader of rows from a result's description. */
type Reader = (fields: readonly FieldDef[]) => Promise<{ readonly columns: readonly Column[]; values(row: RawRow): readonly Value[] }>

/**
 * A statement's rows in pages, with at least one page; stops at `maxRows`. Only one page is in memory: the first is
 * short, and the others hold about 8 MiB at most.
 */
async function* pages(pg: Client, reader: Reader, { sql, params }: Statement<PgBound>, limits: PageLimits, before: readonly string[]): AsyncGenerator<Page> {
  const portal = new Portal(pg)
  const most = limits.maxRows ?? Number.POSITIVE_INFINITY
  let read: Awaited<ReturnType<Reader>> | undefined
  let failed = true
  try {
    for (let seen = 0; seen < most || seen === 0; ) {
      const fitting = seen === 0 ? FIRST_ROWS : Math.floor((PAGE_LENGTH * seen) / Math.max(1, portal.length))
      const wanted = Math.max(1, Math.min(leftInBatch(limits.batchRows, seen), most - seen, fitting))
      const rows = seen === 0 ? await portal.first(sql, params, wanted, before) : await portal.next(wanted)
      read ??= await reader(portal.fields)
      failed = false
      if (rows.length > 0 || seen === 0) yield { columns: read.columns, rows: rows.map(read.values) }
      seen += rows.length
      failed = true
      if (!portal.suspended) break
    }
    failed = false
  } finally {
    if (!failed && portal.suspended) await closed(pg, portal)
  }
}

/** Closes a portal without waiting for an answer on a connection that has ended. */
async function closed(pg: Client, portal: Portal): Promise<void> {
  const done = new AbortController()
  await Promise.race([portal.close(), once(pg, "end", done).catch(() => undefined)])
  done.abort()
}
