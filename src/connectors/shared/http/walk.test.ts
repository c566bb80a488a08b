import { describe, expect, test } from "vitest"
import type { Row } from "../../../core/values.ts"
import { allRows, type Page, walk } from "./walk.ts"

const call = () => {
  const turns: string[] = []
  return { turns, signal: new AbortController().signal, remainingMs: () => 1_000, turn: async (reason = "page") => void turns.push(reason) }
}
const row = (id: number): Row => ({ id })
/** Three pages by a cursor, the second without records. */
const pages: Record<string, Page> = { first: { rows: [row(1)], next: "b" }, b: { rows: [], next: "c" }, c: { rows: [row(1)] } }
const at = async (position: unknown): Promise<Page> => pages[(position as string | undefined) ?? "first"] as Page
const how = { from: undefined, counted: false, origin: "https://a.example" }
const visited = async (each: AsyncIterable<unknown>): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const one of each) all.push(one)
  return all
}

test("every page is visited once, with its position, and each but the first takes a turn", async () => {
  const one = call()
  expect(await visited(walk(at, how, one))).toEqual([
    { position: undefined, rows: [row(1)], next: "b" },
    { position: "b", rows: [], next: "c" },
    { position: "c", rows: [row(1)] },
  ])
  expect(one.turns).toEqual(["page", "page"])
  expect(await visited(walk(at, { ...how, from: "c" }, call()))).toHaveLength(1)
})

test("a page is asked for when the reader wants it", async () => {
  const asked: unknown[] = []
  const lazy = async (position: unknown): Promise<Page> => {
    asked.push(position)
    return at(position)
  }
  for await (const { next } of walk(lazy, how, call())) if (next === "c") break
  expect(asked).toEqual([undefined, "b"])
})

/** The same pages, but no more than ten of them: a walk without its guard ends as well. */
function finite(page: (position: unknown) => Promise<Page>): (position: unknown) => Promise<Page> {
  let left = 10
  return async (position) => {
    const { rows, next } = await page(position)
    return --left > 0 ? { rows, next } : { rows }
  }
}

describe("it ends with an error", () => {
  test.each<[string, (position: unknown) => Promise<Page>, object, RegExp]>([
    ["where a position leads back", async () => ({ rows: [], next: "same" }), {}, /leads back/],
    ["where the first page comes again", async (position) => ({ rows: [], next: position === undefined ? "b" : "a" }), { from: "a" }, /leads back/],
    [
      "where a counted page repeats",
      async (position) => ({ rows: [row(1)], next: Number(position ?? 0) + 1 }),
      { counted: true },
      /same page for two positions/,
    ],
    ["after the most pages", async (position) => ({ rows: [], next: Number(position ?? 0) + 1 }), { most: 3 }, /more than 3 pages/],
  ])("%s", async (_, page, more, says) => {
    await expect(visited(walk(finite(page), { ...how, ...more }, call()))).rejects.toThrow(says)
  })

  test("but pages with equal records are fine where the API gives the positions, and so are as many pages as are allowed", async () => {
    const equal = async (position: unknown): Promise<Page> => (position === 2 ? { rows: [row(1)] } : { rows: [row(1)], next: Number(position ?? 0) + 1 })
    expect(await visited(walk(equal, { ...how, most: 3 }, call()))).toHaveLength(3)
  })
})

async function* rowsOf(pages: AsyncIterable<Page>): AsyncGenerator<readonly Row[]> {
  for await (const { rows } of pages) yield rows
}

test("a list of all records is whole or an error", async () => {
  expect(await allRows(rowsOf(walk(at, how, call())))).toEqual([row(1), row(1)])
  async function* many(): AsyncGenerator<readonly Row[]> {
    for (let page = 0; page < 3; page++) yield Array.from({ length: 40_000 }, (_, id) => row(id))
  }
  await expect(allRows(many())).rejects.toThrow(/more than 100000 records/)
  async function* large(): AsyncGenerator<readonly Row[]> {
    for (let page = 0; page < 3; page++) yield [{ text: "x".repeat(12 * 1_048_576) }]
  }
  await expect(allRows(large())).rejects.toThrow(/32 MiB/)
})
