import { expect, test } from "vitest"
import { judge } from "./workspace-rate.ts"

/** Makes calls at these times, 3 in 60 s: "taken", or the milliseconds to wait. */
function at(...times: readonly number[]): ("taken" | number)[] {
  let calls: readonly Date[] = []
  return times.map((ms) => {
    const { kept, waitMs } = judge(calls, new Date(ms), { requests: 3, perMs: 60_000 })
    calls = kept
    return waitMs ?? "taken"
  })
}

test("any window of 60 s holds three, not four, wherever it begins", () => {
  expect(at(0, 30_000, 59_000, 59_999, 60_000, 60_001, 89_999, 90_000)).toEqual(["taken", "taken", "taken", 1, "taken", 29_999, 1, "taken"])
})

test("a refused call does not push the window on", () => {
  expect(at(0, 1, 2, 3, 40_000, 60_000)).toEqual(["taken", "taken", "taken", 59_997, 20_000, "taken"])
})

test("what no longer counts is not kept", () => {
  let calls: readonly Date[] = []
  for (let ms = 0; ms < 1_000_000; ms += 25_000) calls = judge(calls, new Date(ms), { requests: 3, perMs: 60_000 }).kept
  expect(calls.length).toBeLessThanOrEqual(3)
})
