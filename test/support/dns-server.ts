import { createSocket } from "node:dgram"
import { bytesOf } from "../../src/net/address.ts"

/** What the server answers for a name: addresses, another name first, an error, or nothing at all. */
export type Answer = { readonly addresses: readonly string[]; readonly via?: readonly string[] } | "NXDOMAIN" | "SERVFAIL" | "silence"

/** `count` is the number of this question (name and type) so far, from 1. */
export type Zone = (name: string, type: "A" | "AAAA", count: number) => Answer

export interface DnsServer extends AsyncDisposable {
  /** `127.0.0.1:port`, for `Resolver`. */
  readonly address: string
  /** Every question so far: `db.example.test A`. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const

/** A DNS server (RFC 1035) on a random UDP port of loopback that answers A and AAAA from `zone`, with TTL 0. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const socket = createSocket("udp4")
  const asked: string[] = []
  socket.on("message", (message, from) => {
    const { name, type, end } = question(message)
    if (type !== "A" && type !== "AAAA") return
    asked.push(`${name} ${type}`)
    const answer = zone(name, type, asked.filter((each) => each === `${name} ${type}`).length)
    if (answer !== "silence") socket.send(reply(message, end, name, type, answer), from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve))
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => socket.close(resolve))
  }
  return { address: `127.0.0.1:${socket.address().port}`, asked, close, [Symbol.asyncDispose]: close }
}

function question(message: Buffer): { name: string; type: "A" | "AAAA" | undefined; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length).toLowerCase())
    at += length + 1
  }
  const type = message.readUInt16BE(at + 1)
  return { name: labels.join("."), type: type === TYPES.A ? "A" : type === TYPES.AAAA ? "AAAA" : undefined, end: at + 5 }
}

function reply(message: Buffer, end: number, name: string, type: "A" | "AAAA", answer: Exclude<Answer, "silence">): Buffer {
  const code = answer === "NXDOMAIN" ? 3 : answer === "SERVFAIL" ? 2 : 0
  const records = typeof answer === "string" ? [] : recordsOf(name, type, answer)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(message.readUInt16BE(0), 0)
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, message.subarray(12, end), ...records])
}

function recordsOf(name: string, type: "A" | "AAAA", answer: { readonly addresses: readonly string[]; readonly via?: readonly string[] }): Buffer[] {
  const chain = [name, ...(answer.via ?? [])]
  const aliases = chain.slice(1).map((next, index) => record(chain[index] ?? name, TYPES.CNAME, encodeName(next)))
  const wanted = answer.addresses.map((address) => bytesOf(address) ?? []).filter((bytes) => bytes.length === (type === "A" ? 4 : 16))
  return [...aliases, ...wanted.map((bytes) => record(chain.at(-1) ?? name, TYPES[type], Buffer.from(bytes)))]
}

function record(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(name), fixed, data])
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split(".")
      .filter((label) => label !== "")
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])
