import type pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { type Connection, connect } from "./connection.ts"

/** What an operator does one at a time; the numbers are the second halves of advisory locks ("jack" is the first). 1 and 2 are a migration's and a hub's. */
const LOCKS = { migration: 1, rotation: 3 } as const

/** Runs `work` while nobody else does the same on this database; PlatformError `in_use` when somebody does. Held by a connection, so it ends with the process. */
export async function exclusively<T>(connection: Connection, what: keyof typeof LOCKS, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(connection, "jackfield operator")
  try {
    const { rows } = await client.query<{ taken: boolean }>("select pg_try_advisory_lock(1784767339, $1::int) as taken", [LOCKS[what]])
    if (rows[0]?.taken !== true) throw new PlatformError("in_use", `A ${what} of this database is under way already; wait for it, or end it.`)
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
