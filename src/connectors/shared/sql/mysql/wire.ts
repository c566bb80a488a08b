import { PlatformError } from "../../../../core/errors.ts"
import type { Access, SqlWire, Transactions } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { type MysqlLine, pages, run } from "./pages.ts"
import { Settings } from "./settings.ts"

/** The wire over a connection that is logged in; `release` withdraws the cancel that would run at the deadline. */
export const mysqlWire = (line: MysqlLine, release: () => void): SqlWire<MysqlBound> => ({
  pages: (sql, params, limits) => pages(line, sql, params, limits),
  run: (sql, params) => run(line, sql, params),
  transactions: transactionsOf(line),
  close: async () => {
    release()
    await new Promise<void>((resolve) => line.connection.end(() => resolve()))
    line.connection.destroy()
  },
})

const STARTS: Readonly<Record<Access, string>> = {
  read: "START TRANSACTION READ ONLY",
  snapshot: "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
  write: "START TRANSACTION READ WRITE",
}

/**
 * Transactions whose sessions do not depend on the server's choice (`settings.ts`). The server ends each statement at the deadline
 * (MySQL: those that read), and after `maxRows` rows if it has no LIMIT.
 */
function transactionsOf(line: MysqlLine): Transactions {
  const settings = new Settings(line)
  return {
    begin: async (access, call, { maxRows, snapshot, byCaller } = {}) => {
      if (snapshot !== undefined) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
      await settings.set({ access, longestMs: call.longestMs(), maxRows: access === "write" ? undefined : maxRows, byCaller })
      await run(line, STARTS[access], [])
    },
    commit: async () => void (await run(line, "COMMIT", [])),
    rollback: async () => void (await run(line, "ROLLBACK", []).catch(() => undefined)),
  }
}
