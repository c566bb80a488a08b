import type { Socket } from "node:net"
import { describe, expect, test, vi } from "vitest"
import { mysql } from "../../src/connectors/mysql.ts"
import type { Session } from "../../src/core/session.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { type Loopback, listenRaw } from "../support/loopback.ts"
import { withSession } from "./context.ts"

// A tenant's connector may point at a server of the tenant's making: what that says may end its connection, and nothing else.

const PASSWORD = "never-to-be-seen-in-the-clear"

const packet = (sequence: number, ...parts: (Buffer | string | number[])[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))))
  return Buffer.concat([Buffer.from([body.length & 0xff, (body.length >> 8) & 0xff, body.length >> 16, sequence]), body])
}

/** Protocol::HandshakeV10. `capabilities`: what every server of today has, TLS when asked for. */
const greeting = ({ tls = false, plugin = "mysql_native_password", version = "8.0.36" } = {}): Buffer => {
  const capabilities = 0x81bff7df | (tls ? 0x800 : 0)
  const low = [capabilities & 0xff, ((capabilities >> 8) & 0xff & ~(tls ? 0 : 0x08)) >>> 0]
  const high = [(capabilities >> 16) & 0xff, (capabilities >>> 24) & 0xff]
  return packet(0, [10], `${version}\0`, [1, 0, 0, 0], "12345678", [0], low, [45, 2, 0], high, [21], Buffer.alloc(10), "123456789012\0", `${plugin}\0`)
}
const OK = [0, 0, 0, 2, 0, 0, 0]
const eof = (sequence: number, status = 2): Buffer => packet(sequence, [0xfe, 0, 0, status, 0])
const column = (sequence: number, name = "a"): Buffer =>
  packet(sequence, [3], "def", [0, 0, 0, name.length], name, [0, 0x0c, 45, 0, 0xff, 0, 0, 0, 253, 0, 0, 0, 0, 0])

/** A server that answers what it is sent: the login by `login`, and commands by `command` (their text, and the socket). */
const fake = (command: (sql: string, socket: Socket) => void, login: Buffer = packet(2, OK), hello: Buffer = greeting()): Promise<Loopback> =>
  listenRaw((socket) => {
    let first = true
    socket
      .on("error", () => undefined)
      .on("data", (chunk) => {
        if (first) socket.write(login)
        else command(chunk.toString("latin1", 5), socket)
        first = false
      })
    socket.write(hello)
  })

const run = <T>({ port }: Loopback, work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: mysql }, { host: "127.0.0.1", port, user: "u", password: PASSWORD, tls: { kind: "off" }, ...more }, work, {
    deadlineMs: 4_000,
    ...options,
  })
const testing = (server: Loopback, more: object = {}, options: object = {}) => failure(run(server, (session) => session.test(), more, options))

/** Settings and the beginning of a transaction are answered as a server would. */
const ready = (then: (sql: string, socket: Socket) => void) =>
  fake((sql, socket) => {
    if (/^(SET|START|ROLLBACK)/.test(sql)) socket.write(packet(1, OK))
    else then(sql, socket)
  })

