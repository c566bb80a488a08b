import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Access, SqlWire, Transactions } from "../wire.ts"
import type { MysqlBound } from "./encode.ts"
import { isServerError } from "./errors.ts"
import { type MysqlLine, pages, run } from "./pages.ts"

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

/** A transaction in UTC, whose statements the server ends at the deadline (MySQL: those that read), and after `maxRows` rows when they have no LIMIT. */
const transactionsOf = (line: MysqlLine): Transactions => ({
  begin: async (access, call, { maxRows, snapshot } = {}) => {
    if (snapshot !== undefined) throw new PlatformError("request_invalid", "The slice does not belong to a slicing of this stream; slice it again.")
    await set(line, access === "write" ? WRITE_MODE : readMode(maxRows), call)
    await run(line, STARTS[access], [])
  },
  commit: async () => void (await run(line, "COMMIT", [])),
  rollback: async () => void (await run(line, "ROLLBACK", []).catch(() => undefined)),
})

const readMode = (maxRows: number | undefined): string =>
  `sql_mode = @@GLOBAL.sql_mode, sql_select_limit = ${maxRows === undefined ? "DEFAULT" : Math.ceil(maxRows)}`
/** Values that do not fit are errors, never cut; a given 0 does not ask for the next number. */
const WRITE_MODE = "sql_select_limit = DEFAULT, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO'"
const UNKNOWN_VARIABLE = 1193
const LONGEST_SECONDS = 31_536_000

/** Sets the session's limits; a server that does not know the variable of the time limit gets the others alone. */
async function set(line: MysqlLine, mode: string, call: Call): Promise<void> {
  const seconds = Math.min(Math.max(0.001, call.longestMs() / 1_000), LONGEST_SECONDS)
  const base = `SET SESSION time_zone = '+00:00', net_write_timeout = 600, ${mode}`
  const limit = line.mariadb ? `max_statement_time = ${seconds.toFixed(3)}` : `max_execution_time = ${Math.ceil(seconds * 1_000)}`
  try {
    await run(line, `${base}, ${limit}`, [])
  } catch (error) {
    if (!isServerError(error) || error.errno !== UNKNOWN_VARIABLE) throw error
    await run(line, base, [])
  }
}
