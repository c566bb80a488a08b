import { Readable } from "node:stream"
import { setTimeout as pause } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { decoded } from "./codings.ts"
import { piecesOf } from "./pieces.ts"

const BROKEN = new Error("the connection broke")

/** A stream that has these pieces. */
function holding(...pieces: readonly Buffer[]): Readable {
  const stream = new Readable({ read: () => undefined })
  for (const piece of pieces) stream.push(piece)
  return stream
}

/** The pieces of a stream that fails when the first of them is read and the others have arrived. */
async function* failing(...pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  const stream = holding(...pieces)
  for await (const piece of piecesOf(stream)) {
    stream.destroy(BROKEN)
    await new Promise((resolve) => setImmediate(resolve))
    yield piece
  }
}

async function read(pieces: AsyncIterable<Buffer>): Promise<{ text: string; error: unknown }> {
  let text = ""
  try {
    for await (const piece of pieces) {
      text += piece.toString()
      // More arrives, and perhaps an error, before the next piece is read.
      await pause(20)
    }
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}

describe("pieces", () => {
  test("all come, in order", async () => {
    expect(await read(piecesOf(Readable.from([Buffer.from("a"), Buffer.from("b")])))).toEqual({ text: "ab", error: undefined })
    expect(await read(piecesOf(Readable.from([])))).toEqual({ text: "", error: undefined })
  })

  test("that arrived come before the error of their stream", async () => {
    expect(await read(failing(Buffer.from("a"), Buffer.from("b")))).toEqual({ text: "ab", error: BROKEN })
  })

  test("of a stream that failed before are its error", async () => {
    const stream = holding()
    stream.destroy(BROKEN)
    await new Promise((resolve) => stream.once("error", resolve))
    expect(await read(piecesOf(stream))).toEqual({ text: "", error: BROKEN })
  })

  test("that nobody wants any more end their stream", async () => {
    const stream = new Readable({ read: () => void stream.push(Buffer.from("x")) })
    for await (const _ of piecesOf(stream)) break
    expect(stream.destroyed).toBe(true)
  })

  test("of a compressed body that breaks are decoded before its error", async () => {
    const whole = gzipSync(Buffer.from("row\n".repeat(20_000)), { level: 0 })
    const { text, error } = await read(decoded(failing(whole.subarray(0, 10), whole.subarray(10, 70_000)), "gzip"))
    expect(error).toBe(BROKEN)
    expect(text.length).toBeGreaterThan(65_000)
  })
})
