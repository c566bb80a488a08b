import { untilAborted } from "../../core/abort.ts"
import type { AnyConnector } from "../../core/connector.ts"
import type { Session } from "../../core/session.ts"
import type { OpenLease } from "../../net/door.ts"

/** A session, and the lease that it stands on. */
export interface Connection {
  readonly lease: OpenLease
  readonly session: Session
}

/** Uses share connections when they have the connector, its version and the operator's rights in common: an operator's lease tells more in its errors. */
export interface Owner {
  readonly id: string
  readonly version: number
  /** When the connector was read (`performance.now()`). */
  readonly readAt: number
  readonly operator: boolean
}

/** A connector in the version in which a connection is open to it, with its secrets in memory. */
export interface Known extends Owner {
  readonly connector: AnyConnector
  readonly config: Readonly<Record<string, unknown>>
  readonly secret: boolean
}

interface Idle extends Connection, Known {
  /** Whether the session is as good as new. */
  readonly clean: Promise<boolean>
  readonly timer: NodeJS.Timeout
}

export interface WarmOptions {
  readonly idleMs?: number
  readonly mostPerConnector?: number
  readonly mostPerNode?: number
}

/** The time that a reset may take; one that takes longer costs more than a new connection. */
const RESET_MS = 2_000
const JUDGED_EVERY_MS = 1_000
const DROPS_SWEPT_AT = 1_000
/** Longer than any use. */
const DROPS_KEPT_MS = 86_400_000

/**
 * Keeps connections open between the uses of a connector. A connection is reset after its use and closed when it cannot be, when it is
 * idle for too long, when its connector changed, or when the rules deny its destination.
 */
export class WarmSessions {
  readonly #options: Required<WarmOptions>
  readonly #idle: Idle[] = []
  readonly #lent = new Set<OpenLease>()
  /** When connections of a connector were dropped (`performance.now()`): a use that read the connector before gives nothing back. */
  readonly #dropped = new Map<string, number>()
  #judging: NodeJS.Timeout | undefined
  #closed = false

  constructor({ idleMs = 60_000, mostPerConnector = 4, mostPerNode = 64 }: WarmOptions = {}) {
    this.#options = { idleMs, mostPerConnector, mostPerNode }
  }

  /** Idle connections at this node. */
  get size(): number {
    return this.#idle.length
  }

  /** An idle connection, allowed by the rules of now; undefined when there is none. Connections of the connector's other versions are closed. */
  async take(owner: Owner): Promise<Connection | undefined> {
    for (const other of this.#idle.filter(({ id, version }) => id === owner.id && version !== owner.version)) this.#discard(other)
    for (;;) {
      const found = this.#idle.findLast(({ id, operator }) => id === owner.id && operator === owner.operator)
      if (found === undefined) return undefined
      this.#forget(found)
      if ((await found.clean) && found.lease.connected > 0 && (await found.lease.rejudge())) return found
      await close(found)
    }
  }

  /** The connector in that version as an idle connection knows it, so that its secrets need not be opened again. */
  known(id: string, version: number): Known | undefined {
    return this.#idle.find((idle) => idle.id === id && idle.version === version)
  }

  /** Watches a lease that is in use, so that a rule that denies its destination ends it. The returned function ends the watch. */
  watch(lease: OpenLease): () => void {
    this.#lent.add(lease)
    this.#judging ??= setInterval(() => void this.judge(), JUDGED_EVERY_MS).unref()
    return () => {
      this.#lent.delete(lease)
      this.#restWhenEmpty()
    }
  }

  /** Takes a connection after its use: keeps it when it can be reset, else closes it. The caller does not wait. */
  give({ id, version, readAt, operator, connector, config, secret }: Known, { lease, session }: Connection): void {
    const outdated = (this.#dropped.get(id) ?? Number.NEGATIVE_INFINITY) >= readAt
    if (this.#closed || outdated || !session.resets || lease.signal.aborted || lease.connected === 0) {
      void close({ lease, session })
      return
    }
    const timer = setTimeout(() => this.#discard(idle), this.#options.idleMs).unref()
    const clean = reset({ lease, session })
    const idle: Idle = { id, version, readAt, operator, connector, config, secret, lease, session, clean, timer }
    this.#idle.push(idle)
    this.#judging ??= setInterval(() => void this.judge(), JUDGED_EVERY_MS).unref()
    void idle.clean.then((clean) => (clean ? undefined : this.#discard(idle)))
    const own = this.#idle.filter((each) => each.id === id)
    if (own.length > this.#options.mostPerConnector) this.#discard(own[0])
    if (this.#idle.length > this.#options.mostPerNode) this.#discard(this.#idle[0])
  }

  /** Closes the idle connections of a connector that changed or was stopped; those in use are closed when they are given back. */
  drop(connectorId: string): void {
    if (this.#dropped.size >= DROPS_SWEPT_AT) for (const [id, at] of this.#dropped) if (at < performance.now() - DROPS_KEPT_MS) this.#dropped.delete(id)
    this.#dropped.set(connectorId, performance.now())
    for (const idle of this.#idle.filter(({ id }) => id === connectorId)) this.#discard(idle)
  }

  /** Judges every connection by the rules of now, and closes those that are denied. */
  async judge(): Promise<void> {
    for (const idle of [...this.#idle]) if (idle.lease.connected === 0 || !(await stands(idle.lease))) this.#discard(idle)
    for (const lease of [...this.#lent]) await stands(lease)
  }

  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#idle]
    for (const idle of all) this.#forget(idle)
    clearInterval(this.#judging)
    await Promise.all(all.map(close))
  }

  #discard(idle: Idle | undefined): void {
    if (idle === undefined || !this.#idle.includes(idle)) return
    this.#forget(idle)
    void close(idle)
  }

  #forget(idle: Idle): void {
    clearTimeout(idle.timer)
    this.#idle.splice(this.#idle.indexOf(idle), 1)
    this.#restWhenEmpty()
  }

  #restWhenEmpty(): void {
    if (this.#idle.length > 0 || this.#lent.size > 0) return
    clearInterval(this.#judging)
    this.#judging = undefined
  }
}

/** While the rules cannot be read, a connection stays as it was judged last. */
const stands = async (lease: OpenLease): Promise<boolean> => await lease.rejudge().catch(() => !lease.signal.aborted)

async function reset({ lease, session }: Connection): Promise<boolean> {
  const lift = lease.terms({ deadlineMs: RESET_MS })
  try {
    await untilAborted(lease.signal, session.reset())
    return !lease.signal.aborted
  } catch {
    // A session that cannot be made clean is closed; its next use dials anew and tells what is wrong.
    return false
  } finally {
    lift()
  }
}

async function close({ lease, session }: Connection): Promise<void> {
  const lift = lease.terms({ deadlineMs: RESET_MS })
  await session.close()
  lift()
  await lease.close()
}
