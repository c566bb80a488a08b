import { platform } from "node:os"
import pg from "pg"
import { PlatformError } from "../core/errors.ts"
import { isAlive, OWNER, stopServer } from "./cluster.ts"
import type { Connection } from "./connection.ts"
import { isConnectionFailure } from "./connection.ts"
import { takeHold } from "./hold.ts"
import { endWithThisProcess } from "./last-resort.ts"
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
  /**
   * Tells of a connection that the server refused. A server that another process asked to end (a service manager that
   * signals every process) refuses new connections until the last one has gone, so it is ended and started again, unless
   * the hub is ending too.
   */
  refused(error: unknown): void
  /** Shuts down in fast mode; waits until the process has ended. */
  stop(): Promise<void>
}

/**
 * Starts the embedded PostgreSQL of a data folder, or adopts the one that a killed hub left running, and holds it
 * against any second hub. While it is held, a server that dies is restarted, and it ends with this process.
 * PlatformError `in_use` if another hub holds it. A signal that fires ends the start, which leaves no process behind.
 */
export async function startEmbedded(dataDir: string, log: Log, signal?: AbortSignal): Promise<Embedded> {
  const place = await findPlace(dataDir, log, signal)
  const server = new EmbeddedServer(place, dataDir, log, signal)
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
  readonly #signal: AbortSignal | undefined
  #hold: pg.Client | undefined
  #disown = (): void => undefined
  #stopping = false
  #reviving: Promise<void> | undefined

  constructor(place: Place, dataDir: string, log: Log, signal: AbortSignal | undefined) {
    this.#signal = signal
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
        await this.#reachAndHold(this.#signal)
        return
      } catch (error) {
        if (round === 5 || !isConnectionFailure(error instanceof PlatformError ? error.cause : error)) throw error
      }
    }
  }

  async #reachAndHold(signal?: AbortSignal): Promise<void> {
    const found = await reachServer(this.#place, { port: this.#port || undefined, signal })
    this.#pid = found.pid
    this.#port = found.port
    this.#adopted = found.adopted
    const hold = await takeHold(this.connection(), this.#dataDir).catch((error: unknown) => {
      if (error instanceof PlatformError && error.code === "in_use") found.disown?.()
      throw error
    })
    this.#hold = hold
    this.#disown = endWithThisProcess(found.pid, "SIGINT")
    hold.once("end", () => this.#lost(hold))
    this.#log.info({ pid: found.pid, port: found.port }, found.adopted ? "embedded PostgreSQL was running and is adopted" : "embedded PostgreSQL started")
  }

  #lost(hold: pg.Client): void {
    if (this.#hold !== hold) return
    this.#hold = undefined
    if (this.#stopping) return
    // Another hub may have taken it, or the id may belong to another process by now.
    this.#disown()
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

  refused(error: unknown): void {
    const ends = error instanceof pg.DatabaseError && error.code === "57P03" && this.held() && !this.#signal?.aborted
    if (ends && platform() !== "win32") process.kill(this.#pid, "SIGINT")
  }

  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    await this.#reviving
    if (this.#pid === 0 || !isAlive(this.#pid)) return
    await stopServer(this.#place.binaries, this.#place.cluster, this.#pid, STOP_MS)
    this.#disown()
    this.#log.info({ pid: this.#pid }, "embedded PostgreSQL stopped")
  }
}
