import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { settlesWithin, untilAborted } from "./abort.ts"

const never = (): Promise<never> => new Promise(() => undefined)

describe("work until a signal fires", () => {
  it("returns the work's result or error if the work settles first", async () => {
    const { signal } = new AbortController()
    expect(await untilAborted(signal, Promise.resolve(7))).toBe(7)
    await expect(untilAborted(signal, Promise.reject(new Error("broken")))).rejects.toThrow("broken")
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("rejects with the signal's reason even if the work hangs", async () => {
    const caller = new AbortController()
    const waiting = untilAborted(caller.signal, never())
    caller.abort(new Error("gone"))
    await expect(waiting).rejects.toThrow("gone")
    expect(getEventListeners(caller.signal, "abort")).toEqual([])
    await expect(untilAborted(caller.signal, never())).rejects.toThrow("gone")
  })
})

describe("work within a time", () => {
  it("tells whether it settled, in either way, and leaves nothing behind", async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length
    const before = timers()
    const { signal } = new AbortController()
    expect(await settlesWithin(60_000, Promise.resolve(7), signal)).toBe(true)
    expect(await settlesWithin(60_000, Promise.reject(new Error("broken")))).toBe(true)
    expect(await settlesWithin(1, never(), signal)).toBe(false)
    expect(getEventListeners(signal, "abort")).toEqual([])
    expect(timers()).toBe(before)
  })

  it("ends with the signal even if the work hangs", async () => {
    const caller = new AbortController()
    const waiting = settlesWithin(60_000, never(), caller.signal)
    caller.abort(new Error("gone"))
    expect(await waiting).toBe(false)
    expect(await settlesWithin(60_000, never(), caller.signal)).toBe(false)
  })
})
