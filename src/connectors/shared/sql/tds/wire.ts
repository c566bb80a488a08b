import type { Connection } from "tedious"
import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Access, SqlWire, Transactions } from "../wire.ts"
import type { TdsLine } from "./line.ts"
import { pages, run, type TdsBound } from "./requests.ts"

/** A connection that may be logged in with the first call that uses it. */
export interface TdsSession {
  line(call: Call): Promise<TdsLine>
  /** The connection, if there is one already. */
  current(): TdsLine | undefined
  /** Whether the database lets transactions see one moment (ALLOW_SNAPSHOT_ISOLATION). */
  snapshots(call: Call): Promise<boolean>
  close(): void
}

export const tdsWire = (session: TdsSession): SqlWire<TdsBound> => ({
  pages: async function* (sql, params, limits, call) {
    yield* pages(await session.line(call), sql, params, limits)
  },
  run: async (sql, params, call) => await run(await session.line(call), sql, params),
  transactions: transactionsOf(session),
  close: async () => session.close(),
})

const SAVEPOINT = "jackfield"

/**
 * SQL Server has no read-only transaction: statements are checked by their text, and every transaction that reads is rolled back. Where the
 * database allows it, our own reads see one moment and wait for nobody.
 */
function transactionsOf(session: TdsSession): Transactions {
  const open = (): Connection | undefined => {
    const connection = session.current()?.connection
    return connection?.inTransaction === true ? connection : undefined
  }
  const rollback = async (name?: string): Promise<void> => {
    const connection = open()
    if (connection !== undefined) await said((done) => connection.rollbackTransaction(done, name))
  }
  return {
    begin: async (access, call, { snapshot, byCaller = false } = {}) => {
      if (snapshot !== undefined) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
      const { connection, tedious } = await session.line(call)
      const { SNAPSHOT, READ_COMMITTED } = tedious.ISOLATION_LEVEL
      const level = (await seesOneMoment(session, access, byCaller, call)) ? SNAPSHOT : READ_COMMITTED
      await said((done) => connection.beginTransaction(done, "", level as number))
    },
    commit: async () => {
      const connection = open()
      if (connection === undefined) throw lost()
      await said((done) => connection.commitTransaction(done))
    },
    rollback: async () => await rollback().catch(() => undefined),
    holds: () => open() !== undefined,
    savepoint: async (work) => {
      const connection = open()
      if (connection === undefined) throw lost()
      await said((done) => connection.saveTransaction(done, SAVEPOINT))
      try {
        return await work()
      } catch (error) {
        // Some errors end the whole transaction (docs, SET XACT_ABORT, Remarks): those of conversions, and all inside a trigger.
        if (open() === undefined) throw lost(error)
        await rollback(SAVEPOINT)
        throw error
      }
    },
  }
}

/** A caller's statement may name other databases, whose tables such a transaction cannot read. */
const seesOneMoment = async (session: TdsSession, access: Access, byCaller: boolean, call: Call): Promise<boolean> =>
  access !== "write" && !byCaller && (await session.snapshots(call))

const lost = (cause?: unknown): PlatformError =>
  new PlatformError(
    "query_invalid",
    `SQL Server took the whole transaction back${cause instanceof Error ? `: ${cause.message.replace(/\.$/, "").slice(0, 300)}` : ""}; nothing was written. A trigger ends the transaction by any error.`,
    { cause },
  )

/** Waits for a request of the library that ends with a callback. */
const said = (ask: (done: (error?: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    ask((error) => (error === null || error === undefined ? resolve() : reject(error)))
  })
