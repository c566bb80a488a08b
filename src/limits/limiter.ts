import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"
import { StoreClock } from "./clock.ts"
import type { Limits } from "./limits.ts"
import { type Slot, Slots } from "./slots.ts"
import { Starts } from "./starts.ts"

export interface AcquireOptions {
  /** The caller gone. */
  readonly signal: AbortSignal
  /** Milliseconds that the call waits for its turn at most. */
  readonly waitMs: number
}

/** Leave for one call, to be started at once. `signal` aborts when the leave is lost while the call runs. */
export interface Grant {
  readonly signal: AbortSignal
  /** The request is on its way, or a little before: if it was held up since the grant, the rate counts it from now. */
  sent(): void
  /** The call has ended. Idempotent. */
  release(): void
}

interface Lane {
  readonly starts: Starts
  readonly slots: Slots
  users: number
}

const NEVER = new AbortController().signal
const FREE: Grant = { signal: NEVER, sent: () => undefined, release: () => undefined }

/**
 * Holds each connector's rate and concurrency over all processes and restarts: what was granted stands in the store, by the
 * store's clock. Turns come in the order they were asked for, processes taking turns by the second.
 */
export class Limiter {
  readonly #store: Store
  readonly #clock = new StoreClock()
  readonly #lanes = new Map<string, Lane>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Resolves when a call may start; `rate_limited` with `retryAfterSeconds` when that is later than `waitMs`. No limits touch no row. */
  async acquire(workspaceId: string, connectorId: string, { rates, concurrency }: Limits, { signal, waitMs }: AcquireOptions): Promise<Grant> {
    if (rates.length === 0 && concurrency === undefined) return FREE
    const lane = this.#lane(workspaceId, connectorId)
    const patience = { until: performance.now() + waitMs, signal }
    lane.users++
    let slot: Slot | undefined
    let sent: () => Promise<void> = async () => undefined
    const release = once(() => {
      lane.users--
      slot?.release()
    })
    try {
      // The slot first: a start that waited for a slot would come too late.
      slot = concurrency === undefined ? undefined : await lane.slots.take(concurrency, patience)
      if (rates.length > 0) sent = await lane.starts.turn(rates, patience)
      if (signal.aborted) throw new PlatformError("cancelled", "The caller went away while the call waited for its turn.", { cause: signal.reason })
    } catch (error) {
      release()
      throw error
    }
    // The call is under way: if the store does not hear that it was late, nothing is left to do about it.
    return { signal: slot?.signal ?? NEVER, sent: () => void sent().catch(() => undefined), release }
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
