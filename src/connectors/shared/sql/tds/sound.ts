import { kept } from "../../kept.ts"
import type { Helpers, Result } from "./exact.ts"
import { PACKET_BYTES } from "./packets.ts"

interface MessageIo {
  packetSize(size?: number): number
}
type Parse = (bytes: Buffer, offset: number, options: unknown) => Result
interface Parser {
  parseToken(parse: Parse): unknown
}
interface Class<T> {
  readonly prototype: T
}

/** The least that a login may ask for (MS-TDS, LOGIN7, PacketSize). */
const LEAST_PACKET_BYTES = 512
/** The changes of a session that the client library reads (MS-TDS, ENVCHANGE). */
const CHANGES: ReadonlySet<number | undefined> = new Set([1, 2, 3, 4, 7, 8, 9, 10, 13, 18, 20])

/**
 * Makes the client library sound against what servers say. One that says that packets have 8 bytes would make it cut its next message into
 * packets without content, for ever; one that changes what the library does not know would fill the hub's log, since it prints each.
 */
export const soundLibrary = kept(async () => {
  const io = ((await import("tedious/lib/message-io.js" as string)) as { default: Class<MessageIo> }).default
  const parser = ((await import("tedious/lib/token/stream-parser.js" as string)) as { default: Class<Parser> }).default
  const changed = ((await import("tedious/lib/token/env-change-token-parser.js" as string)) as { default: Parse }).default
  const helpers = ((await import("tedious/lib/token/helpers.js" as string)) as { default: Helpers }).default
  const { packetSize } = io.prototype
  io.prototype.packetSize = function (size) {
    return size === undefined || !(size >= LEAST_PACKET_BYTES && size <= PACKET_BYTES) ? packetSize.call(this) : packetSize.call(this, size)
  }

  const { parseToken } = parser.prototype
  const quietly: Parse = (bytes, offset, options) => {
    if (bytes.length < offset + 3 || CHANGES.has(bytes[offset + 2])) return changed(bytes, offset, options)
    const end = offset + 2 + bytes.readUInt16LE(offset)
    if (bytes.length < end) throw new helpers.NotEnoughDataError(end)
    return new helpers.Result(undefined, end)
  }
  parser.prototype.parseToken = function (parse) {
    return parseToken.call(this, parse === changed ? quietly : parse)
  }
})
