import { once } from "node:events"
import { Duplex } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { connect, createServer as createTlsServer } from "node:tls"
import { expect, test } from "vitest"
import { certificate } from "../../test/support/certificates.ts"
import { listen, listenRaw } from "../../test/support/loopback.ts"
import { PlatformError } from "../core/errors.ts"
import { Door } from "./door.ts"
import { DoorSocket } from "./lazy-socket.ts"
import { Policy } from "./policy.ts"
import { parseEgressRules } from "./rules.ts"

const door = new Door({ policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8") }) })

test("delivers data written before it connected, and the bytes of both ends in order", async () => {
  await using server = await listenRaw((socket) => socket.pipe(socket))
  await using lease = door.lease({ deadlineMs: 5_000, operator: true })
  const socket = lease.socket()
  expect(socket).toMatchObject({ connecting: true, pending: true })
  socket.write("early ")
  socket.connect(server.port, "localhost")
  await once(socket, "connect")
  expect(socket).toMatchObject({ connecting: false, remoteAddress: "127.0.0.1" })
  socket.end("late")
  let text = ""
  for await (const chunk of socket) text += String(chunk)
  expect(text).toBe("early late")
})

test("pauses the remote end while nobody reads, and loses nothing", async () => {
  const total = 16 * 1_048_576
  let sent = 0
  await using server = await listenRaw((socket) => {
    const chunk = Buffer.alloc(65_536)
    const push = (): void => {
      while (sent < total) {
        sent += chunk.length
        if (!socket.write(chunk)) {
          socket.once("drain", push)
          return
        }
      }
      socket.end()
    }
    push()
  })
  await using lease = door.lease({ deadlineMs: 20_000, operator: true })
  const socket = lease.socket().connect(server.port, "127.0.0.1")
  await once(socket, "connect")
  await sleep(300)
  expect(socket.readableLength).toBeLessThan(1_048_576)
  expect(sent).toBeLessThan(total)
  let got = 0
  for await (const chunk of socket) got += (chunk as Buffer).length
  expect(got).toBe(total)
})

test("a listener that throws on received data ends the connection, not the process", async () => {
  await using server = await listenRaw((socket) => socket.write("nonsense"))
  await using lease = door.lease({ deadlineMs: 5_000, operator: true })
  const cause = new RangeError("no such message")
  const socket = lease.socket().on("data", () => {
    throw cause
  })
  const failed = once(socket, "error")
  socket.connect(server.port, "127.0.0.1")
  expect(await failed).toMatchObject([{ code: "protocol_invalid", cause }])
})

test("a writer is told to wait, and `finish` means that the inner stream accepted everything", async () => {
  let taken = 0
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    setTimeout(() => {
      taken += chunk.length
      done()
    }, 30)
  }
  const socket = new DoorSocket(() => Promise.resolve(new Duplex({ read: () => undefined, write })))
  socket.connect(1, "a.test")
  await once(socket, "connect")
  expect(socket.write(Buffer.alloc(100_000))).toBe(false)
  socket.end(Buffer.alloc(1))
  await once(socket, "finish")
  expect(taken).toBe(100_001)
})

test("the door's error is the socket's error", async () => {
  await using lease = door.lease({ deadlineMs: 5_000, operator: true })
  const socket = lease.socket().connect(80, "10.0.0.1")
  const [error] = (await once(socket, "error")) as [unknown]
  expect(error).toBeInstanceOf(PlatformError)
  expect(error).toMatchObject({ code: "egress_denied", details: { allowWith: "10.0.0.1/32:80" } })
})

test("a path to a local socket, or a missing host, is rejected without a dial", async () => {
  await using lease = door.lease({ deadlineMs: 5_000, operator: true })
  for (const args of [["/var/run/x.sock"], [5432, "/var/run/postgresql"], [{ path: "/var/run/x.sock" }], [5432, ""]]) {
    const socket = lease.socket()
    Reflect.apply(socket.connect, socket, args)
    const [error] = (await once(socket, "error")) as [unknown]
    expect(error).toMatchObject({ code: "config_invalid" })
  }
  expect(lease.sockets).toEqual([])
})

test("an aborted lease ends it with the reason, before and after it connects", async () => {
  await using server = await listenRaw()
  const reason = new PlatformError("timed_out", "Too late.")
  const lease = door.lease({ deadlineMs: 5_000, operator: true })
  const connected = lease.socket().connect(server.port, "127.0.0.1")
  await once(connected, "connect")
  const fresh = lease.socket()
  const errors = Promise.all([once(connected, "error"), once(fresh, "error")])
  lease.abort(reason)
  expect((await errors).flat()).toEqual([reason, reason])
  await lease.close()
})

test("a TLS layer above it reports its own cause, not a closed connection", async () => {
  const made = certificate({ name: "db.example.test", names: ["db.example.test"] })
  await using server = await listen(createTlsServer(made, (socket) => socket.on("error", () => undefined)))
  await using lease = door.lease({ deadlineMs: 5_000, operator: true })
  const socket = lease.socket().connect(server.port, "127.0.0.1")
  const events: string[] = []
  socket.on("error", (error) => events.push(`inner ${error.message}`)).on("close", () => events.push("inner close"))
  await once(socket, "connect")
  const secure = connect({ socket, servername: "other.example.test", ca: made.cert })
  const [error] = (await once(secure, "error")) as [Error & { code: string }]
  expect(error.code).toBe("ERR_TLS_CERT_ALTNAME_INVALID")
  expect(events).toEqual([])
})

test("its idle timeout fires if no data passes", async () => {
  const inner = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() })
  const socket = new DoorSocket(() => Promise.resolve(inner)).connect(1, "a.test").setTimeout(30)
  await once(socket, "timeout")
  socket.destroy()
  await once(socket, "close")
  expect(inner.destroyed).toBe(true)
})
