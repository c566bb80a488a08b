import { connect } from "node:net"
import { Readable } from "node:stream"
import { createConnection } from "mysql2"
import { beforeEach, describe, expect, test } from "vitest"
import { collect } from "../support/batches.ts"
import { pieceOf, plain } from "../support/byte-pieces.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenRaw } from "../support/loopback.ts"
import { LOW, stream, useShop } from "./shop.ts"

// LOAD DATA LOCAL lets a server ask its client for any file: it gets the bytes of a piece where one is written, and nothing anywhere else.

const shop = useShop()
const texts = stream("passed", "texts")
const write = { mode: "append" } as const

beforeEach(async () => {
  await shop.query(`SET GLOBAL local_infile = 1; DROP DATABASE IF EXISTS passed; CREATE DATABASE passed CHARACTER SET utf8mb4; GRANT ALL ON passed.* TO ${LOW};
    CREATE TABLE passed.texts (a text, b text)`)
})

describe("a server that asks for a file of ours", () => {
  const piece = 'not,a\n"file",\n'

  /** What a client sends, by the first byte of its packet (MySQL docs, Command Phase). */
  const [TEXT, PREPARES, EXECUTES] = [0x03, 0x16, 0x17]
  type Matches = (command: number, text: string) => boolean
  const text =
    (pattern: RegExp): Matches =>
    (command, sent) =>
      command === TEXT && pattern.test(sent)

  /** Passes everything between client and server, but asks for a file in answer to the commands that match; what it gets, and all bytes that came. */
  async function asking(matches: Matches): Promise<Loopback & { readonly got: string[]; readonly raw: () => string; readonly asked: () => number }> {
    const got: string[] = []
    let asked = 0
    let raw = ""
    const proxy = await listenRaw((client) => {
      const server = connect(shop.config.port, "127.0.0.1")
      client.on("error", () => server.destroy()).on("close", () => server.destroy())
      server.on("error", () => client.destroy()).on("close", () => client.destroy())
      server.on("data", (chunk) => client.write(chunk))
      let data: Buffer | undefined
      client.on("data", (chunk) => {
        if (data === undefined) {
          if (!matches(chunk[4] ?? 0, chunk.toString("latin1", 5))) return void server.write(chunk)
          asked++
          data = Buffer.alloc(0)
          return void client.write(packet(1, Buffer.from("\xfb/etc/passwd", "latin1")))
        }
        raw += chunk.toString("latin1")
        data = Buffer.concat([data, chunk])
        const whole = payloads(data)
        if (whole === undefined) return
        got.push(whole.text)
        data = undefined
        client.write(packet(whole.next, Buffer.from([0, 2, 0, 2, 0, 0, 0])))
      })
    })
    return Object.assign(proxy, { got, raw: () => raw, asked: () => asked })
  }
  const packet = (sequence: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length, 0, 0, sequence]), body])

  /** The content of packets up to the empty one that ends them. */
  function payloads(data: Buffer): { readonly text: string; readonly next: number } | undefined {
    let text = ""
    for (let at = 0; at + 4 <= data.length; ) {
      const length = data.readUIntLE(at, 3)
      if (length === 0) return { text, next: ((data[at + 3] ?? 0) + 1) % 256 }
      text += data.toString("utf8", at + 4, at + 4 + length)
      at += 4 + length
    }
    return undefined
  }

  const EXECUTION: Matches = (command) => command === EXECUTES

  test.each<[string, Matches]>([
    ["settings", text(/^SET NAMES/)],
    ["the beginning of a transaction", text(/^START/)],
    ["the preparation of a query", (command, sent) => command === PREPARES && /SELECT 1/.test(sent)],
    ["the execution of a query", EXECUTION],
  ])("in answer to %s gets nothing", async (_, matches) => {
    await using server = await asking(matches)
    const use = shop.run((session) => collect(session.query("SELECT 1")), { port: server.port }, { deadlineMs: 3_000 })
    expect((await failure(use)).code).toMatch(/^(protocol_invalid|connection_lost|timed_out)$/)
    // An empty packet at most, which is how a client says that it sends nothing.
    expect([server.asked(), server.got.join(""), server.raw().replaceAll(/^\0\0\0./gs, "")]).toEqual([1, "", ""])
  })

  test("in answer to discovery gets nothing", async () => {
    await using server = await asking(text(/^SHOW GRANTS/))
    const use = shop.run((session) => collect(session.discover()), { port: server.port }, { deadlineMs: 3_000 })
    expect((await failure(use)).code).toMatch(/^(protocol_invalid|connection_lost|timed_out)$/)
    expect([server.asked(), server.got.join(""), server.raw().replaceAll(/^\0\0\0./gs, "")]).toEqual([1, "", ""])
  })

  test("would get it from a client that lets the server ask", async () => {
    await using server = await asking(text(/^SELECT/))
    const login = { host: "127.0.0.1", port: server.port, user: "low", password: "low-password" }
    const client = createConnection({ ...login, infileStreamFactory: () => Readable.from([Buffer.from("root:x:0")]) })
    client.on("error", () => undefined)
    try {
      await new Promise((resolve) => client.query("SELECT 1", resolve))
      expect([server.asked(), server.got]).toEqual([1, ["root:x:0"]])
    } finally {
      client.destroy()
    }
  })

  test.each<[string, Matches]>([
    ["settings of the load", text(/^SET SESSION sql_notes/)],
    ["a commit", text(/^COMMIT/)],
  ])("in answer to %s gets nothing, even on the connection that loads", async (_, statements) => {
    await using server = await asking(statements)
    const offer = await shop.run((session) => plain(session, texts))
    const use = shop.run((session) => session.writeBytes(texts, pieceOf(piece, 2), offer, write), { port: server.port }, { deadlineMs: 3_000 })
    expect((await failure(use)).code).toBe("protocol_invalid")
    expect([server.asked(), server.got]).toEqual([1, [""]])
  })

  test("in a load gets the bytes of the piece and no more", async () => {
    await using server = await asking(text(/^LOAD DATA/))
    const offer = await shop.run((session) => plain(session, texts))
    await shop.run((session) => session.writeBytes(texts, pieceOf(piece, 2), offer, write), { port: server.port })
    expect([server.asked(), server.got]).toEqual([1, ['not,a\n"file",NULL\n']])
  })
})
