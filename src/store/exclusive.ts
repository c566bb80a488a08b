import type pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { type Connection, connect } from "./connection.ts"

/**
 * Operations of which only one may run at a time. The numbers are the second halves of advisory locks ("jack" is the
 * first); 1 belongs to migrations and 2 to running hubs.
 */
const LOCKS = { migration: 1, rotation: 3 } as const

/**
 * Runs `work` unless the same operation is already running on this database, which is PlatformError `in_use`. A
 * connection holds the lock, so it ends with the process.
 */
export async function exclusively<T>(connection: Connection, what: keyof typeof LOCKS, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(connection, "jackfield operator")
  try {
    const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock(1784767339, $1::int) as taken", [LOCKS[what]])
    if (rows[0]?.taken !== true) throw new PlatformError("in_use", `A ${what} of this database is already running; wait for it to finish, or stop it.`)
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
