import type { Socket } from "node:net"
import { Readable } from "node:stream"
import { createSecureContext, TLSSocket } from "node:tls"
import { createGzip } from "node:zlib"
import { type Certificate, certificate } from "../../support/certificates.ts"
import { type Loopback, listenRaw } from "../../support/loopback.ts"
import type { Subject } from "./subjects.ts"

/** An authority that clients trust, and certificates that it has or has not signed. */
const authority = certificate({ name: "Jackfield fault CA", ca: true })
export const CA = authority.cert
const issued = (names: readonly string[], more: object = {}): Certificate => certificate({ name: names[0] ?? "", names, issuer: authority, ...more })

/** Certificates for a host, by their defect. */
export const CERTIFICATES = {
  good: (host: string) => issued([host]),
  expired: (host: string) => issued([host], { fromDays: -30, untilDays: -1 }),
  "for another name": () => issued(["other.example.test"]),
  "self-signed": (host: string) => certificate({ name: host, names: [host] }),
} as const

const contexts = new Map<string, ReturnType<typeof createSecureContext>>()

/** A server that starts TLS in the type's way with that certificate, and passes on the stream inside. */
export function tlsServer(
  subject: Subject,
  kind: keyof typeof CERTIFICATES,
  host: string,
  inside: (socket: TLSSocket, raw: Socket) => void = () => undefined,
): Promise<Loopback> {
  const key = `${kind} ${host}`
  const { cert, key: privateKey } = CERTIFICATES[kind](host)
  const secureContext = contexts.get(key) ?? createSecureContext({ cert, key: privateKey })
  contexts.set(key, secureContext)
  return listenRaw((socket) => {
    void subject.beforeTls(socket).then(() => {
      if (socket.destroyed) return
      const secured = new TLSSocket((subject.carrier?.(socket) ?? socket) as Socket, { isServer: true, secureContext })
      secured.on("error", () => undefined)
      inside(secured, socket)
    })
  })
}

/** A server that follows the type's protocol up to TLS, and then stays silent. */
export const stallingServer = (subject: Subject): Promise<Loopback> => listenRaw((socket) => void subject.beforeTls(socket))

/** Sends one byte of its answer at a time, and nothing else. */
export function trickle(socket: Pick<Socket, "write" | "once" | "destroyed" | "on">, opening: Buffer, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at >= opening.length) clearInterval(timer)
    else socket.write(opening.subarray(at, ++at))
  }, everyMs)
  socket.once("close", () => clearInterval(timer))
}

const ZEROS = Buffer.alloc(1_048_576, `0,${"0".repeat(4_093)}\n`)
export const GIBIBYTES = 10

/** `n` GiB of filler, generated as it is read. */
function* nothing(gibibytes: number): Generator<Buffer> {
  for (let sent = 0; sent < gibibytes * 1_024; sent++) yield ZEROS
}

type Sink = NodeJS.WritableStream & { readonly destroyed?: boolean; destroy(): unknown }

function pour(from: Readable, to: Sink): void {
  from.on("error", () => undefined)
  to.once("close", () => from.destroy())
  from.pipe(to)
}

/** Reads a request's head and answers it; HEAD is rejected, so that the client sends GET. */
export function answering(socket: Socket | TLSSocket, answer: (socket: Socket | TLSSocket, head: string) => void): void {
  let head = ""
  const read = (chunk: Buffer): void => {
    head += chunk.toString("latin1")
    if (!head.includes("\r\n\r\n")) return
    const request = head
    head = ""
    if (request.startsWith("HEAD")) socket.write("HTTP/1.1 405 no\r\ncontent-length: 0\r\n\r\n")
    else answer(socket, request)
  }
  socket.on("error", () => undefined).on("data", read)
}

/** Bodies that harm a client. */
export const BODIES: Readonly<Record<string, (socket: Socket | TLSSocket, head: string) => void>> = {
  "10 GB body": (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: ${GIBIBYTES * 1_024 * ZEROS.length}\r\n\r\n`)
    pour(Readable.from(nothing(GIBIBYTES)), socket)
  },
  "gzip bomb": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n")
    const zip = createGzip({ level: 9 })
    pour(Readable.from(nothing(GIBIBYTES)), zip)
    socket.once("close", () => zip.destroy())
    zip.on("error", () => undefined).pipe(socket)
  },
  "redirect loop": (socket, head) => {
    const path = head.split(" ")[1] ?? "/"
    socket.write(`HTTP/1.1 302 Found\r\nlocation: ${path}\r\ncontent-length: 0\r\n\r\n`)
  },
}

/** Endless bytes of no protocol, as fast as the client reads them. */
export function garbage(socket: Socket): void {
  const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7_919 + (index >> 3)) & 0xff))
  const again = (): void => {
    if (!socket.destroyed) socket.write(bytes, () => setImmediate(again))
  }
  socket.on("error", () => undefined).resume()
  again()
}
