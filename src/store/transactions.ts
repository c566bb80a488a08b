import { setTimeout as pause } from "node:timers/promises"
import { type Kysely, sql } from "kysely"
import type { Database } from "./database.ts"

/** The hub's own transactions end within 60 s (`idle_in_transaction_session_timeout` of its login). */
const PATIENCE_MS = 90_000

/**
 * Waits until every transaction that is now running in this database has ended, as CREATE INDEX CONCURRENTLY does;
 * does not wait for later ones. False if one of them takes longer than 90 s (a backup of a large hub may).
 */
export async function olderTransactionsEnd(db: Kysely<Database>, signal: AbortSignal): Promise<boolean> {
  const running = async (): Promise<ReadonlySet<string>> => {
    const { rows } = await sql<{ id: string }>`
      select l.virtualxid || '/' || l.pid as id from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'virtualxid' and l.granted and a.datname = current_database() and l.pid <> pg_backend_pid()`.execute(db)
    return new Set(rows.map((row) => row.id))
  }
  const older = await running()
  const end = performance.now() + PATIENCE_MS
  while (older.size > 0) {
    const now = await running()
    if (![...older].some((id) => now.has(id))) return true
    if (performance.now() > end) return false
    await pause(50, undefined, { signal })
  }
  return true
}
