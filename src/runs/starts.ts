import { sql } from "kysely"
import type { Store } from "../store/store.ts"
import { marginOf, type Rate } from "./limits.ts"
import { type Patience, rateLimited, type Waiter, wait } from "./waiter.ts"

/** Waiters that share one round trip. */
const BATCH = 100
/** How often a grant that came too late is exchanged for a later one; after that the call goes: a slow but steady way is no harm. */
const EXCHANGES = 3

/** When a call may start, and until when it may at the latest (`performance.now()`). */
interface Start {
  readonly at: number
  readonly latest: number
}

/** The starts of one connector's calls, in the order they were asked for; times are given by the store, ahead of time where need be. */
export class Starts {
  readonly #store: Store
  readonly #workspaceId: string
  readonly #connectorId: string
  readonly #queue: Waiter<Start>[] = []
  #rates: readonly Rate[] = []
  #asking = false

  constructor(store: Store, workspaceId: string, connectorId: string) {
    this.#store = store
    this.#workspaceId = workspaceId
    this.#connectorId = connectorId
  }

  get idle(): boolean {
    return !this.#asking && this.#queue.length === 0
  }

  /** Resolves when a call may start under these rates; `rate_limited` when that lies beyond the caller's patience. */
  async turn(rates: readonly Rate[], patience: Patience): Promise<void> {
    this.#rates = rates
    for (let attempt = 0; ; attempt++) {
      const start = await wait<Start>(patience, tooLate, (waiter) => {
        this.#queue.push(waiter)
        void this.#ask()
      })
      await until(start.at, patience.signal)
      if (performance.now() <= start.latest || attempt === EXCHANGES) return
    }
  }

  async #ask(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      // The callers of this turn of the loop come along.
      await Promise.resolve()
      for (let batch = this.#next(); batch.length > 0; batch = this.#next()) await this.#grant(batch)
    } finally {
      this.#asking = false
    }
  }

  #next(): Waiter<Start>[] {
    return this.#queue.splice(0, BATCH).filter((waiter) => !waiter.settled)
  }

  async #grant(batch: readonly Waiter<Start>[]): Promise<void> {
    try {
      const asked = performance.now()
      const budgets = batch.map(({ until }) => Math.max(0, until - asked))
      const grants = await this.#take(budgets)
      const told = performance.now()
      const shortest = Math.min(...this.#rates.map(({ perMs }) => perMs))
      for (const [index, waiter] of batch.entries()) {
        const grant = grants[index]
        if (grant === undefined) continue
        if (!grant.granted) waiter.refuse(rateLimited("The connector's rate is used up for now", grant.delay_ms))
        // Half of the margin is for us, half for the way to the far server.
        else waiter.give({ at: told + grant.delay_ms, latest: asked + grant.delay_ms + marginOf(shortest) / 2 })
      }
    } catch (error) {
      for (const waiter of batch) waiter.refuse(error)
    }
  }

  async #take(budgets: readonly number[]): Promise<readonly { granted: boolean; delay_ms: number }[]> {
    const requests = this.#rates.map((rate) => rate.requests)
    const windows = this.#rates.map(({ perMs }) => perMs + marginOf(perMs))
    const { rows } = await this.#store.inWorkspace(this.#workspaceId, (tx) =>
      sql<{
        granted: boolean
        delay_ms: number
      }>`select * from jackfield.limiter_take_starts(${this.#workspaceId}::uuid, ${this.#connectorId}::uuid, ${requests}::bigint[], ${windows}::float8[], ${budgets}::float8[])`.execute(
        tx,
      ),
    )
    return rows
  }
}

const tooLate = () => rateLimited("The connector's rate is used up for now", 1_000)

/** Timers may fire a little early; this does not. Ends early, and quietly, with the signal: whoever gave it looks at it next. */
async function until(at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - performance.now(); left > 0 && !signal.aborted; left = at - performance.now()) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const timer = setTimeout(wake, Math.ceil(left))
    signal.addEventListener("abort", wake, { once: true })
    await promise
    clearTimeout(timer)
    signal.removeEventListener("abort", wake)
  }
}
