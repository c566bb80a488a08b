import type { Socket } from "node:net"
import { describe, expect, test, vi } from "vitest"
import { mssql } from "../../src/connectors/mssql.ts"
import type { Session } from "../../src/core/session.ts"
import { ENCRYPTION, preloginAnswer } from "../fixtures/mssql/login.ts"
import { messages, packed, TYPES } from "../fixtures/mssql/packets.ts"
import {
  ATTENTION,
  changeText,
  columnsToken,
  doneToken,
  errorToken,
  infoToken,
  loginAck,
  Refusal,
  rowToken,
  transactionChange,
} from "../fixtures/mssql/tokens.ts"
import { drain } from "../fixtures/tables.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenRaw } from "../support/loopback.ts"
import { withSession } from "./context.ts"

// A tenant's connector may point at a server of the tenant's making: what that says may end its connection, and nothing else.

const DONE = doneToken("done", 0)
const BEGAN = Buffer.concat([transactionChange("began", Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])), DONE])

/** What a server says to the login, and to the first statement in a transaction. */
interface Script {
  readonly prelogin?: Buffer
  readonly login?: Buffer
  readonly statement?: (socket: Socket) => void
}

const answer = (socket: Socket, data: Buffer): void => void socket.write(packed(data, 4_096))

const fake = ({
  prelogin = packed(preloginAnswer(ENCRYPTION.unsupported, false), 4_096),
  login = Buffer.concat([loginAck(), DONE]),
  statement,
}: Script): Promise<Loopback> =>
  listenRaw((socket) => {
    socket.on("error", () => undefined)
    const serve = async (): Promise<void> => {
      for await (const { type } of messages(socket)) {
        if (type === TYPES.prelogin) socket.write(prelogin)
        else if (type === TYPES.login) answer(socket, login)
        else if (type === TYPES.transaction) answer(socket, BEGAN)
        else if (type === TYPES.rpc && statement !== undefined) statement(socket)
        else answer(socket, type === TYPES.attention ? doneToken("done", ATTENTION) : DONE)
      }
    }
    serve().catch(() => socket.destroy())
  })

const run = async <T>(server: Loopback, work: (session: Session) => Promise<T>, options: object = {}): Promise<T> =>
  await withSession(
    { connector: mssql },
    { host: "127.0.0.1", port: server.port, auth: { kind: "password", user: "u", password: "never-to-be-seen" }, tls: { kind: "off" } },
    work,
    { deadlineMs: 4_000, ...options },
  )

const codeOf = async (script: Script, options: object = {}): Promise<string> => {
  const server = await fake(script)
  try {
    return (await failure(run(server, (session) => drain(session, "SELECT 1 AS a"), options))).code
  } finally {
    await server.close()
  }
}

const bytes = (...parts: (number | string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : typeof part === "string" ? Buffer.from(part, "utf16le") : part)))
/** COLMETADATA of one column of that type. */
const described = (...info: number[]): Buffer => bytes(Buffer.from([0x81, 1, 0, 0, 0, 0, 0, 1, 0, ...info, 1]), "a")
const INT = { name: "a", type: "int" } as const

