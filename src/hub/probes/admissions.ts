import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Store } from "../../store/store.ts"
import type { Counters } from "../base/counters.ts"

/** What a workspace may start in any 60 seconds, and have open at once, over all nodes; the workspace's plan goes before it. */
export interface Quota {
  readonly perMinute: number
  readonly concurrency: number
}

interface Waiter {
  readonly give: () => void
  readonly refuse: (error: unknown) => void
}

interface Lane {
  readonly workspaceId: string
  open: number
  room: number
  readonly waiting: Waiter[]
  /** Until then (`performance.now()`) nothing is let in, and the store is not asked. */
  closedUntil: number
  /** Because too many are open: one that ends opens the lane. */
  full: boolean
  exchanging: boolean
  told: number
  timer: NodeJS.Timeout | undefined
}

interface Answer {
  readonly granted: number
  readonly retry_ms: number
  readonly room: number
}

/** How often a node says again what it has open; the store forgets it after ten seconds. */
const RENEW_MS = 3_000
/** How soon a node tells that something ended. */
const TELL_MS = 100
/** How long a full lane is believed to be full: another node's end is not told to this one. */
const FULL_MS = 250

/**
 * Lets starts of one kind through, counted in the store for all nodes. A refusal is cheap: while a lane is closed nothing is
 * asked of the store, and the starts of one moment are asked for together, on one connection.
 */
export class Admissions {
  readonly #store: Store
  readonly #counters: Counters
  readonly #kind: string
  readonly #quota: Quota
  readonly #node = randomUUID()
  readonly #lanes = new Map<string, Lane>()

  constructor(store: Store, counters: Counters, kind: string, quota: Quota) {
    this.#store = store
    this.#counters = counters
    this.#kind = kind
    this.#quota = quota
  }

  /** Throws `rate_limited` when it is known without asking that nothing would be let in. */
  assertOpen(workspaceId: string): void {
    const lane = this.#lanes.get(workspaceId)
    if (lane === undefined) return
    const waitMs = lane.closedUntil - performance.now()
    if (waitMs > 0) throw this.#refusal(waitMs)
    if (lane.open + lane.waiting.length >= lane.room) throw this.#refusal(1_000)
  }

  /** Resolves with what to call at the end (idempotent), or `rate_limited` with `retryAfterSeconds`. */
  async enter(workspaceId: string): Promise<() => void> {
    this.assertOpen(workspaceId)
    const lane = this.#lane(workspaceId)
    await new Promise<void>((give, refuse) => {
      lane.waiting.push({ give, refuse })
      void this.#exchange(lane)
    })
    let left = false
    return () => {
      if (left) return
      left = true
      this.#leave(lane)
    }
  }

  #lane(workspaceId: string): Lane {
    const found = this.#lanes.get(workspaceId)
    if (found !== undefined) return found
    const room = Number.POSITIVE_INFINITY
    const lane: Lane = { workspaceId, open: 0, room, waiting: [], closedUntil: 0, full: false, exchanging: false, told: 0, timer: undefined }
    this.#lanes.set(workspaceId, lane)
    return lane
  }

  #leave(lane: Lane): void {
    lane.open--
    if (lane.full) {
      lane.closedUntil = 0
      lane.full = false
    }
    this.#later(lane, TELL_MS)
  }

  /** One exchange at a time; whoever comes meanwhile is part of the next. */
  async #exchange(lane: Lane): Promise<void> {
    if (lane.exchanging) return
    lane.exchanging = true
    clearTimeout(lane.timer)
    try {
      await Promise.resolve()
      do await this.#once(lane)
      while (lane.waiting.length > 0)
    } finally {
      lane.exchanging = false
      this.#settle(lane)
    }
  }

  async #once(lane: Lane): Promise<void> {
    const asked = lane.waiting.splice(0)
    const told = lane.open
    let answer: Answer
    try {
      answer = await this.#ask(lane, told, asked.length)
    } catch (error) {
      for (const waiter of asked) waiter.refuse(error)
      return
    }
    lane.told = told + answer.granted
    lane.room = answer.room
    lane.open += answer.granted
    for (const waiter of asked.slice(0, answer.granted)) waiter.give()
    if (answer.granted === asked.length) return
    lane.full = told + answer.granted >= answer.room
    lane.closedUntil = performance.now() + (lane.full ? FULL_MS : answer.retry_ms)
    for (const waiter of asked.slice(answer.granted)) waiter.refuse(this.#refusal(answer.retry_ms))
  }

  async #ask({ workspaceId }: Lane, open: number, wanted: number): Promise<Answer> {
    const { perMinute, concurrency } = this.#quota
    const { rows } = await this.#store.inWorkspace(workspaceId, (tx) =>
      sql<Answer>`select * from jackfield.admit(${workspaceId}::uuid, ${this.#kind}, ${this.#node}::uuid, ${open}::int, ${wanted}::int,
        ${perMinute}::int, ${concurrency}::int)`.execute(tx),
    )
    return rows[0] ?? { granted: 0, retry_ms: 1_000, room: 0 }
  }

  #settle(lane: Lane): void {
    if (lane.open !== lane.told) this.#later(lane, TELL_MS)
    else if (lane.open > 0) this.#later(lane, RENEW_MS)
    else if (lane.closedUntil <= performance.now()) this.#lanes.delete(lane.workspaceId)
    else this.#later(lane, lane.closedUntil - performance.now() + 1)
  }

  #later(lane: Lane, ms: number): void {
    if (lane.exchanging) return
    clearTimeout(lane.timer)
    lane.timer = setTimeout(() => {
      if (lane.open > 0 || lane.told > 0) void this.#exchange(lane)
      else this.#settle(lane)
    }, ms).unref()
  }

  #refusal(waitMs: number): PlatformError {
    this.#counters.refused.inc({ kind: this.#kind })
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
    const message = `The workspace has started as many ${this.#kind} as it may for now; try again in ${retryAfterSeconds} seconds.`
    return new PlatformError("rate_limited", message, { details: { retryAfterSeconds } })
  }
}
