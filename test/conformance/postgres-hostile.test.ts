import { expect, test } from "vitest"
import { postgres } from "../../src/connectors/postgres.ts"
import type { Session } from "../../src/core/session.ts"
import { collect } from "../support/batches.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { failure } from "../support/failure.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

// A tenant's connector may point at a server of the tenant's making: what that says may end its connection, and nothing else.

const server = use(() => startTestDatabase())

const run = <T>(work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: postgres }, { ...server.config, ...more }, work, options)

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type, "latin1")
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const login = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))])
const answering = (answer: Buffer): Promise<Awaited<ReturnType<typeof listenRaw>>> =>
  listenRaw((socket) => {
    socket.on("error", () => undefined).once("data", () => socket.write(login))
    socket.once("data", () => socket.on("data", () => socket.write(answer)))
  })

test.each(["R", "S", "T", "D", "C", "E", "N", "A", "G", "H", "d", "v", "t", "K"])(
  "a message %s without its content ends the connection and nothing else",
  async (type) => {
    await using first = await listenRaw((socket) => socket.on("error", () => undefined).once("data", () => socket.write(message(type, Buffer.alloc(0)))))
    await using later = await answering(message(type, Buffer.alloc(0)))
    for (const { port } of [first, later]) {
      const code = await run((session) => session.test(), { port }, { deadlineMs: 1_500 }).then(
        () => "a success",
        (error: { code: string }) => error.code,
      )
      expect(["protocol_invalid", "connection_lost", "timed_out", "remote_failed"]).toContain(code)
    }
  },
)

// Stand-ins: the npm binaries of PostgreSQL are built without these ways of logging in.
test.each([
  [2, "Kerberos V5"],
  [7, "GSSAPI"],
  [9, "SSPI"],
])("a server that asks for login %i is told to be asking for %s, and the login failed", async (type, name) => {
  const request = Buffer.alloc(4)
  request.writeInt32BE(type)
  await using fake = await listenRaw((socket) => socket.on("error", () => undefined).once("data", () => socket.write(message("R", request))))
  const error = await failure(run((session) => session.test(), { port: fake.port }))
  expect([error.code, error.message]).toEqual(["auth_failed", expect.stringContaining(`asks for ${name}`)])
})

test("a message that says that it is gigabytes long is not waited for", async () => {
  await using fake = await answering(Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff, 0]))
  expect((await failure(run((session) => session.test(), { port: fake.port }))).code).toBe("response_too_large")
})

test("a field that is too large to be held is refused, and says so", async () => {
  const error = await failure(run((session) => collect(session.query("SELECT repeat('x', 70000000)"))))
  expect([error.code, error.message]).toEqual(["response_too_large", "One row is larger than 64 MiB; select less of it."])
})

test("a catalog without an end is given up when more rows come than were asked for", async () => {
  const int = (bytes: 2 | 4, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes)
    buffer.writeIntBE(value, 0, bytes)
    return buffer
  }
  const width = 17
  const column = Buffer.concat([Buffer.from("a\0"), int(4, 0), int(2, 0), int(4, 25), int(2, -1), int(4, -1), int(2, 0)])
  const described = message("T", Buffer.concat([int(2, width), ...Array.from({ length: width }, () => column)]))
  const row = message("D", Buffer.concat([int(2, width), ...Array.from({ length: width }, () => Buffer.concat([int(4, 1), Buffer.from("t")]))]))
  const ended = (tag: string): Buffer => Buffer.concat([message("C", Buffer.from(`${tag}\0`)), message("Z", Buffer.from("T"))])
  const answers: readonly [RegExp, Buffer][] = [
    [/BEGIN/, ended("BEGIN")],
    [/GROUP BY/, Buffer.concat([described, ended("SELECT 0")])],
    [/MATERIALIZED/, Buffer.concat([message("1", Buffer.alloc(0)), message("2", Buffer.alloc(0)), described])],
  ]
  const rows = Buffer.concat(Array.from({ length: 500 }, () => row))
  await using fake = await listenRaw((socket) => {
    let first = true
    let flood: NodeJS.Timeout | undefined
    socket
      .on("error", () => undefined)
      .on("close", () => clearInterval(flood))
      .on("data", (chunk) => {
        const asked = String(chunk)
        const answer = first ? login : answers.find(([pattern]) => pattern.test(asked))?.[1]
        first = false
        if (answer !== undefined) socket.write(answer)
        if (asked.includes("MATERIALIZED")) flood = setInterval(() => socket.write(Buffer.concat([rows, message("s", Buffer.alloc(0))])), 20)
      })
  })
  const error = await failure(run((session) => collect(session.discover()), { port: fake.port }, { deadlineMs: 5_000 }))
  expect([error.code, error.message]).toEqual(["protocol_invalid", expect.stringMatching(/more rows than it was asked for/)])
})
