/** The sizes in bytes of a dictionary id and of a content size, by their flags (RFC 8878, 3.1.1.1). */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const SKIPPABLE = 0x184d2a50
const SKIPPABLE_MASK = 0xfffffff0
const FRAME = 0xfd2fb528

/**
 * Cuts zstd data where its frames end (RFC 8878, 3.1). Node's decoder drops the bytes that follow a frame in the same
 * chunk, so a chunk must end with the frame. Data that is not zstd passes unchanged; the decoder rejects it.
 */
export async function* cutAtFrames(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new Frames()
  for await (const part of bytes) {
    let begin = 0
    for (let at = 0; at < part.length; ) {
      at = frames.advance(part, at)
      if (!frames.between) continue
      yield part.subarray(begin, at)
      begin = at
    }
    if (begin < part.length) yield part.subarray(begin)
  }
}

type Expected = "magic" | "descriptor" | "skippable size" | "block" | "content" | "last content" | "anything"

/** Follows the headers of frames and blocks, and skips their contents. */
class Frames {
  #expected: Expected = "magic"
  /** The remaining bytes of the header that is being collected, or of the content that is being skipped. */
  #left = 4
  #header: number[] = []
  #checksum = 0

  /** Whether the last byte taken was the last one of a frame. */
  get between(): boolean {
    return this.#expected === "magic" && this.#header.length === 0
  }

  /** Takes bytes from `at` on; returns the offset where it stopped, at the latest after the frame. */
  advance(part: Buffer, at: number): number {
    if (this.#expected === "anything") return part.length
    if (this.#expected === "content" || this.#expected === "last content") {
      const taken = Math.min(this.#left, part.length - at)
      this.#left -= taken
      if (this.#left === 0) this.#expect(this.#expected, 0)
      return at + taken
    }
    this.#header.push(part[at] as number)
    if (this.#header.length === this.#left) this.#read(Buffer.from(this.#header))
    return at + 1
  }

  #expect(expected: Expected, left: number): void {
    this.#header = []
    // Content of zero bytes is followed immediately by the next header.
    if (left > 0 || expected === "anything") [this.#expected, this.#left] = [expected, left]
    else if (expected === "content") this.#expect("block", 3)
    else this.#expect("magic", 4)
  }

  #read(header: Buffer): void {
    if (this.#expected === "magic") this.#readMagic(header.readUInt32LE(0))
    else if (this.#expected === "skippable size") this.#expect("last content", header.readUInt32LE(0))
    else if (this.#expected === "descriptor") this.#readDescriptor(header.readUInt8(0))
    else this.#readBlock(header.readUIntLE(0, 3))
  }

  #readMagic(magic: number): void {
    if (magic === FRAME) this.#expect("descriptor", 1)
    else if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) this.#expect("skippable size", 4)
    else this.#expect("anything", 0)
  }

  #readDescriptor(flags: number): void {
    const single = (flags >> 5) & 1
    this.#checksum = (flags >> 2) & 1 ? 4 : 0
    const contentSize = CONTENT_SIZE_BYTES[flags >> 6] || single
    this.#expect("content", (DICTIONARY_BYTES[flags & 3] ?? 0) + contentSize + (single ? 0 : 1))
  }

  #readBlock(block: number): void {
    // A block of one repeated byte (type 1) contains only that byte.
    const size = ((block >> 1) & 3) === 1 ? 1 : block >> 3
    if (block & 1) this.#expect("last content", size + this.#checksum)
    else this.#expect("content", size)
  }
}
