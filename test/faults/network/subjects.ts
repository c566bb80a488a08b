import type { Socket } from "node:net"
import { connectors } from "../../../src/connectors/index.ts"
import type { AnyConnector } from "../../../src/core/connector.ts"
import { keyPair } from "../../fixtures/snowflake.ts"

/** Where a connector shall go, and who vouches for what answers there; without a `ca` it goes in the clear, if the type can. */
export interface Way {
  readonly host: string
  readonly port: number
  readonly ca?: string
}

/** A type as the faults see it. */
export interface Subject {
  readonly connector: AnyConnector
  /** The host that it goes to, when its config has no field for one. */
  readonly host?: string
  /** It cannot go in the clear. */
  readonly alwaysTls?: true
  readonly http: boolean
  posted(way: Way): Record<string, unknown>
  /** What its server and its client say before TLS begins; resolves when the next byte is TLS. */
  beforeTls(socket: Socket): Promise<void>
  /** What its server says first, when the client waits for that, or answers first; enough to be waited for. */
  readonly opening: Buffer
  /** A stream of its server's own messages without end and without use, as far as it has any. */
  readonly endless?: (socket: Socket) => void
}

const named = (type: string): AnyConnector => {
  const found = connectors.find((each) => each.type === type)
  if (found === undefined) throw new Error(`there is no type ${type}`)
  return found
}

/** Reads exactly so many bytes; what comes behind them stays in the socket. */
export async function take(socket: Socket, bytes: number): Promise<void> {
  for (;;) {
    if (socket.read(bytes) !== null) return
    await new Promise<void>((resolve) => socket.once("readable", resolve).once("close", resolve))
    if (socket.destroyed) return
  }
}

const tlsOf = (ca: string | undefined): object => (ca === undefined ? { kind: "off" } : { kind: "verify", ca })

/** Protocol::HandshakeV10 of a MySQL that offers TLS. */
const MYSQL_GREETING = Buffer.concat([
  Buffer.from([0x4a, 0, 0, 0, 10]),
  Buffer.from("8.0.36\0"),
  Buffer.from([1, 0, 0, 0]),
  Buffer.from("12345678\0"),
  Buffer.from([0xff, 0xff, 45, 2, 0, 0xff, 0xc1, 21]),
  Buffer.alloc(10),
  Buffer.from("123456789012\0mysql_native_password\0"),
])

/** An answer that follows what the client sends first, again and again as fast as it is taken. */
function flood(socket: Socket, first: Buffer, more: Buffer): void {
  const again = (): void => {
    if (!socket.destroyed) socket.write(more, () => setImmediate(again))
  }
  socket.once("data", () => {
    socket.resume().write(first)
    again()
  })
}

const postgresMessage = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type, "latin1")
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const NOTICES = Buffer.concat(Array.from({ length: 500 }, () => postgresMessage("N", Buffer.from("SNOTICE\0C00000\0Mnothing\0\0"))))

/** A type that speaks PostgreSQL's protocol. */
const postgresSubject = (type: string): Subject => ({
  connector: named(type),
  http: false,
  posted: ({ host, port, ca }) => ({ host, port, user: "u", password: "a-password", tls: tlsOf(ca) }),
  beforeTls: async (socket) => {
    await take(socket, 8)
    socket.write("S")
  },
  opening: postgresMessage("R", Buffer.from([0, 0, 0, 5, 1, 2, 3, 4])),
  endless: (socket) => flood(socket, postgresMessage("R", Buffer.alloc(4)), NOTICES),
})

const httpSubject = (type: string, posted: Subject["posted"], more: Partial<Subject> = {}): Subject => ({
  connector: named(type),
  http: true,
  posted,
  beforeTls: async () => undefined,
  opening: Buffer.from("HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: 1000\r\n\r\n"),
  ...more,
})
const origin = ({ host, port, ca }: Way): string => `${ca === undefined ? "http" : "https"}://${host}:${port}`
const httpTls = (ca: string | undefined): object => ({ tls: ca === undefined ? { kind: "verify" } : { kind: "verify", ca } })

const SNOWFLAKE = { host: "faults.snowflakecomputing.com", key: keyPair("a passphrase") }

/** Every type that dials. */
export const subjects: readonly Subject[] = [
  postgresSubject("postgres"),
  postgresSubject("redshift"),
  {
    connector: named("mysql"),
    http: false,
    posted: ({ host, port, ca }) => ({ host, port, user: "u", password: "a-password", tls: tlsOf(ca) }),
    beforeTls: async (socket) => {
      socket.write(MYSQL_GREETING)
      await take(socket, 36)
    },
    opening: MYSQL_GREETING,
    endless: (socket) => {
      const part = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 3]), Buffer.alloc(0xffffff)])
      flood(socket, Buffer.from([7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]), part)
      socket.write(MYSQL_GREETING)
    },
  },
  httpSubject("http", (way) => ({ url: `${origin(way)}/records`, ...httpTls(way.ca) })),
  httpSubject("csv", (way) => ({ source: { kind: "url", url: `${origin(way)}/orders.csv`, ...httpTls(way.ca) } })),
  httpSubject(
    "snowflake",
    () => ({ account: "faults", user: "u", auth: { kind: "key_pair", privateKey: SNOWFLAKE.key.encrypted, passphrase: "a passphrase" } }),
    {
      host: SNOWFLAKE.host,
      alwaysTls: true,
    },
  ),
]
