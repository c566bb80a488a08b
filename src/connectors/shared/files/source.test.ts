import fc from "fast-check"
import { expect, it } from "vitest"
import { bytesIn, sourceOf } from "../../../../test/support/byte-sources.ts"
import { PastEnd, peek, section } from "./source.ts"
import { uploadSource } from "./upload.ts"

const DATA = Buffer.from("0123456789abcdefghij")

it("a peeked source has its head, and returns any part of its bytes any number of times", async () => {
  const parts = fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(20), { nil: undefined })), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }), fc.boolean(), parts, async (most, size, ranges, wanted) => {
      const raw = sourceOf(DATA, { size })
      // A source without ranges reads its bytes from the beginning.
      const source = await peek(ranges ? raw : { ...raw, ranges: false, open: (from = 0, to) => section(raw.open(), from, to) }, most)
      expect([source.head, source.whole]).toEqual([DATA.subarray(0, most), most > DATA.length])
      for (const [from, to] of wanted) expect((await bytesIn(source.open(from, to))).toString()).toBe(DATA.toString("latin1", from, Math.max(from, to ?? 20)))
    }),
    { numRuns: 500 },
  )
})

it("the first read continues the stream of the head, unless it starts past the head and the source has ranges", async () => {
  const opened: number[] = []
  const source = await peek(sourceOf(DATA, { opened, size: 4 }), 4)
  await bytesIn(source.open(2))
  expect(opened).toEqual([0])
  const other = await peek(sourceOf(DATA, { opened, size: 4 }), 4)
  await bytesIn(other.open(10))
  expect(opened).toEqual([0, 0, 10])
})

it("the stream of the head is closed if no caller reads further", async () => {
  let closed = 0
  async function* bytes(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield DATA
    } finally {
      closed++
    }
  }
  const raw = { ...sourceOf(DATA), open: bytes }
  await (await peek(raw))[Symbol.asyncDispose]()
  expect(closed).toBe(1)
  const read = (await peek(raw)).open()[Symbol.asyncIterator]()
  await read.next()
  await read.return?.()
  expect(closed).toBe(2)
})

it("a part that begins after the last byte is an error", async () => {
  await expect(bytesIn(section(sourceOf(DATA).open(), 21))).rejects.toThrow(PastEnd)
  expect(await bytesIn(section(sourceOf(DATA).open(), 20))).toEqual(Buffer.alloc(0))
  const read = (from = 0) => sourceOf(DATA, { size: 3 }).open(from)
  const upload = await uploadSource("1", { upload: async () => ({ name: "x.csv", bytes: DATA.length, sha256: "ab", read }) } as never)
  expect((await bytesIn(upload.open(4, 9))).toString()).toBe("45678")
  expect((await bytesIn(upload.open(18))).toString()).toBe("ij")
  expect(upload).toMatchObject({ name: "x.csv", mark: "ab", bytes: 20, ranges: true })
  await expect(bytesIn(upload.open(21))).rejects.toThrow(PastEnd)
})
