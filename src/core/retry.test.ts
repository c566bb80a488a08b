import { describe, expect, test } from "vitest"
import { PlatformError } from "./errors.ts"
import { type Retries, type RetryClock, retrying } from "./retry.ts"

const busy = (details: Record<string, unknown> = {}): PlatformError => new PlatformError("server_unavailable", "It is busy; try again.", { details })

/** A clock that waits for nothing, and notes how long it should have. */
function clockOf(chance: number): { clock: RetryClock; waits: number[] } {
  const waits: number[] = []
  return { waits, clock: { random: () => chance, wait: async (ms) => void waits.push(ms) } }
}

/** Work that fails so many times, then gives the number of the try. */
function failing(times: number, error: () => unknown = busy): (attempt: number) => Promise<number> {
  return async (attempt) => {
    if (attempt <= times) throw error()
    return attempt
  }
}

const always: Retries = { most: 3, again: () => ({ reason: "busy" }) }

describe("waits", () => {
  test.each([
    [0, [125, 250, 500]],
    [1, [250, 500, 1_000]],
  ])("double, half of each by chance (%s)", async (chance, expected) => {
    const { clock, waits } = clockOf(chance)
    expect(await retrying(failing(3), always, clock)).toBe(4)
    expect(waits).toEqual(expected)
  })

  test("grow no longer than the longest, and are never shorter than the other side asks", async () => {
    const { clock, waits } = clockOf(1)
    const asked = [undefined, 90, 5_000]
    const again = () => ({ reason: "busy", afterMs: asked.shift() })
    await retrying(failing(3), { most: 3, again, firstWaitMs: 100, longestWaitMs: 150 }, clock)
    expect(waits).toEqual([100, 150, 5_000])
  })
})

describe("it ends", () => {
  test.each([
    ["after the most tries", always, 4],
    ["at once without retries", { ...always, most: 0 }, 1],
    ["at once when the failure is final", { ...always, again: () => undefined }, 1],
    ["at once when the caller is gone", { ...always, signal: AbortSignal.abort() }, 1],
    ["before a wait that would go beyond the deadline", { ...always, remainingMs: () => 301 }, 2],
    ["at once when the first wait would", { ...always, remainingMs: () => 300 }, 1],
  ] satisfies [string, Retries, number][])("%s", async (_, retries, tries) => {
    const { clock } = clockOf(1)
    let made = 0
    const work = async () => {
      made++
      throw busy({ status: 503 })
    }
    const error = await retrying(work, retries, clock).catch((cause: unknown) => cause)
    expect(made).toBe(tries)
    expect(error).toMatchObject({ code: "server_unavailable", details: tries === 1 ? { status: 503 } : { status: 503, attempts: tries } })
  })

  test("with an error of another kind as it is", async () => {
    const error = new RangeError("mine")
    expect(
      await retrying(
        failing(9, () => error),
        always,
        clockOf(0).clock,
      ).catch((cause: unknown) => cause),
    ).toBe(error)
  })

  test("when no turn is to be had, and each try after the first asks for one", async () => {
    const turns: string[] = []
    const turn = async (reason: string) => void turns.push(reason)
    await retrying(failing(2), { ...always, turn }, clockOf(0).clock)
    expect(turns).toEqual(["busy", "busy"])
    const limited = new PlatformError("rate_limited", "Too many.")
    const refuse = () => Promise.reject(limited)
    expect(await retrying(failing(2), { ...always, turn: refuse }, clockOf(0).clock).catch((cause: unknown) => cause)).toBe(limited)
  })
})

test("a real wait ends with the caller, for the caller's reason", async () => {
  const caller = new AbortController()
  const gone = new PlatformError("cancelled", "The caller went away.")
  const ended = retrying(failing(1), { ...always, firstWaitMs: 60_000, longestWaitMs: 60_000, signal: caller.signal })
  setImmediate(() => caller.abort(gone))
  await expect(ended).rejects.toBe(gone)
})
