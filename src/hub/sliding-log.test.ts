import { expect, test } from "vitest"
import { PlatformError } from "../core/errors.ts"
import { SlidingLog } from "./sliding-log.ts"

function logAt(): { log: SlidingLog; at(ms: number, name?: string): "taken" | number } {
  let now = 0
  const log = new SlidingLog({ requests: 3, perMs: 60_000, now: () => now })
  const at = (ms: number, name = "a"): "taken" | number => {
    now = ms
    try {
      log.take(name)
      return "taken"
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "rate_limited") throw error
      return Number(error.details["retryAfterSeconds"])
    }
  }
  return { log, at }
}

test("any window of 60 s holds three, not four, wherever it begins", () => {
  const { at } = logAt()
  expect([at(0), at(30_000), at(59_000), at(59_999)]).toEqual(["taken", "taken", "taken", 1])
  expect([at(60_000), at(60_001), at(89_999), at(90_000)]).toEqual(["taken", 30, 1, "taken"])
})

test("a refused call does not push the window on, and names are apart", () => {
  const { at } = logAt()
  for (const ms of [0, 1, 2, 3, 40_000]) at(ms)
  expect([at(60_000), at(60_000, "b")]).toEqual(["taken", "taken"])
})
