import { once } from "node:events"
import { createServer as createHttpServer } from "node:http"
import { createServer as createTlsServer } from "node:tls"
import ssh2 from "ssh2"
import { request } from "undici"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { certificate } from "../../test/support/certificates.ts"
import { closedPort, type Loopback, listen, listenRaw } from "../../test/support/loopback.ts"
import { type SshServer, startSshServer } from "../../test/support/ssh-server.ts"
import { PlatformError } from "../core/errors.ts"
import { Secret } from "../core/fields.ts"
import type { SshSpec } from "../core/lease.ts"
import { Door, type OpenLease } from "./door.ts"
import { Policy } from "./policy.ts"
import { parseHosts, Resolver } from "./resolver.ts"
import { parseEgressRules } from "./rules.ts"

const keys = ssh2.utils.generateKeyPairSync("ed25519")
const locked = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "open sesame", cipher: "aes256-ctr", rounds: 16 })
let bastion: SshServer
let echo: Loopback

beforeAll(async () => {
  bastion = await startSshServer({ user: "hub", password: "let me in", publicKey: keys.public })
  echo = await listenRaw((socket) => socket.pipe(socket))
})
afterAll(async () => {
  await bastion.close()
  await echo.close()
})

const spec = (over: Partial<SshSpec> = {}): SshSpec => ({
  host: "bastion.test",
  port: bastion.port,
  user: "hub",
  hostKey: bastion.hostKey,
  auth: { kind: "password", password: new Secret("let me in") },
  ...over,
})

const resolver = new Resolver({ hosts: parseHosts("bastion.test=127.0.0.1,sly.corp=169.254.169.254") })
/** A lease whose policy allows the bastion's port and the given targets on loopback. */
function lease(targets: readonly number[], { operator = true, deadlineMs = 5_000 } = {}): OpenLease {
  const rules = [bastion.port, ...targets].map((port) => `127.0.0.1:${port}`).join(",")
  return new Door({ policy: new Policy({ fixed: parseEgressRules(rules) }), resolver }).lease({ deadlineMs, operator })
}

describe("through a bastion", () => {
  test("bytes pass, with stages, and only the bastion is dialled", async () => {
    await using open = lease([echo.port])
    const socket = await open.through(spec()).dial({ host: "127.0.0.1", port: echo.port })
    socket.write("hello")
    expect(String((await once(socket, "data"))[0])).toBe("hello")
    expect(open.trace.stages.map((each) => each.name)).toEqual(["resolve", "policy", "connect", "tunnel"])
    expect(open.trace.stages.at(-1)).toMatchObject({ status: "passed", detail: `127.0.0.1:${echo.port} by bastion.test:${bastion.port}` })
    expect(open.sockets.map((each) => each.target)).toEqual([`bastion.test:${bastion.port}`])
  })

  test("the bastion resolves a name that only it knows; two dials share one login", async () => {
    await using open = lease([])
    const through = open.through(spec())
    for (let turn = 0; turn < 2; turn++) await through.dial({ host: "inside.corp", port: echo.port })
    expect(bastion.forwards.slice(-2)).toEqual([`inside.corp:${echo.port}`, `inside.corp:${echo.port}`])
    expect(open.sockets).toHaveLength(1)
  })

  test("logs in by key, with and without a passphrase", async () => {
    await using second = await startSshServer({ user: "hub", publicKey: locked.public })
    await using open = lease([echo.port, second.port])
    const to = { host: "127.0.0.1", port: echo.port }
    await open.through(spec({ auth: { kind: "key", privateKey: new Secret(keys.private) } })).dial(to)
    const auth = { kind: "key", privateKey: new Secret(locked.private), passphrase: new Secret("open sesame") } as const
    await open.through(spec({ port: second.port, hostKey: second.hostKey, auth })).dial(to)
  })

  test("logs in by password even if the bastion asks for it interactively", async () => {
    await using asking = await startSshServer({ user: "hub", password: "let me in", prompts: true })
    await using open = lease([asking.port])
    const at = { port: asking.port, hostKey: asking.hostKey }
    await open.through(spec(at)).dial({ host: "inside.corp", port: echo.port })
    const wrong = spec({ ...at, auth: { kind: "password", password: new Secret("wrong-password") } })
    await expect(open.through(wrong).dial({ host: "inside.corp", port: echo.port })).rejects.toMatchObject({ code: "tunnel_auth_failed" })
  })

  test("TLS and every HTTP face work over it", async () => {
    const made = certificate({ name: "inside.corp", names: ["inside.corp"] })
    await using secure = await listen(createTlsServer(made, (socket) => socket.on("error", () => undefined).end("secret")))
    await using web = await listen(createHttpServer((_, response) => response.end("page")))
    await using open = lease([])
    const through = open.through(spec())
    const socket = await through.dialTls({ host: "inside.corp", port: secure.port }, { mode: "verify", ca: made.cert })
    expect(String((await once(socket, "data"))[0])).toBe("secret")
    const answer = await request(`http://inside.corp:${web.port}/`, { dispatcher: through.dispatcher() })
    expect(await answer.body.text()).toBe("page")
    const lazy = through.socket().connect(echo.port, "inside.corp")
    lazy.write("lazy")
    expect(String((await once(lazy, "data"))[0])).toBe("lazy")
  })
})