describe("before the login", () => {
  test.each([
    ["another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["an answer without ENCRYPTION", packed(Buffer.from([0, 0, 6, 0, 6, 0xff, 17, 0, 0, 0, 0, 0]), 4_096)],
    ["an option out of its place", packed(Buffer.from([1, 0xff, 0xff, 0, 1, 0xff]), 4_096)],
    ["a packet shorter than its header", Buffer.from([4, 1, 0, 2, 0, 0, 1, 0])],
    ["an answer without end", Buffer.concat(Array.from({ length: 40 }, () => packed(Buffer.alloc(4_000), 4_096).fill(0, 1, 2)))],
  ])("%s is no SQL Server", async (_, prelogin) => expect(await codeOf({ prelogin })).toBe("protocol_invalid"))

  test.each([
    ["nothing", DONE],
    ["rows", bytes(columnsToken([INT]), rowToken([INT], ["1"]), DONE)],
    ["an unknown token", Buffer.from([0x01, 0x02, 0x03])],
    ["a token that never ends", bytes(0xaa, 0xff, 0xff)],
    ["a version of the protocol that is not known", bytes(0xad, 10, 0, 1, 0x99, 0, 0, 0, 0, 0, 0, 0, 0)],
    ["an error without text", errorToken(new Refusal(0, 0, ""))],
  ])("a login that is answered by %s ends as an error", async (_, login) =>
    expect(["protocol_invalid", "connection_lost", "remote_failed"]).toContain(await codeOf({ login })),
  )
})

describe("behind the login", () => {
  // The client library of 2025 ended the process here.
  test.each([0x01, 0x00, 0xf0, 0x40, 0xff])("a column of the unknown type %i ends the connection, and not the process", async (type) => {
    const statement = (socket: Socket): void => answer(socket, bytes(described(type, 0, 0, 0, 0), DONE))
    expect(["protocol_invalid", "connection_lost"]).toContain(await codeOf({ statement }))
  })

  test.each([
    ["an unknown token", Buffer.from([0x13, 0x37])],
    ["a row without columns", Buffer.from([0xd1, 1, 0, 0, 0])],
    ["a row of NULLs without columns", Buffer.from([0xd2, 0xff])],
    ["an integer of nine bytes", bytes(described(0x26, 4), 0xd1, 9, Buffer.alloc(9), DONE)],
    ["a float of three bytes", bytes(described(0x6d, 8), 0xd1, 3, Buffer.alloc(3), DONE)],
    ["a time of a length that no time has", bytes(described(0x29, 7), 0xd1, 9, Buffer.alloc(9, 0xff), DONE)],
    ["a decimal of no digits", bytes(described(0x6a, 17, 38, 0), 0xd1, 1, 1, DONE)],
    ["a GUID of three bytes", bytes(described(0x24, 16), 0xd1, 3, Buffer.alloc(3), DONE)],
    ["a variant of an unknown type", bytes(described(0x62, 0x49, 0x1f, 0, 0), 0xd1, Buffer.from([6, 0, 0, 0, 0x01, 0, 1, 2, 3, 4]), DONE)],
    [
      "a long value of another length than it says",
      bytes(
        Buffer.from([0x81, 1, 0, 0, 0, 0, 0, 1, 0, 0xa5, 0xff, 0xff, 1]),
        "a",
        0xd1,
        Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0]),
        DONE,
      ),
    ],
    ["a routing in the middle", bytes(0xe3, Buffer.from([0, 0]), DONE)],
    ["a date beyond the calendar", bytes(described(0x28), 0xd1, 3, 0xff, 0xff, 0xff, DONE)],
  ])("%s is an error or a value, and not the end of the process", async (_, data) => {
    const server = await fake({ statement: (socket) => answer(socket, data) })
    try {
      const outcome = await run(server, (session) => drain(session, "SELECT 1 AS a")).catch((error: { code: string }) => error.code)
      expect(["protocol_invalid", "connection_lost", 0, 1]).toContain(outcome)
    } finally {
      await server.close()
    }
  })

  // The client library would cut its next message into packets of nothing, for ever.
  test.each(["8", "0", "-1", "1", "9", "none", "99999999"])("packets of %s bytes are not agreed on", async (size) => {
    const statement = (socket: Socket): void => answer(socket, bytes(columnsToken([INT]), rowToken([INT], ["1"]), DONE))
    const server = await fake({ login: Buffer.concat([loginAck(), changeText(4, size, "4096"), DONE]), statement })
    try {
      expect(await run(server, (session) => drain(session, "SELECT 1 AS a"))).toBe(1)
    } finally {
      await server.close()
    }
  })

  // The client library prints each.
  test.each([15, 17, 253])("a change of the unknown kind %i is not printed", async (kind) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => undefined)
    const change = Buffer.from([0xe3, 3, 0, kind, 0, 0])
    const statement = (socket: Socket): void => answer(socket, bytes(change, change, columnsToken([INT]), rowToken([INT], ["1"]), DONE))
    const server = await fake({ login: bytes(loginAck(), change, DONE), statement })
    try {
      expect(await run(server, (session) => drain(session, "SELECT 1 AS a"))).toBe(1)
      expect(printed.mock.calls).toEqual([])
    } finally {
      printed.mockRestore()
      await server.close()
    }
  })

  test("two results for one statement are refused", async () => {
    const two = bytes(columnsToken([INT]), rowToken([INT], ["1"]), doneToken("inProc", 1), columnsToken([INT]), DONE)
    expect(await codeOf({ statement: (socket) => answer(socket, two) })).toBe("query_invalid")
  })

  test("messages without end and without a row are cut off", async () => {
    const part = packed(Buffer.concat(Array.from({ length: 80 }, () => infoToken(0, "nothing"))), 32_000).fill(0, 1, 2)
    const flood = (socket: Socket): void => {
      const again = (): void => {
        if (!socket.destroyed) socket.write(part, () => setImmediate(again))
      }
      again()
    }
    expect(await codeOf({ statement: flood }, { deadlineMs: 20_000 })).toBe("protocol_invalid")
  })

  test("a server that says nothing is cut off at the deadline", async () => {
    expect(await codeOf({ statement: () => undefined }, { deadlineMs: 1_500 })).toBe("timed_out")
  })

  test("the server's texts are its own, and no more than a sentence", async () => {
    const server = await fake({
      statement: (socket) => answer(socket, bytes(errorToken(new Refusal(50_000, 16, `no\n${"x".repeat(2_000)}`)), doneToken("proc", 2))),
    })
    try {
      const error = await failure(run(server, (session) => drain(session, "SELECT 1 AS a")))
      expect([error.code, error.message.length < 400, error.message.includes("\n")]).toEqual(["query_invalid", true, false])
    } finally {
      await server.close()
    }
  })
})
