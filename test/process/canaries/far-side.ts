import { createServer, type Socket } from "node:net"
import { type Loopback, listen } from "../../support/loopback.ts"
import { ENCODINGS } from "./encodings.ts"
import type { Canary } from "./values.ts"

/** A hostile remote system: a client that logs in as `u<n>` gets the n-th canary in the error, in every encoding. */
export interface FarSide extends Loopback {
  /** The number of clients that got their canary back. */
  readonly told: number
}

/** Encodes a canary in every way that fits into one line of an error. */
function spelled({ value }: Canary): Buffer {
  const all = Object.values(ENCODINGS).flatMap((encode) => encode(value.slice(0, 200)))
  return Buffer.concat([Buffer.from("password authentication failed for "), ...all.flatMap((each) => [Buffer.from(each as string), Buffer.from(" | ")])])
}

const named = (bytes: Buffer): number | undefined => {
  const [, number] = /\bu(\d{1,2})\b/.exec(bytes.toString("latin1")) ?? []
  return number === undefined ? undefined : Number(number)
}

/** An ErrorResponse of PostgreSQL (protocol 3.0). */
function postgresError(message: Buffer): Buffer {
  const text = Buffer.from(message.filter((byte) => byte !== 0))
  const fields = [Buffer.from("SFATAL\0VFATAL\0C28P01\0M"), text, Buffer.from("\0D"), text, Buffer.from("\0H"), text, Buffer.from("\0\0")]
  const body = Buffer.concat(fields)
  const head = Buffer.alloc(5)
  head.write("E")
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** The first packet of a MySQL server, and its error. */
const MYSQL_GREETING = Buffer.concat([
  Buffer.from([10]),
  Buffer.from("8.0.36\0"),
  Buffer.from([1, 0, 0, 0]),
  Buffer.from("12345678\0"),
  Buffer.from([0xff, 0xf7, 0x21, 2, 0, 0xff, 0xdf, 21]),
  Buffer.alloc(10),
  Buffer.from("123456789012\0mysql_native_password\0"),
])
function mysqlPacket(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = sequence
  return Buffer.concat([head, body])
}
const mysqlError = (message: Buffer): Buffer =>
  mysqlPacket(2, Buffer.concat([Buffer.from([0xff, 0x15, 0x04]), Buffer.from("#28000"), message.subarray(0, 60_000)]))

function httpError(message: Buffer): Buffer {
  const line = message
    .subarray(0, 400)
    .toString("latin1")
    .replaceAll(/[^\x20-\x7e]/g, " ")
  const body = Buffer.concat([Buffer.from('{"error":"'), message, Buffer.from('"}')])
  const head = `HTTP/1.1 401 ${line}\r\ncontent-type: application/json\r\nserver: ${line}\r\nwww-authenticate: Bearer realm="${line.replaceAll('"', "")}"\r\n`
  return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\nconnection: close\r\n\r\n`, "latin1"), body])
}

/** Starts the remote system for all protocols that the client begins; `greets` is for protocols in which the server sends first. */
export async function startFarSide(canaries: readonly Canary[], greets: "mysql" | undefined = undefined): Promise<FarSide> {
  const messages = canaries.map(spelled)
  let told = 0
  const answer = (socket: Socket, first: Buffer): void => {
    const number = named(first)
    const message = Buffer.concat([messages[number ?? 0] as Buffer, Buffer.from(" you said "), first])
    told += number === undefined ? 0 : 1
    if (greets === "mysql") socket.end(mysqlError(message))
    else if (/^[A-Z]+ \//.test(first.toString("latin1"))) socket.end(httpError(message))
    else if (first.readInt32BE(4) === 196_608) socket.end(postgresError(message))
    else socket.end(message)
  }
  const server = createServer((socket) => {
    socket.on("error", () => undefined)
    if (greets === "mysql") socket.write(mysqlPacket(0, MYSQL_GREETING))
    socket.once("data", (first: Buffer) => (first.length < 8 ? socket.end("too short") : answer(socket, first)))
  })
  const at = await listen(server)
  return {
    port: at.port,
    url: at.url,
    get hits() {
      return at.hits
    },
    get told() {
      return told
    },
    close: at.close,
    [Symbol.asyncDispose]: at.close,
  }
}
