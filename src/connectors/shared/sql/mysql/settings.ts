import type { Access, BeginOptions } from "../wire.ts"
import { isServerError } from "./errors.ts"
import { type MysqlLine, run } from "./pages.ts"

/** What a transaction needs of its session. */
export interface SessionNeeds extends Pick<BeginOptions, "maxRows" | "byCaller"> {
  readonly access: Access
  /** The longest that a statement may run. */
  readonly longestMs: number
}

/** Values that do not fit are errors, never cut; a given 0 does not ask for the next number. */
const WRITE_MODE = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO'"
const LONGEST_SECONDS = 31_536_000
/** Bytes by which texts are sorted. It covers every key of an index, and 15 of them fit into the smallest default sort buffer. */
const SORT_BYTES = 16_384

/**
 * Settings that change what is read or written, and that a server may choose for its sessions: by its defaults, by init_connect, or by
 * ignoring the character set of the login. They are set for every transaction, because a reset session has the server's choice again.
 */
function settings(
  { access, longestMs, maxRows, byCaller = false }: SessionNeeds,
  mariadb: boolean,
): Readonly<Record<"needed" | "optional", readonly string[]>> {
  const seconds = Math.min(Math.max(0.001, longestMs / 1_000), LONGEST_SECONDS)
  const writes = access === "write"
  // Under other modes a comparison with a zero date is NULL, texts of CHAR get spaces, and an empty text is NULL.
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
      // Only this level has snapshots, and lower ones read rows that are not committed.
      [isolation]: writes ? "DEFAULT" : "'REPEATABLE-READ'",
      // A commit would end the session, or begin another transaction.
      completion_type: "0",
      // Deletes name the column that they search by, which may have no index.
      sql_safe_updates: "0",
      sql_quote_show_create: "1",
      max_sort_length: String(SORT_BYTES),
      // The rights that are missing are read from the messages.
      lc_messages: "'en_US'",
    }).map(assigned),
  }
}

const assigned = ([name, value]: readonly [string, string]): string => `@@SESSION.${name} = ${value}`

/** Sets the sessions of one connection, and remembers what its server does not have. */
export class Settings {
  readonly #line: MysqlLine
  readonly #refused = new Set<string>()

  constructor(line: MysqlLine) {
    this.#line = line
  }

  /** Systems that speak the protocol lack some of the optional settings; the others are set without them. */
  async set(needs: SessionNeeds): Promise<void> {
    const { needed, optional } = settings(needs, this.#line.mariadb)
    const known = optional.filter((each) => !this.#refused.has(nameIn(each)))
    try {
      await this.#run([...needed, ...known])
      return
    } catch (error) {
      if (!isServerError(error)) throw error
    }
    await this.#run(needed)
    for (const each of known)
      try {
        await this.#run([each])
      } catch (error) {
        if (!isServerError(error)) throw error
        this.#refused.add(nameIn(each))
      }
  }

  async #run(some: readonly string[]): Promise<void> {
    await run(this.#line, `SET ${some.join(", ")}`, [])
  }
}

const nameIn = (assignment: string): string => assignment.split(" ", 1)[0] ?? ""
