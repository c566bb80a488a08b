import { Readable } from "node:stream"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { failure } from "../../../test/support/failure.ts"
import { readBody } from "./body.ts"

const TEXT = '{"a": "ä", "pad": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'
/** Pieces of so many bytes, as a network may cut them. */
const read = async (bytes: Buffer, coding: string, size = 3, maxBytes = 1_000): Promise<string> => {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
  return (await readBody(Readable.from(pieces), { "content-encoding": coding }, { maxBytes })).toString()
}

describe("a body", () => {
  test.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["GZIP", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
    ["gzip, gzip", (text: string) => gzipSync(gzipSync(text))],
    ["deflate, br", (text: string) => brotliCompressSync(deflateRawSync(text))],
    ["identity, gzip", gzipSync],
    ["", Buffer.from],
    ["identity", Buffer.from],
    ["UTF-8", Buffer.from],
    ["none", Buffer.from],
  ] as const)("encoded as %j is read, in pieces of any size", async (coding, pack) => {
    for (const size of [1, 2, 3, 10_000]) expect(await read(pack(TEXT), coding, size)).toBe(TEXT)
  })

  test.each(["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, br", "identity"])("without a byte is empty, encoded as %s", async (coding) =>
    expect(await read(Buffer.alloc(0), coding)).toBe(""),
  )

  test.each([
    ["gzip", gzipSync(TEXT).subarray(0, 20)],
    ["gzip", Buffer.from("plain")],
    ["gzip", Buffer.from("x")],
    ["deflate", Buffer.from([0xff, 0xff, 0xff])],
    ["deflate", deflateRawSync(TEXT).subarray(0, 20)],
    ["br", brotliCompressSync(TEXT).subarray(0, 20)],
    ["zstd", zstdCompressSync(TEXT).subarray(0, 20)],
    ["zstd", Buffer.from("plain text")],
    ["compress", Buffer.from(TEXT)],
    ["gzip, gzip, gzip", gzipSync(TEXT)],
  ])("that is no %s is response_invalid", async (coding, bytes) => {
    expect((await failure(read(bytes, coding))).code).toBe("response_invalid")
  })

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const)("of %s is read no further than its cap", async (coding, pack) => {
    expect((await failure(read(pack(Buffer.alloc(64 * 1_048_576)), coding, 10_000, 65_536))).code).toBe("response_too_large")
  })
})
