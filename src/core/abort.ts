/**
 * Settles with the work, or rejects with the signal's reason if the signal fires first, so that a client library that
 * hangs cannot block its caller. Leaves no listener behind, and work that fails later causes no unhandled rejection.
 */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener("abort", onAbort, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener("abort", onAbort)
  }
}

/**
 * Whether the work settles within `ms` and before the signal fires. It never rejects and leaves no timer or listener
 * behind, and work that fails later causes no unhandled rejection.
 */
export async function settlesWithin(ms: number, work: Promise<unknown>, signal?: AbortSignal): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, ms, false)
  const race = Promise.race([work.then(YES, YES), late])
  try {
    return await (signal === undefined ? race : untilAborted(signal, race).catch(() => false))
  } finally {
    clearTimeout(timer)
  }
}

const YES = (): true => true
