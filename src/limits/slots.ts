import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"
import { type Patience, rateLimited, type Waiter, wait } from "./waiter.ts"

/** A held slot expires in the store after this long. It is renewed well before, so that only the slots of killed processes expire. */
export const HELD_MS = 4_000
const RENEW_MS = 1_000
/** The same for slots that are asked for. */
const ASKED_MS = 1_000
/** How often a process with waiting calls asks for a slot again. */
const POLL_MS = 40
/** The time that the store has to say whether a slot is free. */
const ANSWER_MS = 250
/** How long this process may pass a slot from call to call before it offers it to the other processes. */
const QUANTUM_MS = 1_000

/** A slot that an open call holds. `signal` aborts when the slot was lost, since another call may have it then. */
export interface Slot {
  readonly signal: AbortSignal
  release(): void
}

interface Held {
  readonly since: number
  renewed: number
  readonly lost: AbortController
}

/** The concurrency limit of one connector. Slots are rows of the store; calls of this process pass them on without asking the store. */
export class Slots {
  readonly #store: Store
  readonly #workspaceId: string
  readonly #connectorId: string
  readonly #queue: Waiter<Slot>[] = []
  readonly #held = new Map<string, Held>()
  readonly #asked = new Set<string>()
  readonly #done = new Set<string>()
  #most = 1
  #exchanging = false
  #again = false
  #timer: NodeJS.Timeout | undefined

  constructor(store: Store, workspaceId: string, connectorId: string) {
    this.#store = store
    this.#workspaceId = workspaceId
    this.#connectorId = connectorId
  }

  get idle(): boolean {
    return !this.#exchanging && this.#queue.length + this.#held.size + this.#asked.size + this.#done.size === 0
  }

  /** Resolves with one of `most` slots that all processes share; `rate_limited` when the caller's patience ends first. */
  take(most: number, patience: Patience): Promise<Slot> {
    this.#most = most
    return wait<Slot>(patience, ANSWER_MS, tooLate, (waiter) => {
      this.#queue.push(waiter)
      void this.#exchange()
    })
  }

  #release(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    const now = performance.now()
    const next = this.#held.size <= this.#most && now - held.since < QUANTUM_MS ? this.#next() : undefined
    if (next !== undefined) {
      this.#hand(id, held, next)
      return
    }
    this.#held.delete(id)
    this.#done.add(id)
    void this.#exchange()
  }

  #hand(id: string, held: Held, to: Waiter<Slot>): void {
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      this.#release(id)
    }
    to.give({ signal: held.lost.signal, release })
  }

  #next(): Waiter<Slot> | undefined {
    let waiter = this.#queue.shift()
    while (waiter?.settled === true) waiter = this.#queue.shift()
    return waiter
  }

  /** Tells the store about changes and takes the slots that it gives. One exchange runs at a time, and another follows while there is news. */
  async #exchange(): Promise<void> {
    this.#again = true
    if (this.#exchanging) return
    this.#exchanging = true
    clearTimeout(this.#timer)
    try {
      await Promise.resolve()
      while (this.#again) {
        this.#again = false
        await this.#once()
      }
    } finally {
      this.#exchanging = false
      this.#schedule()
    }
  }

  async #once(): Promise<void> {
    this.#adjust()
    const [mine, asked, done] = [[...this.#held.keys()], [...this.#asked], [...this.#done]]
    const begun = performance.now()
    let given: ReadonlySet<string>
    try {
      given = await this.#ask(mine, asked, done)
    } catch (error) {
      // Held slots stay until they would expire; waiting calls are told now.
      for (let waiter = this.#next(); waiter !== undefined; waiter = this.#next()) waiter.refuse(error)
      this.#expire(begun)
      return
    }
    for (const id of done) this.#done.delete(id)
    for (const id of mine) {
      const held = this.#held.get(id)
      if (held === undefined) continue
      if (given.has(id)) held.renewed = begun
      else this.#lose(id, held)
    }
    for (const id of asked) {
      if (!given.has(id) || !this.#asked.delete(id)) continue
      this.#admit(id, begun)
      this.#again = true
    }
  }

  #admit(id: string, renewed: number): void {
    const held: Held = { since: performance.now(), renewed, lost: new AbortController() }
    this.#held.set(id, held)
    const waiter = this.#next()
    if (waiter === undefined) this.#release(id)
    else this.#hand(id, held, waiter)
  }

  /** Asks for one slot at a time while callers wait, so that processes share evenly and a killed process takes only its share along. */
  #adjust(): void {
    const wanted = this.#held.size < this.#most && this.#queue.some((waiter) => !waiter.settled)
    if (wanted && this.#asked.size === 0) this.#asked.add(randomUUID())
    if (wanted) return
    for (const id of this.#asked) this.#done.add(id)
    this.#asked.clear()
  }

  async #ask(mine: readonly string[], asked: readonly string[], done: readonly string[]): Promise<ReadonlySet<string>> {
    if (mine.length + asked.length + done.length === 0) return new Set()
    const { rows } = await this.#store.inWorkspace(this.#workspaceId, (tx) =>
      sql<{ id: string }>`select id from jackfield.limiter_exchange_slots(${this.#workspaceId}::uuid, ${this.#connectorId}::uuid, ${this.#most}::integer,
        ${mine}::uuid[], ${asked}::uuid[], ${done}::uuid[], ${HELD_MS}::float8, ${ASKED_MS}::float8) as id`.execute(tx),
    )
    return new Set(rows.map(({ id }) => id))
  }

  #expire(now: number): void {
    for (const [id, held] of this.#held) if (now - held.renewed > HELD_MS - RENEW_MS) this.#lose(id, held)
  }

  #lose(id: string, held: Held): void {
    this.#held.delete(id)
    held.lost.abort(new PlatformError("store_unavailable", "The call lost its place under the connector's concurrency limit, and was cut off; call again."))
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.idle) return
    this.#timer = setTimeout(() => void this.#exchange(), this.#asked.size > 0 ? POLL_MS : RENEW_MS)
  }
}

const tooLate = () => rateLimited("As many calls of the connector are open as its limits allow", 1_000)
