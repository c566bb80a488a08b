import type { Access, Done } from "../wire.ts"
import type { SessionNeeds, SessionSettings, SettingsOf } from "./settings.ts"

/** How one system that speaks MySQL's protocol runs its sessions. */
export interface MysqlSystem {
  /** The statement that begins a transaction. */
  readonly starts: Readonly<Record<Access, string>>
  readonly settings: SettingsOf
  /** The statement that ends whatever a session runs, from a question to that session after its login. Absent: KILL QUERY with the id of the greeting. */
  kill?(ask: (sql: string) => Promise<Done>): Promise<string>
  /** A refused statement may end the transaction, so the statements before it are repeated (`replay.ts`). */
  readonly replays?: true
}

/** Values that do not fit are errors and are never cut; a 0 is stored as 0 instead of the next number of a counter. */
const WRITE_MODE = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO'"
const LONGEST_SECONDS = 31_536_000
/** The number of bytes by which texts are sorted. It covers the longest key of an index, and 15 such texts fit into the smallest default sort buffer. */
const SORT_BYTES = 16_384

/**
 * Settings that change what is read or written, and that a server may choose for its sessions: by its defaults, by init_connect, or by
 * ignoring the character set of the login. They are set for every transaction, because a reset restores the server's choice.
 */
function settings({ access, longestMs, maxRows, byCaller = false }: SessionNeeds, mariadb: boolean): SessionSettings {
  const seconds = Math.min(Math.max(0.001, longestMs / 1_000), LONGEST_SECONDS)
  const writes = access === "write"
  // Other modes turn a comparison with a zero date into NULL, pad the texts of CHAR, or treat an empty text as NULL.
  const mode = writes ? WRITE_MODE : byCaller ? "@@GLOBAL.sql_mode" : "''"
  const isolation = mariadb ? "tx_isolation" : "transaction_isolation"
  return {
    needed: [
      "NAMES utf8mb4 COLLATE utf8mb4_general_ci",
      ...Object.entries({
        time_zone: "'+00:00'",
        net_write_timeout: "600",
        sql_select_limit: maxRows === undefined ? "DEFAULT" : String(Math.ceil(maxRows)),
        sql_mode: mode,
      }).map(assigned),
    ],
    optional: Object.entries({
      ...(mariadb ? { max_statement_time: seconds.toFixed(3) } : { max_execution_time: String(Math.ceil(seconds * 1_000)) }),
      // Snapshots need this level, and the lowest level reads uncommitted rows.
      [isolation]: writes ? "DEFAULT" : "'REPEATABLE-READ'",
      // Other values end the session after a commit, or begin another transaction.
      completion_type: "0",
      // Otherwise deletes by a column without an index are refused.
      sql_safe_updates: "0",
      sql_quote_show_create: "1",
      max_sort_length: String(SORT_BYTES),
      // The missing rights are read from the server's messages.
      lc_messages: "'en_US'",
    }).map(assigned),
  }
}

/** `@@SESSION.name = value`. */
export const assigned = ([name, value]: readonly [string, string]): string => `@@SESSION.${name} = ${value}`

/** MySQL, MariaDB, and systems that differ from them in nothing that a session needs. */
export const MYSQL: MysqlSystem = {
  starts: {
    read: "START TRANSACTION READ ONLY",
    snapshot: "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    write: "START TRANSACTION READ WRITE",
  },
  settings,
}
