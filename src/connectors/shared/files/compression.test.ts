import { constants, gzipSync, zstdCompressSync } from "node:zlib"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bytesIn, sourceOf } from "../../../../test/support/byte-sources.ts"
import { decompressed } from "./compression.ts"

const skippable = (bytes: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a53, 0)
  head.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([head, bytes])
}
const frame = (bytes: Buffer, params: Record<number, number | boolean> = {}): Buffer => zstdCompressSync(bytes, { params: params as Record<number, number> })

/** The bytes of a source without its compression, all of them. */
async function plain(bytes: Buffer, size = 65_536): Promise<string> {
  const { source } = await decompressed(sourceOf(bytes, { size }))
  return (await bytesIn(source.open())).toString("latin1")
}

describe("compression is recognized by the first bytes", () => {
  it.each<[string, Buffer]>([
    ["none", Buffer.from("hello")],
    ["none", Buffer.from("x")],
    ["gzip", gzipSync("hello")],
    ["zstd", frame(Buffer.from("hello"))],
    ["zstd", Buffer.concat([skippable(Buffer.from("note")), frame(Buffer.from("hello"))])],
  ])("%s", async (wanted, bytes) => {
    const { source, compressions } = await decompressed(sourceOf(bytes))
    expect([compressions[0] ?? "none", source.name, source.ranges]).toEqual([wanted, "x.csv", wanted === "none"])
    expect(["hello", "x"]).toContain((await bytesIn(source.open())).toString())
    expect(source.head.toString()).toBe((await bytesIn(source.open())).toString())
  })
})

describe("everything that was compressed is decompressed", () => {
  const part = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  it("from any number of gzip members, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 50 }), async (parts, size) => {
        expect(await plain(Buffer.concat(parts.map((each) => gzipSync(each))), size)).toBe(Buffer.concat(parts).toString("latin1"))
      }),
      { numRuns: 100 },
    )
  })

  it("from any number of zstd frames, including skippable ones, cut anywhere", async () => {
    const kinds = [
      {},
      { [constants.ZSTD_c_checksumFlag]: true },
      { [constants.ZSTD_c_contentSizeFlag]: false },
      { [constants.ZSTD_c_windowLog]: 10, [constants.ZSTD_c_checksumFlag]: true },
    ]
    const each = fc.tuple(part, fc.constantFrom(...kinds), fc.boolean(), fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(each, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 50 }), async (parts, size) => {
        const bytes = Buffer.concat(
          parts.flatMap(([data, kind, repeated, skip]) => [...(skip ? [skippable(data)] : []), frame(repeated ? Buffer.alloc(5_000, "a") : data, kind)]),
        )
        expect(await plain(bytes, size)).toBe(Buffer.concat(parts.map(([data, , repeated]) => (repeated ? Buffer.alloc(5_000, "a") : data))).toString("latin1"))
      }),
      { numRuns: 150 },
    )
  })

  it("from frames with many blocks", async () => {
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, index) => (index * 7919) % 251))
    const twice = Buffer.concat([frame(bytes), frame(bytes)])
    for (const size of [1_000, 65_536, twice.length]) expect((await plain(twice, size)).length).toBe(2 * bytes.length)
  })
})

describe("an incomplete compression is an error that names the file", () => {
  const bytes = Buffer.from("some text that is long enough\n".repeat(100))
  it.each<[string, Buffer, RegExp]>([
    ["gzip cut off", gzipSync(bytes).subarray(0, 40), /gzip compression of x\.csv is broken or cut off/],
    ["zstd cut off", frame(bytes).subarray(0, 40), /zstd compression of x\.csv is broken or cut off/],
    ["a second zstd frame cut off", Buffer.concat([frame(bytes), frame(bytes).subarray(0, 40)]), /zstd compression of x\.csv is broken or cut off/],
    ["text after gzip", Buffer.concat([gzipSync(bytes), Buffer.from("junk")]), /gzip compression/],
    ["text after zstd", Buffer.concat([frame(bytes), Buffer.from("junk")]), /zstd compression/],
    ["a window of 128 MiB", frame(Buffer.alloc(200 * 1_048_576, "ab"), { [constants.ZSTD_c_windowLog]: 27 }), /window of more than 8 MiB/],
  ])("%s", async (_, broken, says) => {
    await expect(plain(broken)).rejects.toMatchObject({ code: "response_invalid", message: expect.stringMatching(says) })
  })
})

it.each([
  ["gzip", (bytes: Buffer) => gzipSync(bytes)],
  ["zstd", (bytes: Buffer) => frame(bytes)],
])("a %s bomb is rejected, and a small file of one repeated letter is read", async (_, pack) => {
  const bomb = pack(Buffer.alloc(300 * 1_048_576, "x"))
  let given = 0
  const read = async (bytes: Buffer): Promise<void> => {
    given = 0
    const { source } = await decompressed(sourceOf(bytes))
    for await (const part of source.open()) given += part.length
  }
  await expect(read(bomb)).rejects.toMatchObject({ code: "response_too_large" })
  expect(given).toBeLessThan(260 * 1_048_576)
  await read(pack(Buffer.alloc(10 * 1_048_576, "x")))
  expect(given).toBe(10 * 1_048_576)
})
