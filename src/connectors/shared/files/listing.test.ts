import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { sourceOf } from "../../../../test/support/byte-sources.ts"
import type { Call } from "../../../core/call.ts"
import { EVERYTHING, type Stream } from "../../../core/streams.ts"
import { csvFormat } from "./csv/format.ts"
import { Layout } from "./layout.ts"
import { filesBelow } from "./listing.ts"
import type { FileClient } from "./open-file.ts"
import type { FileStore } from "./store.ts"
import { fileVerbs } from "./verbs.ts"

const verbs = fileVerbs<FileClient>("Files")
const call = { batchRows: 1_000, signal: new AbortController().signal, stage: (_: string, work: () => unknown) => work() } as unknown as Call

const MANY = 200_000

/** The memory in use without garbage, of which other tests in this process leave a lot. */
function inUse(): number {
  setFlagsFromString("--expose-gc")
  ;(runInNewContext("gc") as () => void)()
  return process.memoryUsage().heapUsed
}

/** A store of many files in folders of ten thousand, none of which exists before it is listed; `note` runs with every page. */
function vast(folder: (index: number) => string, note: () => void): FileStore {
  const path = (index: number): string => `${folder(Math.floor(index / 10_000))}/${String(index % 10_000).padStart(5, "0")}.csv`
  return {
    async list(_prefix, { page }) {
      note()
      const begin = Number(page ?? 0)
      const files = Array.from({ length: 1_000 }, (_, index) => ({ path: path(begin + index), bytes: 8, mark: String(begin + index) }))
      return begin + 1_000 < MANY ? { files, next: String(begin + 1_000) } : { files }
    },
    open: async (name) => sourceOf(Buffer.from("a,b\n1,2\n"), { name }),
  }
}

describe("hundreds of thousands of files", () => {
  /** Runs the work with a client of such a store; returns the peak of the heap in use, in MiB. */
  async function peak(folder: (index: number) => string, work: (client: FileClient) => Promise<void>): Promise<number> {
    const before = inUse()
    let [most, pages] = [0, 0]
    const note = (): void => {
      if (++pages % 50 === 0) most = Math.max(most, inUse() - before)
    }
    await work({ store: vast(folder, note), layout: new Layout({ per: "folder", glob: "**/*.csv" }), formats: [csvFormat()], survey: "heads" })
    return most / 1_048_576
  }
  const number = (index: number): string => String(index).padStart(3, "0")

  it.each<[string, number, (index: number) => string]>([
    ["many streams", MANY / 10_000, (index) => `f${number(index)}`],
    ["one stream", 1, (index) => `f/dt=${number(index)}`],
  ])(
    "of %s are discovered in flat memory",
    async (_, wanted, folder) => {
      let [streams, files] = [0, 0]
      const most = await peak(folder, async (client) => {
        for await (const found of verbs.discover(client, call)) {
          if (!("stream" in found)) continue
          streams++
          files += Number(/(\d+) files/.exec(found.stream.comment ?? "")?.[1])
          expect(found.stream.columns.map(({ name }) => name).slice(0, 2)).toEqual(["a", "b"])
        }
      })
      expect([streams, files]).toEqual([wanted, MANY])
      expect(most).toBeLessThan(20)
    },
    120_000,
  )

  it("are cut into slices in flat memory", async () => {
    const from: Stream = { path: ["f/"], kind: "file", columns: [], key: [] }
    const most = await peak(
      (index) => `f/dt=${number(index)}`,
      async (client) => {
        const { slices } = await verbs.slices(client, from, EVERYTHING.plan, 16, call)
        const files = slices.map(({ id }) => (JSON.parse(id) as unknown[])[3] as number)
        expect(slices.length).toBeGreaterThan(8)
        expect(files.reduce((sum, many) => sum + many)).toBe(MANY)
        expect(Math.max(...files)).toBeLessThan((2 * MANY) / slices.length)
      },
    )
    expect(most).toBeLessThan(20)
  }, 120_000)
})

describe("a listing", () => {
  const store = (pages: string[][]): FileStore => ({
    async list(_prefix, { page }) {
      const index = Number(page ?? 0)
      return { files: (pages[index] ?? []).map((path) => ({ path, mark: "" })), ...(index + 1 < pages.length ? { next: String(index + 1) } : {}) }
    },
    open: () => Promise.reject(new Error("not to be opened")),
  })
  const list = async (pages: string[][], after?: string): Promise<string[]> => {
    const all: string[] = []
    for await (const { path } of filesBelow(store(pages), "", after, call)) all.push(path)
    return all
  }

  it("goes from page to page, including empty ones", async () => expect(await list([["a"], [], ["b", "c"]])).toEqual(["a", "b", "c"]))

  it("must be in the order of UTF-8 bytes, which differs from JavaScript's order", async () => {
    expect(await list([["\uFFFD"], ["\u{1F600}"]])).toEqual(["\uFFFD", "\u{1F600}"])
    for (const pages of [[["b", "a"]], [["a"], ["a"]], [["\u{1F600}"], ["\uFFFD"]]])
      await expect(list(pages)).rejects.toMatchObject({ code: "response_invalid" })
    await expect(list([["a"]], "b")).rejects.toMatchObject({ code: "response_invalid" })
  })
})
