import { expect, test } from "vitest"
import { describedBy } from "./described-input.ts"

const stored = { labels: { team: "sales", env: "prod" }, limits: { requests: 10, perMs: 1_000, concurrency: 2 } }

test("options that are not given are not in the request", () => {
  expect(describedBy({}, stored)).toEqual({})
  expect(describedBy({ title: "", description: "x", purpose: "source" })).toEqual({ title: "", description: "x", purpose: "source" })
  expect(describedBy({ purpose: "none" })).toEqual({ purpose: null })
})

test("labels and limits that are not given are kept", () => {
  expect(describedBy({ label: ["team=a=b", "tier="] }, stored)).toEqual({ labels: { team: "a=b", env: "prod", tier: "" } })
  expect(describedBy({ removeLabel: ["env"] }, stored)).toEqual({ labels: { team: "sales" } })
  expect(describedBy({ limit: ["concurrency=5"] }, stored)).toEqual({ limits: { requests: 10, perMs: 1_000, concurrency: 5 } })
  expect(describedBy({ limit: ["requests=none", "perMs=none"] }, stored)).toEqual({ limits: { concurrency: 2 } })
  expect(describedBy({ limit: ["none"] }, stored)).toEqual({ limits: null })
  expect(describedBy({ limit: ["none", "requests=1"] }, stored)).toEqual({ limits: { requests: 1 } })
})

test.each([
  [{ label: ["team"] }, "--label"],
  [{ label: ["=x"] }, "--label"],
  [{ removeLabel: ["nothing"] }, "--remove-label"],
  [{ limit: ["5"] }, "--limit"],
  [{ limit: ["rate=5"] }, "--limit"],
  [{ limit: ["requests=0"] }, "--limit"],
  [{ limit: ["requests=1.5"] }, "--limit"],
  [{ limit: ["requests="] }, "--limit"],
])("%j is a usage failure that names the option", (options, named) => {
  expect(() => describedBy(options, stored)).toThrow(named)
})
