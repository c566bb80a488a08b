import { randomBytes } from "node:crypto"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { CHUNK_BYTES, chunksOf } from "./chunks.ts"

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

describe("the chunks of a body", () => {
  it.each([1_000, 65_536, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])("hold what came in pieces of %i bytes", async (size) => {
    for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 5]) {
      const bytes = randomBytes(length)
      const chunks: Buffer[] = []
      for await (const chunk of chunksOf(inPieces(bytes, size))) chunks.push(chunk)
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
      expect(chunks.slice(0, -1).every((chunk) => chunk.length === CHUNK_BYTES)).toBe(true)
      expect(chunks.length).toBe(Math.ceil(length / CHUNK_BYTES))
    }
  })

  it("take no more than they are, in however small pieces they come", async () => {
    const PIECES = 200_000
    // What is held, without what is only not collected yet.
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as () => void
    const held = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = held()
    let more = 0
    async function* bytes(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < PIECES; sent++) yield Buffer.alloc(1)
      more = held() - before
    }
    for await (const chunk of chunksOf(bytes())) expect(chunk.length).toBe(PIECES)
    expect(more).toBeLessThan(4 * 1_048_576)
  })
})
