import { PlatformError } from "../core/errors.ts"
import type { Counters } from "./base/counters.ts"

/**
 * How much of each kind one workspace may have going on at a node at once: its sockets, memory and connections are for all. `requests of
 * tests` are callers that wait for tests, of which many may share one.
 */
const MOST = { queries: 32, discoveries: 16, uploads: 32, calls: 512, "requests of tests": 100 } as const

/** Bounds what each workspace does at this node, in memory alone, so that a refusal costs nothing. */
export class Bounds {
  readonly #counters: Counters
  readonly #open = new Map<string, number>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  /** A place, to be disposed of at the end; `rate_limited` when the workspace has none left. */
  enter(workspaceId: string, kind: keyof typeof MOST): Disposable {
    const key = `${kind} ${workspaceId}`
    const open = this.#open.get(key) ?? 0
    if (open >= MOST[kind]) {
      this.#counters.refused.inc({ kind })
      const message = `The workspace has ${open} ${kind} going on at this node, as many as it may; try again when one has ended.`
      throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds: 1 } })
    }
    this.#open.set(key, open + 1)
    let left = false
    return {
      [Symbol.dispose]: () => {
        if (left) return
        left = true
        const now = (this.#open.get(key) ?? 1) - 1
        if (now === 0) this.#open.delete(key)
        else this.#open.set(key, now)
      },
    }
  }
}
