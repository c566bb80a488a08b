import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"
import { StoreClock } from "./clock.ts"
import type { Limits } from "./limits.ts"
import { type Slot, Slots } from "./slots.ts"
import { Starts } from "./starts.ts"

export interface TakeOptions {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
  /** The most milliseconds that the use waits. */
  readonly waitMs: number
}

/** Leave for one use of a connector, to be started at once: one start under its rate limits and one slot of its concurrency limit. */
export interface Grant {
  /** Aborts when the slot is lost while the use runs. */
  readonly signal: AbortSignal
  /** The request is on its way, or will be in a moment. When it was held up since the grant, the rate limit counts it from now. */
  sent(): void
  /** Takes one more start within the use, for a page or a retry; the slot is there already. */
  again(options: TakeOptions): Promise<void>
  /** The use has ended. Idempotent. */
  release(): void
}

interface Lane {
  readonly starts: Starts
  readonly slots: Slots
  users: number
}

const NEVER = new AbortController().signal
const FREE: Grant = { signal: NEVER, sent: () => undefined, again: async () => undefined, release: () => undefined }

/**
 * Holds each connector's rate limits and its concurrency limit over all processes and restarts. The grants stand in the store and
 * follow the store's clock. They are given in the order in which they were asked for; processes take turns by the second.
 */
export class ConnectorLimits {
  readonly #store: Store
  readonly #clock = new StoreClock()
  readonly #lanes = new Map<string, Lane>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves when a use may start; `rate_limited` with `retryAfterSeconds` when that is later than `waitMs`. Without limits no row is touched. */
  async take(workspaceId: string, connectorId: string, limits: Limits, options: TakeOptions): Promise<Grant> {
    const { rates, concurrency } = limits
    if (rates.length === 0 && concurrency === undefined) return FREE
    const lane = this.#lane(workspaceId, connectorId)
    const { signal, waitMs } = options
    const patience = { until: performance.now() + waitMs, signal }
    lane.users++
    let slot: Slot | undefined
    let sent: () => Promise<void> = async () => undefined
    const release = once(() => {
      lane.users--
      slot?.release()
    })
    try {
      // The slot comes first: a start that waited for a slot would come too late.
      slot = concurrency === undefined ? undefined : await lane.slots.take(concurrency, patience)
      if (rates.length > 0) sent = await lane.starts.take(rates, patience)
      if (signal.aborted) throw new PlatformError("cancelled", "The caller went away while the call waited for its turn.", { cause: signal.reason })
    } catch (error) {
      release()
      throw error
    }
    const again = async (more: TakeOptions): Promise<void> => {
      const next = await this.take(workspaceId, connectorId, { rates, concurrency: undefined }, more)
      next.release()
    }
    // The use is under way. When the store does not hear that it was late, nothing can be done about it.
    return { signal: slot?.signal ?? NEVER, sent: () => void sent().catch(() => undefined), again, release }
  }

  #lane(workspaceId: string, connectorId: string): Lane {
    const found = this.#lanes.get(connectorId)
    if (found !== undefined) return found
    for (const [id, { users, starts, slots }] of this.#lanes) if (users === 0 && starts.idle && slots.idle) this.#lanes.delete(id)
    const lane = { starts: new Starts(this.#store, workspaceId, connectorId, this.#clock), slots: new Slots(this.#store, workspaceId, connectorId), users: 0 }
    this.#lanes.set(connectorId, lane)
    return lane
  }
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    work()
  }
}
