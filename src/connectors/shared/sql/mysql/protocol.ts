import type { Duplex } from "node:stream"
import type { Connection } from "mysql2"
import { PlatformError } from "../../../../core/errors.ts"
import type { Address, Lease, TlsSpec } from "../../../../core/lease.ts"

/** The most bytes of one packet, including its continuations. A row is one packet, and the client library holds several copies of it. */
const PACKET_MAX_BYTES = 64 * 1_048_576
/** The most bytes that may arrive before a row is consumed. It limits endless columns, endless results, and results that are held as a whole. */
const QUIET_MAX_BYTES = 2 * PACKET_MAX_BYTES
const HEADER_BYTES = 4
const CONTINUED = 0xffffff
/** The first byte of a server's first packet: its greeting (protocol 10, since 1998) or an error. */
const GREETINGS: ReadonlySet<number> = new Set([0x0a, 0xff])

/** Checks the bytes that a server sends before the client library reads them. */
export interface Watch {
  /** A listener for data; throws `protocol_invalid` or `response_too_large`. */
  readonly see: (chunk: Buffer) => void
  /** Resets the count of bytes received without a row, because a row arrived or a command begins. */
  readonly rested: () => void
}

/**
 * Follows a server's packets by their lengths (MySQL docs, Protocol Basics). `greetingAlone`: TLS follows, and an attacker could have
 * inserted any bytes that arrive unencrypted after the greeting. `greeted`: the greeting has been received already.
 */
export function watchPackets(to: Address, greetingAlone: boolean, greeted = false): Watch {
  let packets = greeted ? 1 : 0
  let length = 0
  let whole = 0
  let have = 0
  let rest = 0
  let quiet = 0
  let fresh = true
  const header = (byte: number): void => {
    if (have === 3 && packets === 0 && byte !== 0) throw notMysql(to)
    if (have < 3) length += byte * 256 ** have
    if (++have < HEADER_BYTES) return
    have = 0
    rest = length
    whole = fresh ? length : whole + length
    if (whole > PACKET_MAX_BYTES)
      throw new PlatformError("response_too_large", `One row is larger than ${PACKET_MAX_BYTES / 1_048_576} MiB; select less of it.`)
    if (rest === 0) ended()
  }
  const ended = (): void => {
    fresh = length < CONTINUED
    if (fresh) packets++
    length = 0
  }
  const content = (chunk: Buffer, at: number): number => {
    if (packets === 0 && fresh && rest === length && !GREETINGS.has(chunk[at] ?? 0)) throw notMysql(to)
    const end = Math.min(at + rest, chunk.length)
    rest -= end - at
    if (rest === 0) ended()
    return end
  }
  const see = (chunk: Buffer): void => {
    quiet += chunk.length
    if (quiet > QUIET_MAX_BYTES)
      throw new PlatformError("protocol_invalid", `The server at ${to.host}:${to.port} sends data without end and no row; check host and port.`)
    for (let at = 0; at < chunk.length; ) {
      if (packets === 1 && greetingAlone) throw notMysql(to)
      if (rest > 0) at = content(chunk, at)
      else header(chunk[at++] ?? 0)
    }
  }
  const rested = (): void => {
    quiet = 0
  }
  return { see, rested }
}

const notMysql = ({ host, port }: Address): PlatformError =>
  new PlatformError("protocol_invalid", `The server at ${host}:${port} does not speak MySQL's protocol; check host and port.`)

/** Members of the client library's connection that its types do not show. */
interface Internals {
  stream: Duplex
  sequenceId: number
  readonly _command: unknown
  readonly _paused: boolean
  readonly _closing: boolean
  readonly packetParser: { execute(chunk: Buffer): unknown }
  handlePacket(packet?: Packet): void
  startTLS(onSecure: (error?: Error) => void): void
  _handleNetworkError(error: Error): void
}
interface Packet {
  readonly sequenceId: number
  isError(): boolean
  readLengthCodedNumberExt: (this: Packet, tag: number | undefined, ...more: unknown[]) => unknown
}

/**
 * Replaces the client library's TLS by the lease's, which has a stage of its own and checks chain and name. The library requests TLS and
 * then calls `startTLS`, whose original version does not check the name. Returns the watch over the decrypted bytes.
 */
export function secureByLease(connection: Connection, to: Address, tls: TlsSpec, lease: Lease): Watch {
  const inner = connection as unknown as Internals
  const watch = watchPackets(to, false, true)
  inner.startTLS = (onSecure) => {
    const raw = inner.stream
    const closed = raw.listeners("close") as (() => void)[]
    // The handshake, and later the encrypted stream, report the errors of the raw stream.
    for (const event of ["data", "end", "error", "close"]) raw.removeAllListeners(event)
    raw.on("error", () => undefined)
    const secured = lease.socket(() => lease.secure(raw, to.host, tls))
    secured.on("data", watch.see)
    secured.on("data", (chunk: Buffer) => inner.packetParser.execute(chunk))
    for (const listener of closed) secured.on("close", listener)
    let begun = false
    // The library overwrites the code of this error, so our error is its cause.
    secured.on("error", (cause: Error) => (begun ? inner._handleNetworkError(cause) : onSecure(new Error("TLS failed", { cause }))))
    secured.once("connect", () => {
      begun = true
      onSecure()
    })
    inner.stream = secured
    secured.connect(to.port, to.host)
  }
  return watch
}

/** Closes the connection at packets out of order and at invalid lengths, for which the client library would only print a warning to the console. */
export function keepOrder(connection: Connection, to: Address): void {
  const inner = connection as unknown as Internals
  const handle = inner.handlePacket.bind(connection)
  let readLength: Packet["readLengthCodedNumberExt"] | undefined
  const readWell: Packet["readLengthCodedNumberExt"] = function (tag, ...more) {
    if (tag === undefined || tag === 0xff) throw notMysql(to)
    return readLength?.call(this, tag, ...more)
  }
  inner.handlePacket = (packet) => {
    if (packet !== undefined && packet.readLengthCodedNumberExt !== readWell) {
      readLength ??= packet.readLengthCodedNumberExt
      packet.readLengthCodedNumberExt = readWell
    }
    if (packet !== undefined && inner._command && !inner._paused && packet.sequenceId !== inner.sequenceId) {
      // A server that ends the session (at a shutdown, or after too long idle) restarts its count at 0.
      if (!packet.isError()) throw notMysql(to)
      inner.sequenceId = packet.sequenceId
    }
    handle(packet)
  }
}

/** Whether the connection is closing, so that it accepts no more commands. */
export const isClosing = (connection: Connection): boolean => (connection as unknown as Internals)._closing
