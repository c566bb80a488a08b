import { expect, test } from "vitest"
import { AnswerSpaces } from "./answer-space.ts"

const MIB = 1_048_576
const signal = new AbortController().signal
const nobody = (): Promise<void> => Promise.resolve()

/** The waits that are over by now, each by its number. */
const track = () => {
  const done: number[] = []
  const wait = (number: number, work: Promise<void>): void => void work.then(() => done.push(number))
  const now = async (): Promise<number[]> => {
    await new Promise(setImmediate)
    return done.toSorted((a, b) => a - b)
  }
  return { wait, now }
}

test("short answers never wait, four long ones of a workspace grow at once, and one very long one", async () => {
  const spaces = new AnswerSpaces()
  const all = Array.from({ length: 6 }, () => spaces.of("w", signal, nobody))
  const short = track()
  for (const [index, space] of all.entries()) short.wait(index, space.grown(MIB))
  expect(await short.now()).toEqual([0, 1, 2, 3, 4, 5])
  const long = track()
  for (const [index, space] of all.entries()) long.wait(index, space.grown(2 * MIB))
  expect(await long.now()).toEqual([0, 1, 2, 3])
  const other = track()
  using elsewhere = spaces.of("other", signal, nobody)
  other.wait(0, elsewhere.grown(20 * MIB))
  expect(await other.now(), "another workspace has places of its own").toEqual([0])
  const very = track()
  for (const index of [2, 3]) very.wait(index, all[index]?.grown(17 * MIB) ?? nobody())
  expect(await very.now()).toEqual([2])
  all[2]?.[Symbol.dispose]()
  expect([await very.now(), await long.now()]).toEqual([
    [2, 3],
    [0, 1, 2, 3, 4],
  ])
  all[0]?.[Symbol.dispose]()
  expect(await long.now()).toEqual([0, 1, 2, 3, 4, 5])
  for (const space of all) space[Symbol.dispose]()
})

test("a very long answer waits until the earlier ones are read, and no longer than its caller", async () => {
  const spaces = new AnswerSpaces()
  const { promise, resolve } = Promise.withResolvers<void>()
  using space = spaces.of("w", signal, () => promise)
  const { wait, now } = track()
  wait(0, space.grown(17 * MIB))
  expect(await now()).toEqual([])
  resolve()
  expect(await now()).toEqual([0])
  const caller = new AbortController()
  using late = spaces.of("w", caller.signal, nobody)
  const waiting = late.grown(17 * MIB)
  caller.abort(new Error("left"))
  await expect(waiting).rejects.toThrow("left")
})
