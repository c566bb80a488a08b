import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"

/** A rate limit (starts in any 60 seconds) and a concurrency limit of one workspace; the workspace's plan may set others. */
export interface WorkspaceLimit {
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
  /** Until then (`performance.now()`) every start is refused without asking the store. */
  closedUntil: number
  /** The lane is closed because too many are open; the next one that ends opens it. */
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

/** How often a node tells the store again how many it has open; the store forgets a node after ten seconds. */
const RENEW_MS = 3_000
/** How soon a node tells the store that something ended. */
const TELL_MS = 100
/** How long a full lane is believed to be full, since another node's end is not told to this one. */
const FULL_MS = 250

/**
 * The rate limit and the concurrency limit of each workspace for one kind of work, over all nodes. A refusal is cheap: while a lane
 * is closed the store is not asked, and the starts of one moment are asked for together, on one connection.
 */
export class WorkspaceLimits {
  readonly #store: Store
  readonly #kind: string
  readonly #limit: WorkspaceLimit
  readonly #refused: () => void
  readonly #node = randomUUID()
  readonly #lanes = new Map<string, Lane>()

  /** `kind` is a plural noun, such as `tests`. `refused` is called for every refusal, for the metrics. */
  constructor(store: Store, kind: string, limit: WorkspaceLimit, refused: () => void) {
    this.#store = store
    this.#kind = kind
    this.#limit = limit
    this.#refused = refused
  }

  /** Throws `rate_limited` when it is known without asking the store that a start would be refused. */
  assertOpen(workspaceId: string): void {
    const lane = this.#lanes.get(workspaceId)
    if (lane === undefined) return
    const waitMs = lane.closedUntil - performance.now()
    if (waitMs > 0) throw this.#refusal(waitMs)
    if (lane.open + lane.waiting.length >= lane.room) throw this.#refusal(1_000)
  }

  /** Takes a start and a slot. Resolves with the function that releases the slot (idempotent); `rate_limited` with `retryAfterSeconds`. */
  async take(workspaceId: string): Promise<() => void> {
    this.assertOpen(workspaceId)
    const lane = this.#lane(workspaceId)
    await new Promise<void>((give, refuse) => {
      lane.waiting.push({ give, refuse })
      void this.#exchange(lane)
    })
    let released = false
    return () => {
      if (released) return
      released = true
      this.#release(lane)
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

  #release(lane: Lane): void {
    lane.open--
    if (lane.full) {
      lane.closedUntil = 0
      lane.full = false
    }
    this.#later(lane, TELL_MS)
  }

  /** One exchange with the store at a time; starts that are asked for meanwhile are part of the next. */
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
    const { perMinute, concurrency } = this.#limit
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
    this.#refused()
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
    const message = `The workspace has started the most ${this.#kind} that it may for now; try again in ${retryAfterSeconds} seconds.`
    return new PlatformError("rate_limited", message, { details: { retryAfterSeconds } })
  }
}
