/** How long a bound is used, since clocks drift apart slowly. */
const BELIEVED_MS = 30_000

interface Bounds {
  readonly low: number
  readonly high: number
  readonly since: number
}

/**
 * The store's clock as this process knows it, within bounds: a time that the store read lies between the question and the answer.
 * Each exchange narrows the bounds, so that one slow answer does not blur them.
 */
export class StoreClock {
  #now: Bounds | undefined
  #before: Bounds | undefined

  /** The store read `store` (ms) between `asked` and `told` (`performance.now()`). */
  observe(asked: number, told: number, store: number): void {
    const [low, high] = [asked - store, told - store]
    const last = this.#now
    if (last === undefined || low > last.high || high < last.low) this.#now = { low, high, since: told }
    else if (told - last.since > BELIEVED_MS) {
      this.#before = last
      this.#now = { low, high, since: told }
    } else this.#now = { low: Math.max(low, last.low), high: Math.min(high, last.high), since: last.since }
    if (this.#before !== undefined && (told - this.#before.since > 2 * BELIEVED_MS || low > this.#before.high || high < this.#before.low))
      this.#before = undefined
  }

  /** The earliest and latest time here (`performance.now()`) that the store's `store` may be. */
  here(store: number): { readonly earliest: number; readonly latest: number } {
    const { low, high } = this.#now ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
    const before = this.#before ?? { low, high }
    return { earliest: store + Math.max(low, before.low), latest: store + Math.min(high, before.high) }
  }
}
