import { Duplex } from "node:stream"
import { PlatformError } from "../../../../core/errors.ts"
import type { Address } from "../../../../core/lease.ts"

/** The types of packets that the handshake needs (MS-TDS, 2.2.3.1.1). */
export const PRELOGIN = 0x12
const RESPONSE = 0x04
const HEADER_BYTES = 8
const LAST = 0x01
/** The size of packets before a login agrees on another one (MS-TDS, 2.2.3.1); ours agree on no other. */
export const PACKET_BYTES = 4_096
/** A server's answer to PRELOGIN has a few dozen bytes. */
const ANSWER_MAX_BYTES = 65_536

/** A message as packets of that type. */
export function packets(type: number, message: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at === 0 || at < message.length; at += PACKET_BYTES - HEADER_BYTES) {
    const body = message.subarray(at, at + PACKET_BYTES - HEADER_BYTES)
    const last = at + body.length >= message.length
    const header = Buffer.from([type, last ? LAST : 0, 0, 0, 0, 0, parts.length / 2 + 1, 0])
    header.writeUInt16BE(HEADER_BYTES + body.length, 2)
    parts.push(header, body)
  }
  return Buffer.concat(parts)
}

/** The first whole message in these bytes; undefined if more bytes are needed. Throws `protocol_invalid` for bytes that are no packets of that type. */
export function messageIn(bytes: Buffer, type: number, to: Address): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; bytes.length - at >= HEADER_BYTES; ) {
    const length = bytes.readUInt16BE(at + 2)
    if (bytes[at] !== type || length < HEADER_BYTES || at > ANSWER_MAX_BYTES) throw notTds(to)
    if (bytes.length - at < length) break
    parts.push(bytes.subarray(at + HEADER_BYTES, at + length))
    if (((bytes[at + 1] ?? 0) & LAST) !== 0) return Buffer.concat(parts)
    at += length
  }
  // Other servers are recognised by their first byte, since they may not send a second one.
  if (bytes.length > 0 && bytes[0] !== type) throw notTds(to)
  return undefined
}

export const notTds = ({ host, port }: Address): PlatformError =>
  new PlatformError("protocol_invalid", `The server at ${host}:${port} does not speak SQL Server's protocol; check host and port.`)

/** Reads the server's answer to PRELOGIN. */
export async function answerOf(raw: Duplex, to: Address): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  for (;;) {
    const chunk = raw.read() as Buffer | null
    if (chunk !== null) bytes = Buffer.concat([bytes, chunk])
    const message = messageIn(bytes, RESPONSE, to)
    if (message !== undefined) return message
    if (chunk === null) await readable(raw, to)
  }
}

async function readable(raw: Duplex, { host, port }: Address): Promise<void> {
  const lost = (cause?: unknown): PlatformError =>
    new PlatformError("connection_lost", `The server at ${host}:${port} closed the connection before the login; check host and port.`, { cause })
  if (raw.errored) throw raw.errored
  if (raw.readableEnded || raw.destroyed) throw lost()
  await new Promise<void>((resolve, reject) => {
    const listeners = { readable: () => done(), end: () => done(lost()), close: () => done(lost()), error: (error: Error) => done(error) }
    const done = (error?: Error): void => {
      for (const [event, listener] of Object.entries(listeners)) raw.off(event, listener)
      if (error === undefined) resolve()
      else reject(error)
    }
    for (const [event, listener] of Object.entries(listeners)) raw.on(event, listener)
  })
}

/** Carries a TLS handshake in PRELOGIN messages (MS-TDS, 3.2.5.1); after `bare()` bytes pass as they are. */
export class Framed extends Duplex {
  readonly #raw: Duplex
  readonly #to: Address
  #framed = true
  #bytes = Buffer.alloc(0)

  constructor(raw: Duplex, to: Address) {
    super({ allowHalfOpen: false })
    this.#raw = raw
    this.#to = to
    raw.on("data", (chunk: Buffer) => this.#take(chunk))
    raw.on("end", () => this.push(null))
    raw.on("error", (error) => this.destroy(error))
    raw.on("close", () => this.destroy())
  }

  bare(): void {
    this.#framed = false
    if (this.#bytes.length > 0) this.push(this.#bytes)
  }

  #take(chunk: Buffer): void {
    if (!this.#framed) {
      if (!this.push(chunk)) this.#raw.pause()
      return
    }
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    while (this.#bytes.length >= HEADER_BYTES) {
      const length = this.#bytes.readUInt16BE(2)
      if ((this.#bytes[0] !== PRELOGIN && this.#bytes[0] !== RESPONSE) || length < HEADER_BYTES) {
        this.destroy(notTds(this.#to))
        return
      }
      if (this.#bytes.length < length) return
      this.push(this.#bytes.subarray(HEADER_BYTES, length))
      this.#bytes = this.#bytes.subarray(length)
    }
  }

  override _read(): void {
    this.#raw.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#raw.write(this.#framed ? packets(PRELOGIN, chunk) : chunk, done)
  }

  override _final(done: () => void): void {
    this.#raw.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#raw.destroy()
    // An error of the raw stream must be heard before this one closes.
    setImmediate(() => done(error))
  }
}
