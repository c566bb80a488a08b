import { PlatformError } from "../../../../core/errors.ts"
import type { SqlWire, Transactions } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { type MysqlLine, pages, run } from "./pages.ts"
import { Settings } from "./settings.ts"
import type { MysqlSystem } from "./system.ts"

/** The wire over a logged-in connection. `release` removes the cancel that would run at the lease's deadline. */
export const mysqlWire = (line: MysqlLine, system: MysqlSystem, release: () => void): SqlWire<MysqlBound> => ({
  pages: (sql, params, limits) => pages(line, sql, params, limits),
  run: (sql, params) => run(line, sql, params),
  transactions: transactionsOf(line, system),
  close: async () => {
    release()
    await new Promise<void>((resolve) => line.connection.end(() => resolve()))
    line.connection.destroy()
  },
})

/**
 * Transactions with settings of our own (`settings.ts`). The server ends each statement at the deadline (MySQL: only reading ones), and
 * after `maxRows` rows if the statement has no LIMIT.
 */
function transactionsOf(line: MysqlLine, { starts, settings: of }: MysqlSystem): Transactions {
  const settings = new Settings(line, of)
  return {
    begin: async (access, call, { maxRows, snapshot, byCaller } = {}) => {
      if (snapshot !== undefined) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
      await settings.set({ access, longestMs: call.longestMs(), maxRows: access === "write" ? undefined : maxRows, byCaller })
      await run(line, starts[access], [])
    },
    commit: async () => void (await run(line, "COMMIT", [])),
    rollback: async () => void (await run(line, "ROLLBACK", []).catch(() => undefined)),
  }
}
