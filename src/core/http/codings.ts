import { pipeline, Readable, type Transform } from "node:stream"
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib"
import { PlatformError } from "../errors.ts"
import { piecesOf } from "./pieces.ts"

/** The decoders of the content codings; the first two bytes of the body decide the variant. */
const DECODERS: Readonly<Record<string, (first: Buffer) => Transform>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: (first) => (isZlib(first) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  // RFC 9659: a window of at most 8 MiB, which bounds the memory.
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
}
/** Values that some servers send although they are not codings. */
const NONE: ReadonlySet<string> = new Set(["", "identity", "none", "utf-8", "utf8", "binary", "8bit"])
const MOST = 2

/**
 * Decodes a body by the value of its `Content-Encoding` (RFC 9110, 8.4.1). An empty body stays empty, whatever the header says. `deflate` is read with
 * the zlib wrapper, as the RFC defines it, and without it, as some servers send it.
 */
export function decoded(body: AsyncIterable<Buffer>, header: string): AsyncIterable<Buffer> {
  const codings = header
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => !NONE.has(coding))
  if (codings.length > MOST || codings.some((coding) => DECODERS[coding] === undefined))
    throw new PlatformError(
      "response_invalid",
      `The answer is encoded as ${codings.join(", ").slice(0, 60)}, which the hub cannot read; ask the server for gzip, deflate, br or zstd.`,
    )
  return codings.reduceRight(decode, body)
}

async function* decode(body: AsyncIterable<Buffer>, coding: string): AsyncGenerator<Buffer> {
  const rest = body[Symbol.asyncIterator]()
  let first = Buffer.alloc(0)
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    first = Buffer.concat([first, next.value])
    if (first.length >= 2) break
  }
  const decoder = first.length === 0 ? undefined : DECODERS[coding]?.(first)
  if (decoder === undefined) return
  let broken: unknown
  const whole = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* joined(first, rest)
    } catch (error) {
      // What arrived before is decoded first.
      broken = error
    }
  }
  pipeline(Readable.from(whole()), decoder, () => undefined)
  try {
    yield* piecesOf(decoder)
  } catch (error) {
    throw broken ?? error
  }
  if (broken !== undefined) throw broken
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** Whether the first two bytes are a zlib header (RFC 1950, 2.2): compression method 8 and a valid checksum. */
const isZlib = (first: Buffer): boolean => first.length >= 2 && (first.readUInt8(0) & 15) === 8 && first.readUInt16BE(0) % 31 === 0
