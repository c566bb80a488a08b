import { PlatformError } from "../core/errors.ts"

/** Until when a call waits (`performance.now()`), and its caller's signal. */
export interface Patience {
  readonly until: number
  readonly signal: AbortSignal
}

/** A caller that waits for a `T`; it settles once. */
export interface Waiter<T> extends Patience {
  readonly settled: boolean
  give(value: T): void
  refuse(error: unknown): void
}

/**
 * Hands a waiter to `queue` and waits until it is given a value or refused. It refuses itself when its caller goes away, or when its
 * patience ends and the store has had `answerMs` to answer.
 */
export function wait<T>({ until, signal }: Patience, answerMs: number, late: () => PlatformError, queue: (waiter: Waiter<T>) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  let settled = false
  const settle = (act: () => void): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    signal.removeEventListener("abort", gone)
    act()
  }
  const gone = (): void =>
    settle(() => reject(new PlatformError("cancelled", "The caller went away while the call waited for its turn.", { cause: signal.reason })))
  const timer = setTimeout(() => settle(() => reject(late())), Math.max(answerMs, until - performance.now()))
  if (signal.aborted) gone()
  else {
    signal.addEventListener("abort", gone, { once: true })
    queue({
      until,
      signal,
      get settled() {
        return settled
      },
      give: (value) => settle(() => resolve(value)),
      refuse: (error) => settle(() => reject(error)),
    })
  }
  return promise
}

/** The refusal of a call that could not start in time. */
export const rateLimited = (what: string, waitMs: number): PlatformError => {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new PlatformError("rate_limited", `${what}; call again in ${retryAfterSeconds} s, or raise the connector's limits.`, {
    details: { retryAfterSeconds },
  })
}
