import type { Readable } from "node:stream"
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib"
import { PlatformError } from "../errors.ts"
import { explained } from "./errors.ts"

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

export interface ReadOptions {
  /** Bytes at most, after decompression. */
  readonly maxBytes: number
  /** A longer body is cut there; without it, it is `response_too_large`. */
  readonly cut?: boolean
  /** Told of each piece as it comes over the network, before decompression. */
  count?(bytes: number): void
}

/** Reads a body through its content codings, and stops at the cap, so that a small bomb stays small. */
export async function readBody(body: Readable, headers: Readonly<Record<string, string>>, { maxBytes, cut = false, count }: ReadOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    const plain = decoded(body, headers)
    // A body that is piped into a decoder is counted on its way there; listening to one that is read here would take its data away.
    if (plain !== body) body.on("data", (chunk: Buffer) => count?.(chunk.length))
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      if (plain === body) count?.(chunk.length)
      length += chunk.length
      chunks.push(chunk)
      if (length <= maxBytes) continue
      if (!cut) throw new PlatformError("response_too_large", `The answer is larger than ${Math.floor(maxBytes / 1_048_576)} MiB; ask for less.`)
      giveUp(body)
      break
    }
  } catch (error) {
    giveUp(body)
    throw explained(error)
  }
  return Buffer.concat(chunks, Math.min(length, maxBytes))
}

/** Ends a body that nobody will read; what it says afterwards is not heard. */
export const giveUp = (body: Readable): void => void body.on("error", () => undefined).destroy()

function decoded(body: Readable, headers: Readonly<Record<string, string>>): NodeJS.ReadableStream {
  const codings = (headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity")
    .reverse()
  if (codings.length > 2 || codings.some((coding) => DECODERS[coding] === undefined))
    throw new PlatformError(
      "response_invalid",
      `The answer is encoded as ${codings.join(", ").slice(0, 60)}, which the hub cannot read; ask the server for gzip, deflate or br.`,
    )
  let stream: NodeJS.ReadableStream = body
  for (const coding of codings) {
    const decoder = DECODERS[coding]?.() as NodeJS.ReadWriteStream
    const source = stream
    source.once("error", (error: Error) => (decoder as unknown as Readable).destroy(error))
    stream = source.pipe(decoder)
  }
  return stream
}