describe("before the login", () => {
  test.each([
    ["a web server's answer", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["an SSH server's", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
    ["a mail server's", Buffer.from("220 mail.example.com ESMTP\r\n")],
    ["an older protocol", packet(0, [9], "3.20\0")],
    ["a greeting out of order", packet(7, [10], "8.0\0")],
    ["a greeting that is cut off", packet(0, [10], "8.0.36\0")],
    ["an empty packet", packet(0)],
    ["random bytes", Buffer.from("\x01\x00\x00\x00\x00\x01\x02\x03", "latin1")],
  ])("%s is protocol_invalid", async (_, hello) => {
    await using server = await fake(() => undefined, packet(2, OK), hello)
    const { code } = await testing(server)
    expect(["protocol_invalid", "connection_lost"]).toContain(code)
  })

  test("what comes behind the greeting in the clear never passes for what came over TLS", async () => {
    const seen: string[] = []
    await using server = await listenRaw((socket) => {
      socket.on("error", () => undefined).on("data", (chunk) => seen.push(chunk.toString("latin1")))
      socket.write(Buffer.concat([greeting({ tls: true }), packet(2, OK)]))
    })
    expect((await testing(server, { tls: { kind: "require" } })).code).toBe("protocol_invalid")
    expect(seen.join("")).toBe("")
  })

  test("a server that offers no TLS gets nothing of the login", async () => {
    const seen: Buffer[] = []
    await using server = await listenRaw((socket) => {
      socket.on("error", () => undefined).on("data", (chunk) => seen.push(chunk))
      socket.write(greeting())
    })
    expect((await testing(server, { tls: { kind: "verify" } })).code).toBe("tls_unsupported")
    expect(Buffer.concat(seen).length).toBe(0)
  })

  test.each([
    [1045, "28000", "auth_failed"],
    [1130, "HY000", "auth_failed"],
    [1040, "08004", "too_many_connections"],
    [1129, "HY000", "server_unavailable"],
    [1049, "42000", "database_not_found"],
    [1044, "42000", "permission_denied"],
    [3159, "HY000", "tls_required"],
  ])("error %i is %s %s", async (errno, state, code) => {
    const refusal = (sequence: number): Buffer => packet(sequence, [0xff, errno & 0xff, errno >> 8], `#${state}no`)
    await using late = await fake(() => undefined, refusal(2))
    await using early = await fake(() => undefined, packet(2, OK), refusal(0))
    expect([(await testing(late)).code, (await testing(early)).code]).toEqual([code, code])
  })
})

describe("the password", () => {
  test.each(["mysql_clear_password", "dialog", "client_ed25519", "toString", "__proto__", ""])("is not sent when the server switches to %j", async (plugin) => {
    const seen: Buffer[] = []
    await using server = await listenRaw((socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (chunk) => {
          seen.push(chunk)
          socket.write(packet(2, [0xfe], `${plugin}\0`, "12345678901234567890\0"))
        })
      socket.write(greeting())
    })
    const { code, message } = await testing(server)
    expect([code, message.endsWith(".")]).toEqual(["auth_failed", true])
    expect(Buffer.concat(seen).toString("latin1")).not.toContain(PASSWORD)
  })

  test("is not sent when the greeting itself asks for it in the clear", async () => {
    const seen: Buffer[] = []
    await using server = await listenRaw((socket) => {
      socket
        .on("error", () => undefined)
        .on("data", (chunk) => {
          seen.push(chunk)
          socket.write(packet(2, [0xff, 0x15, 0x04], "#28000no"))
        })
      socket.write(greeting({ plugin: "mysql_clear_password" }))
    })
    expect((await testing(server)).code).toBe("auth_failed")
    expect(Buffer.concat(seen).toString("latin1")).not.toContain(PASSWORD)
  })

  test.each(["mysql_clear_password", "dialog", "constructor"])("is not sent when a reset is answered by a switch to %j", async (plugin) => {
    const seen: string[] = []
    await using server = await fake((sql, socket) => {
      seen.push(sql)
      socket.write(packet(1, [0xfe], `${plugin}\0`, "12345678901234567890\0"))
    })
    const { code } = await failure(run(server, (session) => session.reset()))
    expect([code, seen.length]).toEqual(["auth_failed", 1])
    expect(seen.join("")).not.toContain(PASSWORD)
  })
})

describe("after the login", () => {
  test("no server is told that it may ask for files or send several statements, nor that names are read loosely", async () => {
    const logins: Buffer[] = []
    await using server = await listenRaw((socket) => {
      socket
        .on("error", () => undefined)
        .once("data", (chunk) => {
          logins.push(chunk)
          socket.write(packet(2, [0xff, 0x15, 0x04], "#28000no"))
        })
      socket.write(greeting())
    })
    expect((await testing(server)).code).toBe("auth_failed")
    const capabilities = logins[0]?.readUInt32LE(4) ?? 0
    const [FOUND_ROWS, LOCAL_FILES, IGNORE_SPACE, MULTI_STATEMENTS] = [0x2, 0x80, 0x100, 0x10000]
    expect([FOUND_ROWS, LOCAL_FILES, IGNORE_SPACE, MULTI_STATEMENTS].map((bit) => capabilities & bit)).toEqual([0, 0, 0, 0])
  })

  test("a server that asks for a file of ours gets none", async () => {
    const seen: string[] = []
    await using server = await fake((sql, socket) => {
      seen.push(sql)
      if (seen.length === 1) socket.write(packet(1, [0xfb], "/etc/passwd"))
    })
    const { code } = await testing(server, {}, { deadlineMs: 1_500 })
    expect(code).not.toBe("internal")
    expect(seen.join("")).not.toContain("root:")
  })

  test.each([
    ["an empty packet", packet(1)],
    ["a count of columns and nothing more", packet(1, [3])],
    ["columns that are cut off", Buffer.concat([packet(1, [1]), packet(2, [200])])],
    ["rows instead of an end of columns", Buffer.concat([packet(1, [1]), column(2), packet(3, [1, 97])])],
    ["a row that lies about its length", Buffer.concat([packet(1, [1]), column(2), eof(3), packet(4, [0, 0, 0xfd, 0xff, 0xff, 0xff])])],
    ["an error without content", packet(1, [0xff])],
    ["a packet out of order", packet(9, OK)],
    ["more than was asked for", Buffer.concat([packet(1, OK), packet(2, OK), packet(3, OK)])],
  ])("%s ends the connection and nothing else", async (_, answer) => {
    const complaint = vi.spyOn(console, "error")
    await using first = await fake((_sql, socket) => socket.write(answer))
    await using later = await ready((_sql, socket) => socket.write(answer))
    for (const server of [first, later]) {
      const { code } = await testing(server, {}, { deadlineMs: 1_200 })
      expect(["protocol_invalid", "connection_lost", "timed_out", "remote_failed"]).toContain(code)
    }
    expect(complaint).not.toHaveBeenCalled()
    complaint.mockRestore()
  })

  test("a packet that goes on and on is not waited for", async () => {
    const part = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 1]), Buffer.alloc(0xffffff)])
    await using server = await ready((_sql, socket) => {
      for (let sent = 0; sent < 6; sent++) socket.write(part)
    })
    expect((await testing(server, {}, { deadlineMs: 15_000 })).code).toBe("response_too_large")
  })

  test("columns without end are given up", async () => {
    const many = Buffer.concat(Array.from({ length: 20 * 256 }, (_, index) => column((index + 2) & 0xff, "c".repeat(200))))
    await using server = await ready((_sql, socket) => {
      socket.write(packet(1, [0xfd, 0xff, 0xff, 0xff]))
      const more = (): void => {
        if (!socket.destroyed) socket.write(many, () => setImmediate(more))
      }
      more()
    })
    const before = process.memoryUsage().rss
    const error = await testing(server, {}, { deadlineMs: 25_000 })
    expect([error.code, error.message]).toEqual(["protocol_invalid", expect.stringContaining("without end")])
    expect((process.memoryUsage().rss - before) / 1_048_576).toBeLessThan(600)
  })

  test("a second result for one statement is refused", async () => {
    // COM_STMT_PREPARE is 0x16, COM_STMT_EXECUTE 0x17; a result set with "more to come" after another.
    const prepared = Buffer.concat([packet(1, [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), column(2), eof(3)])
    const result = (from: number): Buffer =>
      Buffer.concat([packet(from, [1]), column(from + 1), eof(from + 2), packet(from + 3, [0, 0, 1, 97]), eof(from + 4, 8)])
    await using server = await listenRaw((socket) => {
      let first = true
      socket
        .on("error", () => undefined)
        .on("data", (chunk) => {
          if (first) socket.write(packet(2, OK))
          else if (chunk[4] === 0x16) socket.write(prepared)
          else if (chunk[4] === 0x17) socket.write(Buffer.concat([result(1), result(6)]))
          else socket.write(packet(1, OK))
          first = false
        })
      socket.write(greeting())
    })
    const error = await failure(run(server, (session) => collect(session.query("SELECT 1"))))
    expect([error.code, error.message]).toEqual(["protocol_invalid", expect.stringContaining("two results")])
  })
})
