import { setImmediate as turn } from "node:timers/promises"
import { expect, test } from "vitest"
import { Rooms } from "./rooms.ts"

test("a workspace has four large answers in memory, and others have room meanwhile", async () => {
  const rooms = new Rooms(4, 24)
  const entered: string[] = []
  const take = (workspaceId: string, signal?: AbortSignal) => {
    const room = rooms.of(workspaceId, signal)
    const wait = room.need().then(
      () => entered.push(workspaceId),
      () => undefined,
    )
    return { room, wait }
  }
  const all = Array.from({ length: 40 }, () => take("a"))
  take("b")
  await turn()
  expect(entered).toEqual(["a", "a", "a", "a", "b"])
  all[0]?.room[Symbol.dispose]()
  all[0]?.room[Symbol.dispose]()
  await turn()
  expect(entered).toHaveLength(6)
  // One that gave up while it waited takes no room later.
  for (const { room } of all.slice(5)) room[Symbol.dispose]()
  for (const { room } of all.slice(0, 5)) room[Symbol.dispose]()
  const again = Array.from({ length: 5 }, () => take("a"))
  await turn()
  expect(entered).toHaveLength(10)
  for (const { room } of again) room[Symbol.dispose]()
})

test("a waiting answer is woken by the signal, and an answer needs one room however often it asks", async () => {
  const rooms = new Rooms(4, 24)
  const own = rooms.of("a")
  for (let time = 0; time < 10; time++) await own.need()
  const others = Array.from({ length: 3 }, () => rooms.of("a"))
  for (const other of others) await other.need()
  const gone = new AbortController()
  const waiting = rooms.of("a", gone.signal).need()
  gone.abort(new Error("gone"))
  await expect(waiting).rejects.toThrow("gone")
})
