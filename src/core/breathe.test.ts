import { setImmediate as turn } from "node:timers/promises"
import { expect, test } from "vitest"
import { breathe } from "./breathe.ts"

test("of works that take breaths, one goes on per turn of the event loop, in their order", async () => {
  const order: string[] = []
  const work = async (name: string): Promise<void> => {
    for (let part = 0; part < 3; part++) {
      order.push(`${name}${part}`)
      await breathe()
    }
  }
  const all = Promise.all([work("a"), work("b")])
  expect(order).toEqual(["a0", "b0"])
  await turn()
  expect(order.length).toBeLessThanOrEqual(4)
  await all
  expect(order).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"])
})
