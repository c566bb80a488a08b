import { setImmediate as turn } from "node:timers/promises"
import { expect, test } from "vitest"
import { turnFor } from "./pacing.ts"

const requestOf = (caller: string, bytes: number) => ({ ip: "127.0.0.1", headers: { authorization: caller, "content-length": String(bytes) } })

test("large bodies take turns between callers, and small ones do not wait", async () => {
  const order: string[] = []
  const begin = (caller: string, bytes: number) => turnFor(requestOf(caller, bytes)).then(() => void order.push(`${caller} ${bytes}`))
  const all = [begin("a", 100_000), begin("a", 100_001), begin("a", 100_002), begin("b", 100_003), begin("a", 100)]
  await Promise.resolve()
  await Promise.resolve()
  expect(order).toContain("a 100")
  expect(order).not.toContain("b 100003")
  await Promise.all(all)
  expect(order.filter((each) => each !== "a 100")).toEqual(["a 100000", "a 100001", "b 100003", "a 100002"])
})

test("a body of unknown length counts as large, and each begins in a turn of its own", async () => {
  let begun = 0
  const request = { ip: "127.0.0.1", headers: { "transfer-encoding": "chunked" } }
  const all = Array.from({ length: 5 }, () => turnFor(request).then(() => begun++))
  const seen: number[] = []
  while (begun < 5) {
    seen.push(begun)
    await turn()
  }
  await Promise.all(all)
  expect(new Set(seen).size).toBeGreaterThanOrEqual(4)
})
