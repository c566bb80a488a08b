import { expect, it } from "vitest"
import { patched } from "./plans.ts"

it("a patch of a plan keeps what it leaves out, down to the numbers of `tests`, and lifts what is null", () => {
  const stored = { concurrency: 3, tests: { perMinute: 60, concurrency: 5 } }
  expect(patched(stored, { tests: { perMinute: 90 } })).toEqual({ concurrency: 3, tests: { perMinute: 90, concurrency: 5 } })
  expect(patched(stored, { concurrency: null })).toEqual({ tests: { perMinute: 60, concurrency: 5 } })
  expect(patched(stored, { tests: null })).toEqual({ concurrency: 3 })
  expect(patched({}, { tests: { concurrency: 1 } })).toEqual({ tests: { concurrency: 1 } })
})
