import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, expect, test } from "vitest"
import { closedPort, type Loopback, listenRaw } from "../../test/support/loopback.ts"
import type { SocksEndpoint } from "../core/lease.ts"
import { Door, type OpenLease } from "./door.ts"
import { Policy } from "./policy.ts"
import { parseEgressRules } from "./rules.ts"

let echo: Loopback
beforeAll(async () => {
  echo = await listenRaw((socket) => socket.pipe(socket))
})
afterAll(async () => await echo.close())

const lease = (): OpenLease => new Door({ policy: new Policy({ fixed: parseEgressRules("127.0.0.1/32") }) }).lease({ deadlineMs: 5_000, operator: true })

/** The next `count` bytes. */
async function read(socket: Socket, count: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < count) bytes = Buffer.concat([bytes, ((await once(socket, "data")) as [Buffer])[0]])
  return bytes
}

/** Greets, logs in and requests a target (RFC 1928); returns the reply code and the socket. */
async function ask(socks: SocksEndpoint, target: Buffer, port: number, password = socks.password): Promise<{ reply: number; socket: Socket }> {
  const socket = connect(socks.port, socks.host)
  socket.write(Buffer.from([5, 1, 2]))
  expect(await read(socket, 2)).toEqual(Buffer.from([5, 2]))
  const login = [Buffer.from([1, socks.username.length]), Buffer.from(socks.username), Buffer.from([password.length]), Buffer.from(password)]
  socket.write(Buffer.concat(login))
  const welcome = await read(socket, 2)
  if (welcome[1] !== 0) return { reply: -1, socket }
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), target, Buffer.from([port >> 8, port & 0xff])]))
  return { reply: (await read(socket, 10))[1] ?? -1, socket }
}

const name = (text: string): Buffer => Buffer.concat([Buffer.from([3, text.length]), Buffer.from(text)])

test("the door dials a name or an address, and bytes pass both ways", async () => {
  await using open = lease()
  const socks = await open.socks5()
  for (const target of [name("localhost"), Buffer.from([1, 127, 0, 0, 1])]) {
    const { reply, socket } = await ask(socks, target, echo.port)
    expect(reply).toBe(0)
    socket.write("hello")
    expect(String(await read(socket, 5))).toBe("hello")
  }
  expect(open.sockets.map((each) => each.target)).toEqual([`localhost:${echo.port}`, `127.0.0.1:${echo.port}`])
})

test("denied, unknown and closed targets get the same reply, and the trace has the cause", async () => {
  await using open = lease()
  const socks = await open.socks5()
  const mapped = Buffer.from([4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1])
  expect((await ask(socks, name("169.254.169.254"), 80)).reply).toBe(1)
  expect(open.trace.failed).toBe("policy")
  for (const target of [mapped, name("single"), Buffer.from([1, 10, 0, 0, 1])]) expect((await ask(socks, target, 80)).reply).toBe(1)
  expect((await ask(socks, name("127.0.0.1"), await closedPort())).reply).toBe(1)
})

test("no client is accepted without the lease's own password", async () => {
  await using open = lease()
  const socks = await open.socks5()
  expect((await ask(socks, name("localhost"), echo.port, "wrong")).reply).toBe(-1)
  const anonymous = connect(socks.port, socks.host)
  anonymous.write(Buffer.from([5, 1, 0]))
  expect(await read(anonymous, 2)).toEqual(Buffer.from([5, 0xff]))
  expect(open.sockets).toEqual([])
})

test("each lease has one server, which ends with the lease and closes its connections", async () => {
  const open = lease()
  const [first, second] = await Promise.all([open.socks5(), open.socks5()])
  expect(second).toEqual(first)
  const { socket } = await ask(first, name("localhost"), echo.port)
  const ended = once(
    socket.on("error", () => undefined),
    "close",
  )
  await open.close()
  await ended
  await expect(open.socks5()).rejects.toMatchObject({ code: "cancelled" })
})
