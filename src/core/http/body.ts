import type { Readable } from "node:stream"
import { PlatformError } from "../errors.ts"
import { decoded } from "./codings.ts"
import { explained } from "./errors.ts"

export interface ReadOptions {
  /** The maximum number of bytes after decompression. */
  readonly maxBytes: number
  /** A longer body is cut there; without it, it is `response_too_large`. */
  readonly cut?: boolean
  /** Waits for room for a large body, once its beginning has arrived. */
  room?(): Promise<void>
  /** Told of each piece as it comes over the network, before decompression. */
  count?(bytes: number): void
}

/** Bytes of a body that is large. */
const LARGE = 262_144

/** Reads a body through its content codings, and stops at the cap, so that a small bomb stays small. */
export async function readBody(
  body: Readable,
  headers: Readonly<Record<string, string>>,
  { maxBytes, cut = false, count, room }: ReadOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of decoded(counted(body, count), headers["content-encoding"] ?? "")) {
      length += chunk.length
      chunks.push(chunk)
      if (length > LARGE) await room?.()
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

/** Ends a body that is not read; its later errors are ignored. */
export const giveUp = (body: Readable): void => void body.on("error", () => undefined).destroy()

async function* counted(body: AsyncIterable<Buffer>, count: ReadOptions["count"]): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    count?.(chunk.length)
    yield chunk
  }
}
