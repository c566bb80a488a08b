import { expect, test } from "vitest"
import { FairQueue } from "./fair-queue.ts"

const job = (workspaceId: string, name: string, short = false) => ({ workspaceId, name, short })
type Named = ReturnType<typeof job>

const namesOf = (queue: FairQueue<Named>, mayBegin: (job: Named) => boolean = () => true): string[] => {
  const names: string[] = []
  for (let next = queue.take(mayBegin); next !== undefined; next = queue.take(mayBegin)) names.push(next.name)
  return names
}

test("workspaces take turns, however much each has waiting", () => {
  const queue = new FairQueue<Named>()
  for (const each of [job("a", "a1"), job("a", "a2"), job("a", "a3"), job("b", "b1"), job("c", "c1"), job("b", "b2")]) queue.add(each)
  expect(queue.size).toBe(6)
  expect(namesOf(queue)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"])
})

test("short work of a workspace comes before its long work, and what may not begin stays", () => {
  const queue = new FairQueue<Named>()
  for (const each of [job("a", "long"), job("a", "short", true), job("b", "other")]) queue.add(each)
  expect(namesOf(queue, ({ short }) => short)).toEqual(["short"])
  expect(namesOf(queue, ({ workspaceId }) => workspaceId === "b")).toEqual(["other"])
  expect(namesOf(queue)).toEqual(["long"])
})

test("a job that is removed is not taken, and clearing gives all that wait", () => {
  const queue = new FairQueue<Named>()
  const [first, second] = [job("a", "a1"), job("a", "a2")]
  queue.add(first)
  queue.add(second)
  queue.remove(first)
  queue.remove(first)
  expect(queue.clear()).toEqual([second])
  expect([queue.size, queue.take(() => true)]).toEqual([0, undefined])
})
