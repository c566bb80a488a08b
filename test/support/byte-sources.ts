import { type ByteSource, PastEnd } from "../../src/connectors/shared/files/source.ts"

/** Bytes in memory as a source that gives them in pieces of `size`; `opened` counts how often, and from where. */
export function sourceOf(bytes: Buffer, more: { size?: number; name?: string; mark?: string; ranges?: boolean; opened?: number[] } = {}): ByteSource {
  const { size = 65_536, name = "x.csv", mark = "1", ranges = true, opened = [] } = more
  return {
    name,
    mark,
    ranges,
    bytes: bytes.length,
    async *open(from = 0, to = bytes.length) {
      opened.push(from)
      if (from > bytes.length) throw new PastEnd("past the end")
      for (let at = from; at < to; at += size) yield bytes.subarray(at, Math.min(to, at + size))
    },
    async [Symbol.asyncDispose]() {},
  }
}

export async function bytesIn(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}
