import type { Turn } from "../core/call.ts"
import { type AcquireOptions, type Grant, Limiter } from "../limits/limiter.ts"
import { effectiveLimits, type Limits } from "../limits/limits.ts"
import type { Store } from "../store/store.ts"
import type { Opened } from "./connectors/connectors.ts"
import { planOf } from "./plans.ts"

/** Milliseconds that a use waits for its turn at most. */
export const TURN_WAIT_MS = 30_000

/** Leave for one use of a connector: a call, a query, a discovery. `again` asks for one more start within it: a page, a retry. */
export interface Leave extends Grant {
  again(options: AcquireOptions): ReturnType<Turn>
}

/**
 * The limits of connectors, held for whatever uses them: their own, and for those that take requests their workspace's
 * plan over it. A test counts for neither, since it must tell what is so now.
 */
export class Turns {
  readonly #store: Store
  readonly #limiter: Limiter

  constructor(store: Store) {
    this.#store = store
    this.#limiter = new Limiter(store)
  }

  /** Resolves when the connector may be used; `rate_limited` when that is later than `waitMs`. */
  async take(workspaceId: string, opened: Opened, options: AcquireOptions): Promise<Leave> {
    const limits = await this.#limitsOf(workspaceId, opened)
    const grant = await this.#limiter.acquire(workspaceId, opened.id, limits, options)
    return {
      ...grant,
      again: async (more) => {
        // The use has its slot; this is one more start.
        const next = await this.#limiter.acquire(workspaceId, opened.id, { ...limits, concurrency: undefined }, more)
        next.release()
      },
    }
  }

  async #limitsOf(workspaceId: string, { limits, connector }: Opened): Promise<Limits> {
    return effectiveLimits(limits, connector.request === undefined ? {} : { ...(await planOf(this.#store, workspaceId)) })
  }
}
