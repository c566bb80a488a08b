import { describe, expect, test } from "vitest"
import { StoreClock } from "./clock.ts"
import { effectiveLimits, marginOf } from "./limits.ts"

describe("what holds is the smaller of the connector's and the plan's", () => {
  const minute = (requests: number) => ({ requests, perMs: 60_000 })
  test.each([
    [null, {}, { rates: [], concurrency: undefined }],
    [{ requests: 60, perMs: 2_000, concurrency: 5 }, {}, { rates: [{ requests: 60, perMs: 2_000 }], concurrency: 5 }],
    [{ requests: 7 }, {}, { rates: [minute(7)], concurrency: undefined }],
    [{ perMs: 1_000 }, {}, { rates: [], concurrency: undefined }],
    [null, { ratePerMinute: 30, concurrency: 2 }, { rates: [minute(30)], concurrency: 2 }],
    [
      { requests: 100, perMs: 60_000, concurrency: 9 },
      { ratePerMinute: 30, concurrency: 2 },
      { rates: [minute(30)], concurrency: 2 },
    ],
    [
      { requests: 10, perMs: 60_000, concurrency: 1 },
      { ratePerMinute: 30, concurrency: 2 },
      { rates: [minute(10)], concurrency: 1 },
    ],
    [minute(30), { ratePerMinute: 30 }, { rates: [minute(30)], concurrency: undefined }],
    // Neither implies the other: 60 in 2 s is a burst that the plan allows half of, and 1,800 a minute.
    [{ requests: 60, perMs: 2_000 }, { ratePerMinute: 600 }, { rates: [{ requests: 60, perMs: 2_000 }, minute(600)], concurrency: undefined }],
    [
      { requests: 0, concurrency: -1, perMs: "x" },
      { ratePerMinute: null, concurrency: 1.5 },
      { rates: [], concurrency: undefined },
    ],
  ])("%j under %j", (own, plan, expected) => expect(effectiveLimits(own, plan)).toEqual(expected))

  test("the margin is one in twenty-five, within reason", () => expect([100, 2_000, 60_000].map(marginOf)).toEqual([25, 80, 1_000]))
})

describe("the store's clock", () => {
  test("is known better with each exchange, whatever a slow one says", () => {
    const clock = new StoreClock()
    clock.observe(0, 100, 1_050)
    expect(clock.here(2_000)).toEqual({ earliest: 950, latest: 1_050 })
    clock.observe(200, 204, 1_202)
    expect(clock.here(2_000)).toEqual({ earliest: 998, latest: 1_002 })
    clock.observe(300, 900, 1_500)
    expect(clock.here(2_000)).toEqual({ earliest: 998, latest: 1_002 })
  })

  test("is learned anew when it jumps", () => {
    const clock = new StoreClock()
    clock.observe(0, 10, 1_000)
    clock.observe(100, 110, 9_000)
    expect(clock.here(9_000)).toEqual({ earliest: 100, latest: 110 })
  })

  test("forgets what is old, since clocks drift", () => {
    const clock = new StoreClock()
    clock.observe(0, 2, 1_000)
    clock.observe(31_000, 31_100, 32_100)
    expect(clock.here(1_000)).toEqual({ earliest: 0, latest: 0 })
    clock.observe(62_000, 62_100, 63_050)
    clock.observe(70_000, 70_010, 71_005)
    const { earliest, latest } = clock.here(71_005)
    expect([earliest <= 70_010, latest >= 70_000]).toEqual([true, true])
  })
})
