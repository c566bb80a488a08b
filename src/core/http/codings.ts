import { pipeline, Readable, type Transform } from "node:stream"
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from "node:zlib"
import { PlatformError } from "../errors.ts"

/** The decoder of a content coding, by the first two bytes of the body. */
const DECODERS: Readonly<Record<string, (first: Buffer) => Transform>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: (first) => (isZlib(first) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  // RFC 9659: a window of at most 8 MiB, which bounds the memory.
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
}
/** Values that some servers send and that name no coding. */
const NONE: ReadonlySet<string> = new Set(["", "identity", "none", "utf-8", "utf8", "binary", "8bit"])
const MOST = 2

/**
 * The bytes of a body without its content codings (RFC 9110, 8.4.1), from the value of its `Content-Encoding`. An empty body stays empty, whatever the
 * header says. `deflate` is read in the format of zlib, as the RFC has it, and without its wrapper, as some servers send it.
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
  // The decoder fails with the body, and its reader is told.
  pipeline(Readable.from(joined(first, rest)), decoder, () => undefined)
  yield* decoder as AsyncIterable<Buffer>
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** RFC 1950, 2.2: compression method 8, and a check over the first two bytes. */
const isZlib = (first: Buffer): boolean => first.length >= 2 && (first.readUInt8(0) & 15) === 8 && first.readUInt16BE(0) % 31 === 0
