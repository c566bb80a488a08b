const waiting: (() => void)[] = []

/**
 * Lets the event loop serve others between two parts of a long work. However many works wait, one goes on per turn of
 * the loop, so a part of a few milliseconds delays nobody by more than that.
 */
export function breathe(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (waiting.push(resolve) === 1) setImmediate(next)
  return promise
}

function next(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(next)
}
