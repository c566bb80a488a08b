import { randomBytes, timingSafeEqual } from "node:crypto"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Address, SocksEndpoint } from "../core/lease.ts"
import { classify, spell } from "./address.ts"

/** An open SOCKS5 server; `close` ends it and every connection through it. */
export interface SocksServer extends SocksEndpoint {
  close(): Promise<void>
}

const VERSION = 5
const BY_PASSWORD = 2
const CONNECT = 1
const LONGEST_GREETING = 1_024

/**
 * Opens a SOCKS5 server (RFC 1928, only CONNECT) with name and password (RFC 1929) on a random loopback port; every
 * target is passed to `dial` with its name unresolved. A failed dial is answered with "general failure".
 */
export async function openSocks(dial: (to: Address) => Promise<Duplex>): Promise<SocksServer> {
  const username = randomBytes(12).toString("base64url")
  const password = randomBytes(24).toString("base64url")
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    client.once("close", () => clients.delete(client))
    client.on("error", () => client.destroy())
    serve(client, { username, password }, dial).catch(() => client.destroy())
  })
  await listen(server)
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const client of clients) client.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { host: "127.0.0.1", port, username, password, close }
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
}

async function serve(client: Socket, login: { username: string; password: string }, dial: (to: Address) => Promise<Duplex>): Promise<void> {
  const input = new Reader(client)
  const [, methods = 0] = await input.take(2)
  if (!(await input.take(methods)).includes(BY_PASSWORD)) {
    client.end(Buffer.from([VERSION, 0xff]))
    return
  }
  client.write(Buffer.from([VERSION, BY_PASSWORD]))
  const name = await input.take((await input.take(2))[1] ?? 0)
  const word = await input.take((await input.take(1))[0] ?? 0)
  const known = equal(name, login.username) && equal(word, login.password)
  if (!known) {
    client.end(Buffer.from([1, 1]))
    return
  }
  client.write(Buffer.from([1, 0]))
  const [, command, , kind] = await input.take(4)
  const host = await takeHost(input, kind)
  const port = (await input.take(2)).readUInt16BE()
  if (command !== CONNECT || host === undefined) {
    client.end(reply(host === undefined ? 8 : 7))
    return
  }
  await forward(client, input, dial({ host, port }))
}

async function forward(client: Socket, input: Reader, dialled: Promise<Duplex>): Promise<void> {
  let far: Duplex
  try {
    far = await dialled
  } catch {
    // The lease's trace keeps the cause; SOCKS replies with one byte, which is the same for denied and closed.
    client.end(reply(1))
    return
  }
  far.on("error", () => client.destroy())
  far.once("close", () => client.destroy())
  client.once("close", () => far.destroy())
  client.write(reply(0))
  const early = input.release()
  if (early.length > 0) far.write(early)
  client.pipe(far)
  far.pipe(client)
}

async function takeHost(input: Reader, kind: number | undefined): Promise<string | undefined> {
  if (kind === 1) return spell([...(await input.take(4))])
  if (kind === 4) return classify(spell([...(await input.take(16))])).canonical
  if (kind === 3) return (await input.take((await input.take(1))[0] ?? 0)).toString("latin1")
  return undefined
}

const reply = (code: number): Buffer => Buffer.from([VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0])

const equal = (given: Buffer, known: string): boolean => given.length === Buffer.byteLength(known) && timingSafeEqual(given, Buffer.from(known))

/** Reads exact numbers of bytes from a socket, no more than a greeting needs, and then releases the socket. */
class Reader {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #wake: (() => void) | undefined
  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    this.#wake?.()
    if (this.#bytes.length > LONGEST_GREETING) this.#socket.pause()
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", this.#onData)
    socket.once("close", () => this.#wake?.())
  }

  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      if (this.#socket.destroyed || this.#socket.readableEnded) throw new Error("The client left during the SOCKS greeting.")
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const taken = this.#bytes.subarray(0, count)
    this.#bytes = this.#bytes.subarray(count)
    return taken
  }

  /** The bytes that were read in excess; from now on the socket belongs to the caller. */
  release(): Buffer {
    this.#socket.off("data", this.#onData)
    this.#socket.pause()
    return this.#bytes
  }
}
