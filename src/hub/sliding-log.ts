import { PlatformError } from "../core/errors.ts"

/** Names that one log keeps at most; beyond them those go that were quiet longest. */
const MOST_NAMES = 10_000

/**
 * At most `requests` calls of one name in any window of `perMs`, exactly: the times of the last calls are kept. In this
 * process alone; what must hold over all nodes is a connector's limit, which is in the store.
 */
export class SlidingLog {
  readonly #requests: number
  readonly #perMs: number
  readonly #now: () => number
  readonly #calls = new Map<string, number[]>()

  constructor(limit: { readonly requests: number; readonly perMs: number; readonly now?: () => number }) {
    this.#requests = limit.requests
    this.#perMs = limit.perMs
    this.#now = limit.now ?? (() => performance.now())
  }

  /** Counts a call of `name`, or throws `rate_limited` with the seconds to wait; a refused call is not counted. */
  take(name: string): void {
    const now = this.#now()
    const recent = (this.#calls.get(name) ?? []).filter((at) => at > now - this.#perMs)
    const [oldest] = recent
    if (recent.length >= this.#requests && oldest !== undefined) {
      const retryAfterSeconds = Math.max(1, Math.ceil((oldest + this.#perMs - now) / 1_000))
      const message = `More than ${this.#requests} of these in ${this.#perMs / 1_000} seconds are not taken; try again in ${retryAfterSeconds} seconds.`
      throw new PlatformError("rate_limited", message, { details: { retryAfterSeconds } })
    }
    recent.push(now)
    this.#calls.delete(name)
    this.#calls.set(name, recent)
    if (this.#calls.size > MOST_NAMES) this.#calls.delete(this.#calls.keys().next().value ?? "")
  }
}
