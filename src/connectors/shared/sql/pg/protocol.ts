import type { Duplex } from "node:stream"
import { PlatformError } from "../../../../core/errors.ts"
import type { Address, Lease, TlsSpec } from "../../../../core/lease.ts"

/** A server, and the product that is expected there. */
export interface Peer extends Address {
  readonly product: string
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

/**
 * Asks for TLS and upgrades the stream (PostgreSQL docs, 55.2.11). The answer is one byte; whatever else comes before
 * the handshake could have been put there by an attacker in between (CVE-2021-23222) and is refused.
 */
export async function startTls(raw: Duplex, { product, ...to }: Peer, tls: TlsSpec, lease: Lease): Promise<Duplex> {
  raw.write(SSL_REQUEST)
  const answer = await firstChunk(raw, product)
  if (answer.length === 1 && answer[0] === 0x53) return lease.secure(raw, to.host, tls)
  raw.destroy()
  if (answer.length === 1 && answer[0] === 0x4e)
    return lease.stage("tls", () =>
      Promise.reject(new PlatformError("tls_unsupported", `The server at ${to.host}:${to.port} does not offer TLS; switch it on there, or choose TLS off.`)),
    )
  throw notSpoken({ product, ...to })
}

function firstChunk(raw: Duplex, product: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      raw.off("data", onData).off("error", onError).off("close", onClose).off("end", onClose)
      work()
    }
    const onData = (chunk: Buffer): void => settle(() => resolve(chunk))
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void =>
      settle(() =>
        reject(
          new PlatformError("protocol_invalid", `The server closed the connection before it answered; check that ${product} listens at this host and port.`),
        ),
      )
    raw.on("data", onData).on("error", onError).on("close", onClose).on("end", onClose)
  })
}

/** The first byte of every answer to the startup message: authentication, error, notice, version negotiation. */
const GREETINGS: ReadonlySet<number> = new Set([0x52, 0x45, 0x4e, 0x76])

/** Bytes of one message of the server at most; a row is one, and the client library holds it whole, more than once. */
const MESSAGE_MAX_BYTES = 64 * 1_048_576
/** Bytes that may come without a row among them: no answer consists of notices and settings without end. */
const QUIET_MAX_BYTES = 2 * MESSAGE_MAX_BYTES
const HEADER_BYTES = 5
/** DataRow and CopyData: the messages that carry rows. */
const ROWS: ReadonlySet<number> = new Set([0x44, 0x64])
/** ErrorResponse and NoticeResponse: fields, each ended by a zero byte, and one more at the end. */
const FIELDS: ReadonlySet<number> = new Set([0x45, 0x4e])

/** The server's request for a login. */
const LOGIN = 0x52
/** Ways of logging in that the client library does not speak, by the number in the request (PostgreSQL docs, 55.7). */
const UNSUPPORTED: ReadonlyMap<number, string> = new Map([
  [2, "Kerberos V5"],
  [6, "SCM credentials"],
  [7, "GSSAPI"],
  [9, "SSPI"],
])

/**
 * Follows a server's messages by their lengths, chunk by chunk, before the client library sees them. The returned listener
 * throws `protocol_invalid` for bytes that are not of the protocol, `auth_failed` for a login that is not supported, and
 * `response_too_large` for a message that is too large to be held.
 */
export function watchMessages(to: Peer): (chunk: Buffer) => void {
  let begun = false
  // Of a request for a login: its bytes so far, and the number that they make.
  let asked = { bytes: 0, number: 0 }
  let type = 0
  let length = 0
  let have = 0
  let rest = 0
  // The message's last two bytes so far.
  let tail = 0
  let quiet = 0
  const header = (byte: number): void => {
    if (!begun && !GREETINGS.has(byte)) throw notSpoken(to)
    begun = true
    // The type, then the length, which counts itself.
    if (have === 0) type = byte
    if (ROWS.has(type)) quiet = 0
    length = have === 0 ? 0 : length * 256 + byte
    if (++have < HEADER_BYTES) return
    have = 0
    tail = 0
    asked = { bytes: 0, number: 0 }
    rest = length - 4
    // The client library would read fields without an end for ever.
    if (rest < 0 || (rest === 0 && FIELDS.has(type))) throw notSpoken(to)
    if (length > MESSAGE_MAX_BYTES)
      throw new PlatformError("response_too_large", `One row is larger than ${MESSAGE_MAX_BYTES / 1_048_576} MiB; select less of it.`)
  }
  const content = (chunk: Buffer, at: number): number => {
    const end = Math.min(at + rest, chunk.length)
    rest -= end - at
    if (type === LOGIN)
      for (let index = at; index < end && asked.bytes < 4; index++) asked = { bytes: asked.bytes + 1, number: asked.number * 256 + (chunk[index] ?? 0) }
    const way = type === LOGIN && rest === 0 ? UNSUPPORTED.get(asked.number) : undefined
    if (way !== undefined) throw unsupported(way)
    for (let index = Math.max(at, end - 2); index < end; index++) tail = ((tail << 8) | (chunk[index] ?? 0)) & 0xffff
    if (rest === 0 && FIELDS.has(type) && tail !== 0) throw notSpoken(to)
    return end
  }
  return (chunk) => {
    quiet += chunk.length
    if (quiet > QUIET_MAX_BYTES)
      throw new PlatformError("protocol_invalid", `The server at ${to.host}:${to.port} sends notices without end and no rows; check host and port.`)
    for (let at = 0; at < chunk.length; ) {
      if (rest > 0) at = content(chunk, at)
      else header(chunk[at++] ?? 0)
    }
  }
}

const unsupported = (way: string): PlatformError =>
  new PlatformError(
    "auth_failed",
    `The server asks for ${way}, which is not supported; let this login in by a password (scram-sha-256 in PostgreSQL's pg_hba.conf).`,
  )

const notSpoken = ({ host, port, product }: Peer): PlatformError =>
  new PlatformError("protocol_invalid", `The server at ${host}:${port} does not speak the protocol of ${product}; check host and port.`)

/** CancelRequest: ends what the session of that key is running (PostgreSQL docs, 55.2.8). */
export function cancelRequest(processId: number, secretKey: number): Buffer {
  const message = Buffer.alloc(16)
  message.writeInt32BE(16, 0)
  message.writeInt32BE(80_877_102, 4)
  message.writeInt32BE(processId, 8)
  message.writeInt32BE(secretKey, 12)
  return message
}

/** StartupMessage of version 3.0 (PostgreSQL docs, 55.7). */
export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(`${Object.entries(parameters).flat().join("\0")}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(head.length + body.length, 0)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, body])
}

/** Whether the server's first answer to a StartupMessage asks for the login; any other answer refuses it. */
export async function letsIn(stream: Duplex, parameters: Readonly<Record<string, string>>, product: string): Promise<boolean> {
  stream.write(startupMessage(parameters))
  const [answer] = await firstChunk(stream, product)
  stream.destroy()
  return answer === 0x52
}
