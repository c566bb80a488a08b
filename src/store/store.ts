import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import type { Duplex } from "node:stream"
import { type Compilable, Kysely, sql } from "kysely"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import type { AppRole } from "./app-role.ts"
import { type Connection, isConnectionFailure, parseDatabaseUrl, unavailable } from "./connection.ts"
import type { Database, Tx } from "./database.ts"
import { type Embedded, startEmbedded } from "./embedded.ts"
import type { Log } from "./log.ts"
import { migrate } from "./migrate.ts"
import { beginIn, belongingTo, WorkspaceDialect } from "./workspace-driver.ts"

export interface StoreOptions {
  /** The folder of the embedded database; ignored with `databaseUrl`. */
  readonly dataDir: string
  readonly databaseUrl?: string | undefined
  readonly log: Log
  /** Connections of the pool; 10 by default. */
  readonly connections?: number
  /** Ends the opening, which then leaves no process behind; the error is its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called once the database is held and before it is migrated; an error ends the opening. */
  readonly beforeMigration?: () => void
}

/**
 * The address of the hub's database, for the egress policy. `addresses` are those of the host at the time of the
 * call.
 */
export interface StoreAddress {
  readonly host: string
  readonly port: number
  readonly addresses: readonly string[]
}

type Work<T> = (tx: Tx) => Promise<T>

/**
 * The hub's database. If it cannot be reached, calls fail with PlatformError `store_unavailable` until it answers
 * again. Errors of statements (`uniqueViolation`) are the driver's own.
 */
export interface Store {
  /**
   * One transaction that sees and writes only the rows of that workspace. Commits when `work` resolves, otherwise
   * rolls back.
   */
  inWorkspace<T>(workspaceId: string, work: Work<T>): Promise<T>
  /**
   * One statement in a transaction of its own that sees and writes only the rows of that workspace: one message to the
   * database and one back.
   */
  inOneMessage<R>(workspaceId: string, statement: (db: Kysely<Database>) => Compilable<R>): Promise<readonly R[]>
  /** One transaction of the hub itself, for hub-wide tables and the lookups; it sees no rows of any workspace. */
  asHub<T>(work: Work<T>): Promise<T>
  /** Resolves if the database answers. */
  ping(): Promise<void>
  address(): Promise<StoreAddress>
  /** True for the embedded database. */
  readonly embedded: boolean
  /** Names of the migrations that this start ran. */
  readonly migrated: readonly string[]
  /** Closes the pool, and stops the embedded server. */
  close(): Promise<void>
}

/** Opens the embedded database of `dataDir`, or `databaseUrl`; migrates it; logs in as the role that owns nothing. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const embedded = options.databaseUrl === undefined ? await startEmbedded(options.dataDir, options.log, options.signal) : undefined
  try {
    const owner = embedded ? embedded.connection() : parseDatabaseUrl(options.databaseUrl ?? "")
    options.beforeMigration?.()
    const { role, migrated } = await migrate(owner, options.signal)
    if (migrated.length > 0) options.log.info({ migrated }, "database migrated")
    const store = new PooledStore(owner, role, migrated, embedded, options)
    await store.ping()
    return store
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** int8 as a number: no count of the hub comes near 2^53. */
const TYPES = {
  getTypeParser: (oid: number, format?: "text" | "binary") => (oid === 20 && format !== "binary" ? Number : pg.types.getTypeParser(oid, format)),
} as pg.CustomTypesConfig

/** A setting of `pg` that its types lack. */
const PIPELINED = { pipeline: true }

class PooledStore implements Store {
  readonly migrated: readonly string[]
  readonly #pool: pg.Pool
  readonly #db: Kysely<Database>
  readonly #embedded: Embedded | undefined
  #closing = false

  constructor(owner: Connection, role: AppRole, migrated: readonly string[], embedded: Embedded | undefined, options: StoreOptions) {
    this.migrated = migrated
    this.#embedded = embedded
    this.#pool = new pg.Pool({
      ...owner,
      user: role.name,
      password: role.password,
      application_name: "jackfield",
      max: options.connections ?? 10,
      connectionTimeoutMillis: 5_000,
      // Above the role's statement_timeout of 25 s, so that it only ends queries whose server has vanished.
      query_timeout: 30_000,
      keepAlive: true,
      types: TYPES,
      // Statements that nobody waits for one by one go out together.
      ...PIPELINED,
    })
    this.#pool.on("error", (error) => {
      // Only the message: the error object carries the whole client.
      if (!this.#closing) options.log.warn({ reason: error.message }, "a connection to the database broke")
    })
    // The pool listens only to idle connections; one that is lost between two statements of a transaction would end
    // the process.
    this.#pool.on("connect", (client) => client.on("error", () => undefined))
    embedded?.onBack(({ port }) => {
      this.#pool.options.port = port
    })
    this.#db = new Kysely<Database>({ dialect: new WorkspaceDialect({ pool: this.#pool }) })
  }

  get embedded(): boolean {
    return this.#embedded !== undefined
  }

  inWorkspace<T>(workspaceId: string, work: Work<T>): Promise<T> {
    if (workspaceId === "") throw new PlatformError("internal", "A transaction was requested without a workspace.")
    return this.#transaction(workspaceId, work)
  }

  asHub<T>(work: Work<T>): Promise<T> {
    return this.#transaction("", work)
  }

  inOneMessage<R>(workspaceId: string, statement: (db: Kysely<Database>) => Compilable<R>): Promise<readonly R[]> {
    const begin = beginIn(workspaceId)
    const { sql: text, parameters } = statement(this.#db).compile()
    return this.#guarded(async () => {
      const client = await this.#pool.connect()
      const { stream } = (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection
      stream.cork()
      // A statement that fails spoils the transaction, which the commit then rolls back.
      const all = [client.query(begin), client.query({ text, values: [...parameters] }), client.query("commit")] as const
      stream.uncork()
      const failed = (await Promise.allSettled(all)).find((each) => each.status === "rejected")
      client.release(failed !== undefined && isConnectionFailure(failed.reason))
      if (failed !== undefined) throw failed.reason
      return (await all[1]).rows as R[]
    })
  }

  #transaction<T>(workspaceId: string, work: Work<T>): Promise<T> {
    return this.#guarded(() => belongingTo(workspaceId, () => this.#db.transaction().execute(work)))
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#embedded && !this.#embedded.held()) throw new PlatformError("store_unavailable", "The hub's database is being restarted; try again shortly.")
    try {
      return await work()
    } catch (error) {
      if (error instanceof PlatformError || !isConnectionFailure(error)) throw error
      this.#embedded?.refused(error)
      throw unavailable(error)
    }
  }

  async ping(): Promise<void> {
    await this.asHub((tx) => sql`select 1`.execute(tx))
  }

  async address(): Promise<StoreAddress> {
    const { host = "127.0.0.1", port = 5432 } = this.#pool.options
    const addresses = isIP(host) ? [host] : (await lookup(host, { all: true }).catch(() => [])).map((found) => found.address)
    return { host, port, addresses }
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#db.destroy()
    await this.#embedded?.stop()
  }
}

/** The name of the unique constraint that a statement violated; undefined for any other error. */
export function uniqueViolation(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code === "23505" ? (error.constraint ?? "") : undefined
}

/** Whether a statement failed because the row that its row refers to does not exist (any more). */
export const parentMissing = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === "23503"
