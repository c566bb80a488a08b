/** The size of every chunk of an upload but the last. One chunk is in memory at a time. */
export const CHUNK_BYTES = 1024 * 1024
const FIRST_BYTES = 16 * 1024

/**
 * The body in pieces of exactly `CHUNK_BYTES`, except the last. Bytes are copied together at once, because a buffer of one byte
 * takes about two hundred bytes of memory.
 */
export async function* chunksOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunk: Buffer = Buffer.alloc(0)
  let length = 0
  for await (const piece of body) {
    for (let rest = piece; rest.length > 0; ) {
      chunk = withRoom(chunk, length, rest.length)
      const taken = rest.copy(chunk, length)
      length += taken
      rest = rest.subarray(taken)
      if (length < CHUNK_BYTES) continue
      yield chunk
      chunk = Buffer.alloc(0)
      length = 0
    }
  }
  if (length > 0) yield chunk.subarray(0, length)
}

/** The same bytes in a buffer with room for more. It doubles each time, so that a small upload takes little memory. */
function withRoom(chunk: Buffer, length: number, more: number): Buffer {
  const wanted = Math.min(CHUNK_BYTES, length + more)
  if (chunk.length >= wanted) return chunk
  const larger = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(FIRST_BYTES, 2 * chunk.length, wanted)))
  chunk.copy(larger, 0, 0, length)
  return larger
}
