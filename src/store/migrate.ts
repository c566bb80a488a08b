import { Kysely, PostgresDialect } from "kysely"
import { Migrator } from "kysely/migration"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { type AppRole, ensureAppRole } from "./app-role.ts"
import { type Connection, connect, isConnectionFailure, unavailable } from "./connection.ts"
import { migrations } from "./migrations/index.ts"
import { appliedMigrations, refuseNewer } from "./schema-version.ts"

/** The two halves of the advisory lock under which one hub at a time migrates ("jack" and a number of ours). */
const LOCK = "1784767339, 1"
const OLDEST = 150_000

/** The result of a start: the hub's own login, and the migrations that this start ran. */
export interface Migrated {
  readonly role: AppRole
  readonly migrated: readonly string[]
}

/**
 * Brings a database up to date as its owner: schema, migrations, the hub's login. Any number of hubs may do so at
 * once; one works, the others wait up to two minutes, or until `signal` fires. PlatformError if the server is older than
 * 15 or rejects the work.
 */
export async function migrate(owner: Connection, signal?: AbortSignal): Promise<Migrated> {
  const client = await connect(owner, "jackfield migration")
  try {
    await refuseOldServer(client)
    await takeLock(client, signal)
    await createSchema(client, owner)
    // kysely would reject it too, but with a less helpful message.
    refuseNewer(await appliedMigrations(async (statement) => (await client.query(statement)).rows), "The hub's database")
    const migrated = await runMigrations(owner)
    return { role: await ensureAppRole(client), migrated }
  } catch (error) {
    if (error instanceof PlatformError || error === signal?.reason) throw error
    if (isConnectionFailure(error)) throw unavailable(error)
    throw new PlatformError("internal", "The hub's database could not be migrated; the log has the cause.", { cause: error })
  } finally {
    // Also releases the lock, which belongs to the session.
    await client.end().catch(() => undefined)
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  )
  const version = rows[0]
  if (version && version.number >= OLDEST) return
  throw new PlatformError("store_unavailable", `DATABASE_URL points to PostgreSQL ${version?.text}; the hub needs 15 or newer.`)
}

/**
 * Polls instead of waiting in the server, so that no lock_timeout or statement_timeout of the owner ends the wait.
 */
async function takeLock(client: pg.Client, signal?: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    signal?.throwIfAborted()
    const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${LOCK}) as taken`)
    if (rows[0]?.taken) {
      await client.query("set lock_timeout = '30s'")
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new PlatformError("store_unavailable", "Another hub has been migrating the database for two minutes; wait for it or stop it, then start again.")
}

async function createSchema(client: pg.Client, owner: Connection): Promise<void> {
  const { rowCount } = await client.query("select from pg_namespace where nspname = 'jackfield'")
  if (rowCount) return
  try {
    await client.query("create schema jackfield")
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.code !== "42501") throw cause
    const statement = `grant create on database ${pg.escapeIdentifier(owner.database)} to ${pg.escapeIdentifier(owner.user)};`
    throw new PlatformError(
      "store_unavailable",
      `The user of DATABASE_URL may not create the schema "jackfield"; have an administrator run this once:\n${statement}`,
      {
        cause,
      },
    )
  }
}

async function runMigrations(owner: Connection): Promise<string[]> {
  const pool = new pg.Pool({ ...owner, max: 1, application_name: "jackfield migration", connectionTimeoutMillis: 5_000 })
  pool.on("error", () => undefined)
  pool.on("connect", (client) => client.on("error", () => undefined))
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) }, migrationTableSchema: "jackfield" })
    const { error, results } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
    return (results ?? []).filter((result) => result.status === "Success").map((result) => result.migrationName)
  } finally {
    await db.destroy()
  }
}
