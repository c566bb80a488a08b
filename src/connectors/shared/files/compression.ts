import { pipeline, Readable } from "node:stream"
import { constants, createGunzip, createZstdDecompress } from "node:zlib"
import { PlatformError } from "../../../core/errors.ts"
import { type ByteSource, type Peeked, peek, section } from "./source.ts"
import { cutAtFrames } from "./zstd-frames.ts"

export type Compression = "none" | "gzip" | "zstd"
type Compressed = Exclude<Compression, "none">

/** First bytes: RFC 1952, 2.3.1, and RFC 8878, 3.1.1 (a frame) and 3.1.2 (a skippable frame). */
const MAGIC_BYTES = 4
const compressionOf = (head: Buffer): Compression => {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip"
  if (head.length < MAGIC_BYTES) return "none"
  const magic = head.readUInt32LE(0)
  return magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50 ? "zstd" : "none"
}

/** A file that decompresses to more than this, and to more than 200 times its size, is treated as a bomb. */
const FREE_BYTES = 256 * 1_048_576
const MOST_RATIO = 200
/** 2^23 bytes, the window that RFC 8878, 3.1.1.1.2, recommends every decoder to support; with more, a file could exhaust the memory. */
const ZSTD_WINDOW_LOG = 23

/** A file may be compressed twice, for example by a server that compresses every response. */
const MOST_LAYERS = 2

/** Removes a source's compressions, recognized by the first bytes; outermost first. A compressed source no longer supports ranges. */
export async function decompressed(source: ByteSource): Promise<{ readonly source: Peeked; readonly compressions: readonly Compressed[] }> {
  const raw = await peek(source, MAGIC_BYTES)
  const compressions: Compressed[] = []
  for (let peeked = raw; ; ) {
    const compression = compressionOf(peeked.head)
    if (compression === "none") return { source: compressions.length === 0 ? await peek(raw) : peeked, compressions }
    if (compressions.length === MOST_LAYERS)
      throw new PlatformError("response_invalid", `The file ${source.name} is compressed more than twice; compress it once.`)
    compressions.push(compression)
    peeked = await peek(wrapped(raw, [...compressions]))
  }
}

const wrapped = (source: ByteSource, compressions: readonly Compressed[]): ByteSource => ({
  name: source.name,
  mark: source.mark,
  contentType: source.contentType,
  ranges: false,
  open: (from = 0, to) => section(decoded(source, compressions), from, to),
  [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
})

/** Counts the bytes of the source as they are read. */
interface Taken {
  bytes: number
}

function decoded(source: ByteSource, compressions: readonly Compressed[]): AsyncIterable<Buffer> {
  const taken: Taken = { bytes: 0 }
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const part of source.open()) {
      taken.bytes += part.length
      yield part
    }
  }
  return compressions.reduce<AsyncIterable<Buffer>>((bytes, compression) => layer(bytes, compression, taken, source.name), counted())
}

/** Removes one compression. The ratio is measured against the bytes of the source, so that two layers allow no more than one. */
async function* layer(bytes: AsyncIterable<Buffer>, compression: Compressed, taken: Taken, name: string): AsyncGenerator<Buffer> {
  let given = 0
  const gzip = compression === "gzip"
  const decoder = gzip ? createGunzip() : createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } })
  // The loop below throws the errors of both streams; without the callback they would be unhandled as well.
  pipeline(Readable.from(gzip ? bytes : cutAtFrames(bytes), { objectMode: true, highWaterMark: 1 }), decoder, () => undefined)
  try {
    for await (const part of decoder as AsyncIterable<Buffer>) {
      given += part.length
      if (given > FREE_BYTES && given > taken.bytes * MOST_RATIO)
        throw new PlatformError("response_too_large", `The file ${name} decompresses to more than ${MOST_RATIO} times its size; send it uncompressed.`)
      yield part
    }
  } catch (error) {
    throw explained(error, name, compression)
  }
}

/** Converts zlib's errors to ours; returns any other error unchanged. */
function explained(error: unknown, name: string, compression: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  if (code === "ZSTD_error_frameParameter_windowTooLarge")
    return new PlatformError(
      "response_invalid",
      `The zstd compression of ${name} needs a window of more than 8 MiB; compress it at level 19 or lower, without --long.`,
      {
        cause: error,
      },
    )
  if (!code.startsWith("Z_") && !code.startsWith("ZSTD_")) return error
  return new PlatformError("response_invalid", `The ${compression} compression of ${name} is broken or cut off; send the file again.`, { cause: error })
}
