import type pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { isAlive, OWNER, stopServer } from "./cluster.ts"
import type { Connection } from "./connection.ts"
import { isConnectionFailure } from "./connection.ts"
import { takeHold } from "./hold.ts"
import type { Log } from "./log.ts"
import { findPlace, type Place, removeLeftovers } from "./place.ts"
import { reachServer } from "./reach.ts"

/** The time limit of a clean stop; a longer one is reported as a failure. */
const STOP_MS = 30_000

/** A PostgreSQL under the data folder, used by this hub only. */
export interface Embedded {
  readonly systemIdentifier: string
  /** True if the server was still running after its hub was killed. */
  readonly adopted: boolean
  readonly pid: number
  /** The superuser's current connection; the port changes if the server had to be restarted on another one. */
  connection(): Connection
  /** False while the server is down or another hub has taken it; nothing may be written then. */
  held(): boolean
  /** Called whenever the server was found or started again. */
  onBack(listener: (connection: Connection) => void): void
  /** Shuts down in fast mode; waits until the process has ended. */
  stop(): Promise<void>
}

/**
 * Starts the embedded PostgreSQL of a data folder, or adopts the one that a killed hub left running, and holds it
 * against any second hub. While it is held, a server that dies is restarted. PlatformError `in_use` if another hub
 * holds it.
 */
export async function startEmbedded(dataDir: string, log: Log): Promise<Embedded> {
  const place = await findPlace(dataDir, log)
  const server = new EmbeddedServer(place, dataDir, log)
  await server.start()
  await removeLeftovers(place)
  return server
}

class EmbeddedServer implements Embedded {
  readonly #place: Place
  readonly #dataDir: string
  readonly #log: Log
  readonly #listeners: ((connection: Connection) => void)[] = []
  #pid = 0
  #port = 0
  #adopted = false
  #hold: pg.Client | undefined
  #stopping = false
  #reviving: Promise<void> | undefined

  constructor(place: Place, dataDir: string, log: Log) {
    this.#place = place
    this.#dataDir = dataDir
    this.#log = log
  }

  get systemIdentifier(): string {
    return this.#place.systemIdentifier
  }

  get adopted(): boolean {
    return this.#adopted
  }

  get pid(): number {
    return this.#pid
  }

  connection(): Connection {
    return { host: "127.0.0.1", port: this.#port, user: OWNER, password: this.#place.password, database: "postgres", ssl: false }
  }

  held(): boolean {
    return this.#hold !== undefined && !this.#stopping
  }

  onBack(listener: (connection: Connection) => void): void {
    this.#listeners.push(listener)
  }

  /** Retries a few times, because a server that another hub is stopping may be adopted and then vanish. */
  async start(): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        await this.#reachAndHold()
        return
      } catch (error) {
        if (round === 5 || !isConnectionFailure(error instanceof PlatformError ? error.cause : error)) throw error
      }
    }
  }

  async #reachAndHold(): Promise<void> {
    const found = await reachServer(this.#place, this.#port || undefined)
    this.#pid = found.pid
    this.#port = found.port
    this.#adopted = found.adopted
    const hold = await takeHold(this.connection(), this.#dataDir)
    this.#hold = hold
    hold.once("end", () => this.#lost(hold))
    this.#log.info({ pid: found.pid, port: found.port }, found.adopted ? "embedded PostgreSQL was running and is adopted" : "embedded PostgreSQL started")
  }

  #lost(hold: pg.Client): void {
    if (this.#hold !== hold) return
    this.#hold = undefined
    if (this.#stopping) return
    this.#log.warn({ pid: this.#pid }, "embedded PostgreSQL is gone; starting it again")
    this.#reviving = this.#revive().finally(() => {
      this.#reviving = undefined
    })
  }

  async #revive(): Promise<void> {
    for (let waitMs = 100; !this.#stopping; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        await this.#reachAndHold()
        for (const listener of this.#listeners) listener(this.connection())
        return
      } catch (error) {
        this.#log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "embedded PostgreSQL is not back yet")
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    await this.#reviving
    if (this.#pid === 0 || !isAlive(this.#pid)) return
    await stopServer(this.#place.binaries, this.#place.cluster, this.#pid, STOP_MS)
    this.#log.info({ pid: this.#pid }, "embedded PostgreSQL stopped")
  }
}