describe("the target behind the bastion is judged", () => {
  const never = ["169.254.169.254", "169.254.7.7", "0.0.0.0", "::ffff:169.254.169.254", "metadata.google.internal", "metadata", "sly.corp", "2852039166"]
  for (const host of [...never, "127.0.0.1", "localhost", "x.localhost", "0x7f.1", "::1"])
    test(`${host} is denied before the bastion sees it`, async () => {
      const before = bastion.forwards.length
      await using open = lease([])
      await expect(open.through(spec()).dial({ host, port: 80 })).rejects.toMatchObject({ code: "egress_denied" })
      expect(open.trace.failed).toBe("tunnel")
      expect(bastion.forwards.length).toBe(before)
    })

  test("users who are not operators cannot distinguish denied from closed", async () => {
    const port = await closedPort()
    const errors = await Promise.all(
      ["inside.corp", "127.0.0.1"].map(async (host) => {
        await using open = lease([], { operator: false })
        const error = await open
          .through(spec())
          .dial({ host, port })
          .catch((caught: unknown) => caught)
        return error instanceof PlatformError ? `${error.code} ${error.message.replace(host, "HOST")} ${JSON.stringify(error.details)}` : "no error of ours"
      }),
    )
    expect(errors[0]).toContain("tunnel_failed")
    expect(errors[1]).toBe(errors[0])
  })
})

describe("a bastion that does not forward", () => {
  const to = () => ({ host: "inside.corp", port: echo.port })

  test("with another host key is rejected, and the message contains the key that it presented", async () => {
    await using open = lease([])
    await expect(open.through(spec({ hostKey: "SHA256:AAAA" })).dial(to())).rejects.toMatchObject({
      code: "host_key_mismatch",
      message: expect.stringContaining(bastion.hostKey) as string,
      details: { hostKey: bastion.hostKey },
    })
    expect(open.trace.failed).toBe("tunnel")
  })

  test("that refuses the login is tunnel_auth_failed, and so is an unreadable key; the text contains no secret", async () => {
    const wrong: SshSpec["auth"][] = [
      { kind: "password", password: new Secret("wrong-password") },
      { kind: "key", privateKey: new Secret(locked.private), passphrase: new Secret("wrong-password") },
      { kind: "key", privateKey: new Secret(locked.private) },
      { kind: "key", privateKey: new Secret("wrong-password") },
    ]
    for (const auth of wrong) {
      await using open = lease([])
      const error = await open
        .through(spec({ auth }))
        .dial(to())
        .catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: "tunnel_auth_failed" })
      expect(String(error)).not.toContain("wrong-password")
    }
  })

  test("that forbids forwarding, or cannot reach the target, is tunnel_failed", async () => {
    await using strict = await startSshServer({ user: "hub", password: "let me in", forwarding: false })
    await using open = lease([strict.port])
    await expect(open.through(spec({ port: strict.port, hostKey: strict.hostKey })).dial(to())).rejects.toMatchObject({ code: "tunnel_failed" })
    await expect(open.through(spec()).dial({ host: "inside.corp", port: await closedPort() })).rejects.toMatchObject({ code: "tunnel_failed" })
  })

  test("that is not an SSH server is protocol_invalid; a silent one ends with the lease; a denied one is not dialled", async () => {
    await using chatty = await listenRaw((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
    await using silent = await listenRaw()
    await using open = lease([chatty.port, silent.port], { deadlineMs: 1_000 })
    await expect(open.through(spec({ port: chatty.port })).dial(to())).rejects.toMatchObject({ code: "protocol_invalid" })
    await expect(open.through(spec({ host: "10.0.0.1" })).dial(to())).rejects.toMatchObject({ code: "egress_denied" })
    await expect(open.through(spec({ port: silent.port })).dial(to())).rejects.toMatchObject({ code: "timed_out", details: { stage: "tunnel" } })
  })
})

describe("the end", () => {
  for (const end of ["kill", "close"] as const)
    test(`a bastion that dies (${end}) ends its own streams and nothing else`, async () => {
      await using own = await startSshServer({ user: "hub", password: "let me in" })
      await using open = lease([own.port])
      const socket = await open.through(spec({ port: own.port, hostKey: own.hostKey })).dial({ host: "inside.corp", port: echo.port })
      const closed = once(socket.resume(), "close")
      await own[end]()
      await closed
      expect(open.signal.aborted).toBe(false)
    })

  test("a cut-off reaches the stream with the reason, after a grace dial through the same login", async () => {
    const open = lease([])
    const through = open.through(spec())
    const to = { host: "inside.corp", port: echo.port }
    const socket = await through.dial(to)
    const failed = once(socket, "error")
    let grace = ""
    through.beforeCutOff(async (dial) => {
      const extra = await dial(to)
      extra.write("cancel")
      grace = String((await once(extra, "data"))[0])
    })
    const reason = new PlatformError("timed_out", "Too late.")
    open.abort(reason)
    await open.close()
    expect([await failed, grace]).toEqual([[reason], "cancel"])
  })
})
