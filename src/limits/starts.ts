import { setTimeout as pause } from "node:timers/promises"
import { sql } from "kysely"
import type { Store } from "../store/store.ts"
import type { StoreClock } from "./clock.ts"
import { marginOf, type Rate } from "./limits.ts"
import { type Patience, rateLimited, type Waiter, wait } from "./waiter.ts"

/** Waiters that share one round trip. */
const BATCH = 100
/** The time that the store has to answer. The start that it gives lies within the caller's patience. */
const ANSWER_MS = 10_000
/** How often a start that came too late is exchanged for a later one. After that the call goes: a way that is slow but steady does no harm. */
const EXCHANGES = 3

/** When a call may start, and until when it may at the latest (`performance.now()`). */
interface Start {
  readonly at: number
  readonly latest: number
  /** When the far server sees the call more than this many milliseconds late, the store is told. */
  readonly slack: number
  readonly granted: Granted
}

/** A row of the store's answer; the times are by the store's clock. */
interface Granted {
  readonly granted: boolean
  readonly delay_ms: number
  readonly at_ms: number
  readonly clock_ms: number
  /** The number of the start among the connector's, from 1. */
  readonly place: number
}

/** The rate limits of one connector. The store gives the starts in the order in which they were asked for, ahead of time where need be. */
export class Starts {
  readonly #store: Store
  readonly #workspaceId: string
  readonly #connectorId: string
  readonly #queue: Waiter<Start>[] = []
  readonly #clock: StoreClock
  #rates: readonly Rate[] = []
  #asking = false

  constructor(store: Store, workspaceId: string, connectorId: string, clock: StoreClock) {
    this.#clock = clock
    this.#store = store
    this.#workspaceId = workspaceId
    this.#connectorId = connectorId
  }

  get idle(): boolean {
    return !this.#asking && this.#queue.length === 0
  }

  /**
   * Resolves when a call may start under these rates; `rate_limited` when that lies beyond the caller's patience. The caller
   * calls the returned function when the request is on its way: a request that was held up counts from then.
   */
  async take(rates: readonly Rate[], patience: Patience): Promise<() => Promise<void>> {
    this.#rates = rates
    for (let attempt = 0; ; attempt++) {
      const start = await wait<Start>(patience, ANSWER_MS, tooLate, (waiter) => {
        this.#queue.push(waiter)
        void this.#ask()
      })
      await until(start.at, patience.signal)
      if (performance.now() <= start.latest || attempt === EXCHANGES) return () => this.#sent(start)
    }
  }

  async #sent({ granted: { at_ms, place }, slack }: Start): Promise<void> {
    const late = performance.now() - this.#clock.here(at_ms).earliest
    if (late <= slack) return
    await this.#store.inWorkspace(this.#workspaceId, (tx) =>
      sql`update jackfield.limiter_starts set at = greatest(at, to_timestamp(${(at_ms + late) / 1_000}::float8))
        where connector_id = ${this.#connectorId}::uuid and first <= ${place}
          and upto = (select min(upto) from jackfield.limiter_starts where connector_id = ${this.#connectorId}::uuid and upto >= ${place})`.execute(tx),
    )
  }

  async #ask(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      // The callers of this turn of the event loop share the round trip.
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
      const clock = grants[0]?.clock_ms
      if (clock !== undefined) this.#clock.observe(asked, told, clock)
      for (const [index, waiter] of batch.entries()) {
        const grant = grants[index]
        if (grant !== undefined) this.#answer(waiter, grant)
      }
    } catch (error) {
      for (const waiter of batch) waiter.refuse(error)
    }
  }

  #answer(waiter: Waiter<Start>, granted: Granted): void {
    if (!granted.granted) {
      waiter.refuse(rateLimited("The connector's rate is used up for now", granted.delay_ms))
      return
    }
    const margin = marginOf(Math.min(...this.#rates.map(({ perMs }) => perMs)))
    const { earliest, latest } = this.#clock.here(granted.at_ms)
    // Most of the margin is for this process, the rest for the way to the far server.
    waiter.give({ at: latest, latest: earliest + margin * 0.7, slack: margin / 2, granted })
  }

  async #take(budgets: readonly number[]): Promise<readonly Granted[]> {
    const requests = this.#rates.map((rate) => rate.requests)
    const windows = this.#rates.map(({ perMs }) => perMs + marginOf(perMs))
    const { rows } = await this.#store.inWorkspace(this.#workspaceId, (tx) =>
      sql<Granted>`select * from jackfield.limiter_take_starts(${this.#workspaceId}::uuid, ${this.#connectorId}::uuid, ${requests}::bigint[], ${windows}::float8[], ${budgets}::float8[])`.execute(
        tx,
      ),
    )
    return rows
  }
}

const tooLate = () => rateLimited("The connector's rate is used up for now", 1_000)

/** Waits until `at`, and not a little less as timers may. It ends early, without an error, when the signal fires; the caller looks at the signal next. */
async function until(at: number, signal: AbortSignal): Promise<void> {
  for (let left = at - performance.now(); left > 0 && !signal.aborted; left = at - performance.now())
    await pause(Math.ceil(left), undefined, { signal }).catch(() => undefined)
}
