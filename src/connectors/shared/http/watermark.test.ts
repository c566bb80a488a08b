import { describe, expect, test } from "vitest"
import { compare, isWatermark, type Mark, Watermark } from "./watermark.ts"

test.each<[Mark, Mark, number]>([
  [2, 10, -1],
  ["2", "10", -1],
  ["9007199254740993", "9007199254740992", 1],
  [1.5, "1.25", 1],
  ["-3", "2", -1],
  ["2026-01-02", "2026-01-10", -1],
  ["2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00", 0],
  ["2026-01-02T00:00:00.5Z", "2026-01-02T00:00:00Z", 1],
  ["2026-01-02T00:00:00.123456Z", "2026-01-02T00:00:00.123457Z", -1],
  ["b", "a", 1],
  ["a", "a", 0],
])("%j against %j is %i", (a, b, expected) => {
  expect(compare(a, b)).toBe(expected)
  expect(compare(b, a)).toBe(expected === 0 ? 0 : -expected)
})

describe("a watermark", () => {
  const from = (state: object, until?: Mark) => new Watermark({ given: [], ...state }, until)

  test("takes records without a bound, and those from its bound on, and keeps the highest", () => {
    const all = from({})
    expect([3, 1, 2].map((at) => all.takes({ at }, at))).toEqual([true, true, true])
    expect(all.next.from).toBe(3)
    const some = from({ from: 2 }, 4)
    expect([1, 2, 3, 4].map((at) => some.takes({ at }, at))).toEqual([false, true, true, false])
    expect(some.next.from).toBe(3)
  })

  test.each([null, true, "", { a: 1 }, Number.NaN])("leaves out a record whose value is %j", (value) => expect(from({}).takes({}, value as never)).toBe(false))

  test("knows the records with the highest value again, unless they changed", () => {
    const first = from({})
    for (const row of [
      { id: 1, at: 5 },
      { id: 2, at: 4 },
      { id: 3, at: 5 },
    ])
      first.takes(row, row.at)
    const next = from(first.next)
    expect(next.takes({ id: 1, at: 5 }, 5)).toBe(false)
    expect(next.takes({ id: 3, at: 5, changed: true }, 5)).toBe(true)
    expect(next.takes({ id: 4, at: 5 }, 5)).toBe(true)
    // Nothing newer came: those of both reads are known from now on.
    const third = from(next.next)
    expect([1, 4].map((id) => third.takes({ id, at: 5 }, 5))).toEqual([false, false])
    expect(third.takes({ id: 5, at: 6 }, 6)).toBe(true)
    expect(third.next).toMatchObject({ from: 6, given: [expect.any(String)] })
  })

  test("goes on in the middle of a walk as if it had not stopped", () => {
    const first = from({ from: 1 })
    first.takes({ id: 1 }, 9)
    const resumed = from(JSON.parse(JSON.stringify(first.state)) as object)
    expect(resumed.from).toBe(1)
    resumed.takes({ id: 2 }, 3)
    expect(resumed.next).toEqual(first.next)
  })

  test("remembers at most 500 records of one value", () => {
    const mark = from({})
    for (let id = 0; id < 600; id++) mark.takes({ id }, 1)
    expect(mark.next.given).toHaveLength(500)
    expect(isWatermark(JSON.parse(JSON.stringify(mark.state)))).toBe(true)
  })

  test("without any record begins where the walk began", () => {
    expect([from({}).next, from({ from: 2, given: ["a"] }).next]).toEqual([{ given: [] }, { from: 2, given: ["a"] }])
  })
})

test.each([undefined, null, 1, {}, { given: "x" }, { given: [1] }, { given: [], from: {} }, { given: [], high: true }, { given: Array(501).fill("x") }])(
  "%j is no state",
  (value) => expect(isWatermark(value)).toBe(false),
)
