import { Duplex } from "node:stream"
import { PlatformError } from "../../../../core/errors.ts"
import type { Address, Lease, TlsSpec } from "../../../../core/lease.ts"
import { answerOf, Framed, messageIn, notTds, PACKET_BYTES, PRELOGIN, packets } from "./packets.ts"

/** How a connection is encrypted: inside the protocol's first messages, or before them (`strict`, TDS 8.0). */
export interface TdsTls {
  readonly spec: TlsSpec | undefined
  readonly strict: boolean
}

/** Values of the option ENCRYPTION (MS-TDS, 2.2.6.5). */
const ENCRYPTION = 0x01
const ON = 0x01
const NOT_SUPPORTED = 0x02
const REQUIRED = 0x03
const END = 0xff
/** One packet in each record: Azure resets logins of several packets that share one (tedious, issue 1182). */
const RECORDS = { recordBytes: PACKET_BYTES }

/**
 * A connected stream for the client library, which sends PRELOGIN as if there were no encryption. The encryption is ours, by the lease: the
 * library's PRELOGIN asks for it, the handshake follows, and the library sees an answer without it.
 */
export async function openTds(to: Address, tls: TdsTls, lease: Lease): Promise<Duplex> {
  if (tls.strict && tls.spec !== undefined) return await lease.dialTls(to, { ...tls.spec, ...RECORDS, alpn: ["tds/8.0"] })
  return new Negotiating(await lease.dial(to), async (raw, message) => await negotiate(raw, message, to, tls.spec, lease), to)
}

/** The stream after the handshake, and the answer to PRELOGIN. */
interface Agreed {
  readonly stream: Duplex
  readonly answer: Buffer
}

async function negotiate(raw: Duplex, message: Buffer, to: Address, spec: TlsSpec | undefined, lease: Lease): Promise<Agreed> {
  raw.write(packets(PRELOGIN, withEncryption(message, spec === undefined ? NOT_SUPPORTED : ON, to)))
  const answer = await answerOf(raw, to)
  const offered = answer[placeOf(answer, to)]
  const demands = offered === ON || offered === REQUIRED
  if (spec === undefined && demands)
    throw new PlatformError("tls_required", `The server at ${to.host}:${to.port} takes encrypted connections only; choose TLS \`verify\`, or \`require\`.`)
  if (spec === undefined) return { stream: raw, answer }
  if (!demands)
    throw new PlatformError("tls_unsupported", `The server at ${to.host}:${to.port} has no encryption; install a certificate there, or switch TLS off.`)
  const framed = new Framed(raw, to)
  const stream = await lease.secure(framed, to.host, { ...spec, ...RECORDS, newest: "TLSv1.2" })
  framed.bare()
  return { stream, answer: withEncryption(answer, NOT_SUPPORTED, to) }
}

/** A PRELOGIN with another value of ENCRYPTION. */
function withEncryption(message: Buffer, value: number, to: Address): Buffer {
  const changed = Buffer.from(message)
  changed[placeOf(message, to)] = value
  return changed
}

/** Where a PRELOGIN has the value of ENCRYPTION: options are a token, an offset and a length each. */
function placeOf(message: Buffer, to: Address): number {
  for (let at = 0; at + 5 <= message.length && message[at] !== END; at += 5) {
    const place = message.readUInt16BE(at + 1)
    if (message[at] === ENCRYPTION && place < message.length) return place
  }
  throw notTds(to)
}

/** Passes bytes once the first message of the library has been answered. */
class Negotiating extends Duplex {
  readonly #raw: Duplex
  readonly #negotiate: (raw: Duplex, message: Buffer) => Promise<Agreed>
  readonly #to: Address
  #stream: Duplex | undefined
  #first = Buffer.alloc(0)

  constructor(raw: Duplex, negotiate: (raw: Duplex, message: Buffer) => Promise<Agreed>, to: Address) {
    super({ allowHalfOpen: false })
    this.#raw = raw
    this.#negotiate = negotiate
    this.#to = to
    raw.on("error", (error) => this.destroy(error))
  }

  override _read(): void {
    this.#stream?.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream !== undefined) {
      this.#stream.write(chunk, done)
      return
    }
    this.#first = Buffer.concat([this.#first, chunk])
    const message = messageIn(this.#first, PRELOGIN, this.#to)
    if (message === undefined) done()
    else this.#negotiate(this.#raw, message).then((agreed) => this.#pass(agreed, done), done)
  }

  #pass({ stream, answer }: Agreed, done: () => void): void {
    this.#stream = stream
    stream.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.on("end", () => this.push(null))
    stream.on("error", (error) => this.destroy(error))
    stream.on("close", () => this.destroy())
    this.push(packets(0x04, answer))
    done()
  }

  override _final(done: () => void): void {
    ;(this.#stream ?? this.#raw).end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream?.destroy()
    this.#raw.destroy()
    setImmediate(() => done(error))
  }
}
