import { Kysely, PostgresDialect } from "kysely"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { OWNER, readPostmaster } from "./cluster.ts"
import { type Connection, connect, parseDatabaseUrl } from "./connection.ts"
import type { Database } from "./database.ts"
import { startEmbedded } from "./embedded.ts"
import { HOLD } from "./hold.ts"
import type { Log } from "./log.ts"
import { findPlace, hasPlace, type Place } from "./place.ts"

export interface OwnerOptions {
  readonly dataDir: string
  readonly databaseUrl?: string | undefined
  readonly log: Log
  /**
   * Creates the embedded database if it does not exist; without it, a missing database is PlatformError `not_found`.
   */
  readonly make?: boolean
  /** Ends the start of an embedded server; the error is its reason. */
  readonly signal?: AbortSignal
}

/** The hub's database for its operator: opened as its owner, next to running hubs and without disturbing them. */
export interface Owner {
  readonly connection: Connection
  readonly db: Kysely<Database>
  /** True if the database is the embedded one and this process started it, so no hub is running on it. */
  readonly alone: boolean
  /** The current number of hubs, or of their connections; a killed hub counts for two more minutes. */
  hubs(): Promise<number>
  /** Closes the connections, and stops the embedded server if this process started it. */
  close(): Promise<void>
}

/**
 * Opens the hub's database as its owner: `databaseUrl`, the embedded server that a running hub holds, or that server,
 * started temporarily.
 */
export async function openOwner(options: OwnerOptions): Promise<Owner> {
  if (options.databaseUrl !== undefined) return await ownerOf(parseDatabaseUrl(options.databaseUrl), false, async () => undefined)
  if (options.make !== true && !(await hasPlace(options.dataDir))) {
    const message = `The folder ${options.dataDir} contains no hub database; set JACKFIELD_DATA to the hub's data folder, or DATABASE_URL to its PostgreSQL.`
    throw new PlatformError("not_found", message)
  }
  const beside = await runningServer(await findPlace(options.dataDir, options.log))
  if (beside) return await ownerOf(beside, false, async () => undefined)
  const embedded = await startEmbedded(options.dataDir, options.log, options.signal)
  return await ownerOf(embedded.connection(), true, () => embedded.stop())
}

/** The embedded server's address if a hub holds it; a server that a killed hub left running is adopted instead. */
async function runningServer(place: Place): Promise<Connection | undefined> {
  const named = await readPostmaster(place.cluster)
  if (named === undefined) return undefined
  const connection: Connection = { host: "127.0.0.1", port: named.port, user: OWNER, password: place.password, database: "postgres", ssl: false }
  const client = await connect(connection, "jackfield operator").catch(() => undefined)
  if (client === undefined) return undefined
  try {
    const { rows } = await client.query<{ held: boolean }>(
      `select (select system_identifier::text = $1 from pg_control_system())
         and exists (select from pg_locks where locktype = 'advisory' and classid = $2::oid and objid = $3::oid and granted) as held`,
      [place.systemIdentifier, HOLD[0], HOLD[1]],
    )
    return rows[0]?.held === true ? connection : undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function ownerOf(connection: Connection, alone: boolean, stop: () => Promise<void>): Promise<Owner> {
  const pool = new pg.Pool({ ...connection, max: 4, application_name: "jackfield operator", connectionTimeoutMillis: 5_000, keepAlive: true })
  pool.on("error", () => undefined)
  pool.on("connect", (client) => client.on("error", () => undefined))
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }).withSchema("jackfield")
  const owner: Owner = {
    connection,
    db,
    alone,
    hubs: async () => {
      if (alone) return 0
      const there = await pool.query<{ there: boolean }>("select to_regclass('jackfield.settings') is not null as there")
      // An idle hub has no connection, but it announces its address every half minute and removes it when it ends.
      const announced = "select from jackfield.settings where key like 'node/%' and (value->>'at')::float8 > extract(epoch from now()) * 1000 - 120000"
      const { rows } = await pool.query<{ count: number }>(
        `select greatest((select count(*) from pg_stat_activity where datname = current_database() and application_name = 'jackfield'),
           ${there.rows[0]?.there === true ? `(select count(*) from (${announced}) n)` : "0"})::int as count`,
      )
      return rows[0]?.count ?? 0
    },
    close: async () => {
      await db.destroy()
      await stop()
    },
  }
  try {
    // Tests the connection at once, so that a wrong URL is reported as such and not by the first statement.
    await (await connect(connection, "jackfield operator")).end()
    return owner
  } catch (error) {
    await owner.close()
    throw error
  }
}
