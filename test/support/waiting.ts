import { setTimeout as pause } from "node:timers/promises"

/** Asks again until the answer pleases, at most `ms`; the last answer either way. */
export async function until<T>(ms: number, get: () => T | Promise<T>, pleases: (value: T) => boolean): Promise<T> {
  for (const end = performance.now() + ms; ; await pause(20)) {
    const value = await get()
    if (pleases(value) || performance.now() > end) return value
  }
}

/** Waits until it is as wanted, at most `ms`; else the error says what was not. */
export async function within(ms: number, wanted: () => boolean | Promise<boolean>, what: string): Promise<void> {
  if (!(await until(ms, wanted, (yes) => yes))) throw new Error(`not within ${ms} ms: ${what}`)
}
