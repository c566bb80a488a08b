import type pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { type Connection, connect, isConnectionFailure, unavailable } from "./connection.ts"

/** The two halves of the advisory lock that the hub of an embedded server holds. */
export const HOLD = [1784767339, 2] as const
const [FIRST, SECOND] = HOLD
/** PostgreSQL needs a moment to notice that the connection of a killed hub is gone. */
const PATIENCE_MS = 3_000

/**
 * Takes the data folder for this hub: a session-level advisory lock that lasts as long as the returned connection
 * (its "end" event reports the loss). PlatformError `in_use` with the other hub's process if the lock is not free
 * within 3 s.
 */
export async function takeHold(connection: Connection, dataDir: string): Promise<pg.Client> {
  const client = await connect(connection, `jackfield hub ${process.pid}`)
  try {
    const end = Date.now() + PATIENCE_MS
    while (!(await tryLock(client))) {
      if (Date.now() > end) throw new PlatformError("in_use", await whoHolds(client, dataDir))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return client
  } catch (error) {
    await client.end().catch(() => undefined)
    throw isConnectionFailure(error) ? unavailable(error) : error
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock($1::int, $2::int) as taken", [FIRST, SECOND])
  return rows[0]?.taken === true
}

async function whoHolds(client: pg.Client, dataDir: string): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.classid = $1::oid and l.objid = $2::oid and l.granted`,
    [FIRST, SECOND],
  )
  const pid = /^jackfield hub (\d+)$/.exec(rows[0]?.name ?? "")?.[1]
  const other = pid === undefined ? "Another hub" : `Another hub (process ${pid})`
  return `${other} is using the data folder ${dataDir}; stop it first, or give this one a folder of its own with JACKFIELD_DATA.`
}
