import { afterAll, beforeAll } from "vitest"

/** What can be ended: whichever it has, in this order. */
type Ends = AsyncDisposable | { stop(): unknown } | { close(): unknown }

/**
 * Starts something before the tests of this file (or `describe`) and ends it after them, the last one first. The tests and
 * later starts use it as if it were there already: `const hub = use(() => startHub())`.
 */
export function use<T extends object & Ends>(start: () => T | Promise<T>): T {
  let started: T | undefined
  beforeAll(async () => {
    started = await start()
  })
  afterAll(async () => {
    if (started !== undefined) await end(started)
  })
  const there = (): T => {
    if (started === undefined) throw new Error("This is started by a beforeAll hook that has not run, or that failed.")
    return started
  }
  return new Proxy({} as T, {
    get(_, name) {
      const value: unknown = Reflect.get(there(), name)
      return typeof value === "function" ? value.bind(there()) : value
    },
    set: (_, name, value) => Reflect.set(there(), name, value),
    has: (_, name) => Reflect.has(there(), name),
  })
}

async function end(it: Ends): Promise<void> {
  if (Symbol.asyncDispose in it) await it[Symbol.asyncDispose]()
  else if ("stop" in it) await it.stop()
  else await it.close()
}
