import { execFile } from "node:child_process"
import { getEventListeners, once } from "node:events"
import { createServer as createHttpServer, get } from "node:http"
import { connect, Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { request } from "undici"
import { describe, expect, test } from "vitest"
import { startDnsServer, type Zone } from "../../test/support/dns-server.ts"
import { closedPort, listen, listenRaw } from "../../test/support/loopback.ts"
import { PlatformError } from "../core/errors.ts"
import { collapseStages } from "../core/trace.ts"
import { Door, type LeaseOptions, type OpenLease } from "./door.ts"
import { Policy } from "./policy.ts"
import { Resolver } from "./resolver.ts"
import { parseEgressRules } from "./rules.ts"

const loopback = new Policy({ fixed: parseEgressRules("127.0.0.1/32") })
const lease = (options: Partial<LeaseOptions> = {}): OpenLease => new Door({ policy: loopback }).lease({ deadlineMs: 5_000, operator: true, ...options })

describe("a dial", () => {
  test("is recorded by stages and in the audit", async () => {
    await using server = await listenRaw((socket) => socket.end("hello"))
    await using open = lease()
    const socket = await open.dial({ host: "localhost", port: server.port })
    for await (const _ of socket);
    await open.close()
    expect(open.trace.stages).toMatchObject([
      { name: "resolve", status: "passed", detail: "localhost → 127.0.0.1" },
      { name: "policy", status: "passed", detail: "allowed by 127.0.0.1/32" },
      { name: "connect", status: "passed", detail: `127.0.0.1:${server.port}` },
    ])
    expect(open.sockets).toEqual([{ target: `localhost:${server.port}`, ip: "127.0.0.1", bytesIn: 5, bytesOut: 0 }])
  })

  test("to a denied address opens no socket, and tells an operator how to allow it", async () => {
    await using server = await listenRaw(undefined, "127.0.0.2")
    await using open = lease()
    await expect(open.dial({ host: "127.0.0.2", port: server.port })).rejects.toMatchObject({
      code: "egress_denied",
      message: expect.stringContaining(`jackfield egress allow 127.0.0.2/32:${server.port}`) as string,
    })
    expect(open.trace.failed).toBe("policy")
    expect([server.hits, open.sockets.length]).toEqual([0, 0])
  })

  test("distinguishes a closed port, an unknown name and an invalid host or port for an operator", async () => {
    await using open = lease()
    await expect(open.dial({ host: "127.0.0.1", port: await closedPort() })).rejects.toMatchObject({ code: "host_unreachable" })
    await expect(open.dial({ host: "single", port: 80 })).rejects.toMatchObject({ code: "host_not_found" })
    for (const [host, port] of [
      ["a b", 80],
      ["a", 0],
      ["a", 70_000],
    ] as const)
      await expect(open.dial({ host, port })).rejects.toMatchObject({ code: "config_invalid" })
  })
})

describe("names", () => {
  const withZone = async (zone: Zone, work: (open: OpenLease) => Promise<void>) => {
    await using dns = await startDnsServer(zone)
    await using open = new Door({ policy: loopback, resolver: new Resolver({ servers: [dns.address] }) }).lease({ deadlineMs: 5_000, operator: true })
    await work(open)
  }

  test("one denied address among allowed ones denies the name", async () => {
    await using server = await listenRaw()
    for (const bad of ["10.0.0.1", "169.254.169.254", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
      await withZone(
        () => ({ addresses: ["127.0.0.1", bad] }),
        async (open) => await expect(open.dial({ host: "mixed.test", port: server.port }), bad).rejects.toMatchObject({ code: "egress_denied" }),
      )
    expect(server.hits).toBe(0)
  })

  test("a CNAME to a private address is judged by that address", async () => {
    await withZone(
      () => ({ addresses: ["10.0.0.1"], via: ["internal.corp.test"] }),
      async (open) => await expect(open.dial({ host: "cdn.test", port: 80 })).rejects.toMatchObject({ code: "egress_denied" }),
    )
  })

  test("a name that changes to a denied address is denied on the second dial, and the first socket keeps its address", async () => {
    await using server = await listenRaw((socket) => socket.pipe(socket))
    await withZone(
      (_, type, count) => ({ addresses: type === "AAAA" ? [] : [count === 1 ? "127.0.0.1" : "169.254.169.254"] }),
      async (open) => {
        const first = await open.dial({ host: "rebind.test", port: server.port })
        await expect(open.dial({ host: "rebind.test", port: server.port })).rejects.toMatchObject({ code: "egress_denied" })
        first.write("still here")
        expect(String((await once(first, "data"))[0])).toBe("still here")
      },
    )
    expect(server.hits).toBe(1)
  })

  test("the next address is tried if one refuses the connection", async () => {
    await using server = await listenRaw()
    await using dns = await startDnsServer((_, type) => ({ addresses: type === "A" ? ["127.0.0.3", "127.0.0.1"] : [] }))
    const policy = new Policy({ fixed: parseEgressRules("127.0.0.0/8") })
    await using open = new Door({ policy, resolver: new Resolver({ servers: [dns.address] }) }).lease({ deadlineMs: 5_000, operator: true })
    await open.dial({ host: "pair.test", port: server.port })
    expect(open.sockets.map((each) => each.ip).sort()).toEqual(["127.0.0.1", "127.0.0.3"])
  })
})

describe("a user who is not an operator", () => {
  test("cannot distinguish unknown, unanswered, denied and closed: one text, one stage, one minimum time", async () => {
    const port = await closedPort()
    await using dns = await startDnsServer((name) => (name === "failing.test" ? "SERVFAIL" : "NXDOMAIN"))
    const door = new Door({ policy: loopback, resolver: new Resolver({ servers: [dns.address] }) })
    const failures = await Promise.all(
      ["127.0.0.1", "127.0.0.2", "single", "gone.test", "failing.test"].map(async (host) => {
        await using open = door.lease({ deadlineMs: 5_000, operator: false })
        const begun = performance.now()
        const error = await open.dial({ host, port }).catch((caught: unknown) => caught)
        if (!(error instanceof PlatformError)) throw new Error("the dial was to fail")
        const stages = collapseStages(open.trace.stages)
        expect(performance.now() - begun).toBeGreaterThan(395)
        expect(stages[0]?.durationMs).toBeGreaterThan(395)
        return {
          code: error.code,
          message: error.message.replace(host, "HOST"),
          details: error.details,
          stages: stages.map(({ durationMs: _, ...rest }) => rest),
        }
      }),
    )
    expect(new Set(failures.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(failures[0]).toMatchObject({ code: "host_unreachable", details: {}, stages: [{ name: "connect", status: "failed" }] })
  })

  test("does not wait for the minimum time beyond the deadline", async () => {
    await using open = lease({ operator: false, deadlineMs: 100 })
    await expect(open.dial({ host: "127.0.0.2", port: 80 })).rejects.toMatchObject({ code: "timed_out", details: { stage: "connect" } })
  })
})

test("a socket that is connected to another than the judged address is closed", async () => {
  await using server = await listenRaw(undefined, "127.0.0.2")
  const { connect: original } = Socket.prototype
  Socket.prototype.connect = function (this: Socket, port: number) {
    return Reflect.apply(original, this, [port, "127.0.0.2"]) as Socket
  } as typeof original
  try {
    await using open = lease()
    await expect(open.dial({ host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
      code: "egress_denied",
      message: expect.stringContaining("127.0.0.2") as string,
    })
  } finally {
    Socket.prototype.connect = original
  }
})

test("no lease uses a connection of another: a removed rule affects the next lease at once", async () => {
  await using server = await listen(createHttpServer((_, response) => response.end("ok")))
  let rules = parseEgressRules("127.0.0.1/32")
  const door = new Door({ policy: new Policy({ rules: () => rules }) })
  const ask = async (open: OpenLease, dispatcher = open.dispatcher()) => await (await request(`http://127.0.0.1:${server.port}/`, { dispatcher })).body.text()
  await using first = door.lease({ deadlineMs: 5_000, operator: true })
  const kept = first.dispatcher()
  await ask(first, kept)
  // Undici returns the connection to its pool one tick after the end of the body.
  await sleep(20)
  await ask(first, kept)
  expect(server.hits).toBe(1)
  await using second = door.lease({ deadlineMs: 5_000, operator: true })
  await ask(second)
  expect(server.hits).toBe(2)
  rules = []
  await using third = door.lease({ deadlineMs: 5_000, operator: true })
  await expect(ask(third)).rejects.toMatchObject({ code: "egress_denied" })
  expect(server.hits).toBe(2)
})

describe("the end of a lease", () => {
  test("at the deadline fails the stage that hangs, naming target and stage", async () => {
    await using server = await listenRaw()
    await using open = lease({ deadlineMs: 200 })
    const socket = await open.dial({ host: "127.0.0.1", port: server.port })
    const hung = open.stage("probe", () => open.stage("auth", () => once(socket, "data")))
    await expect(hung).rejects.toMatchObject({
      code: "timed_out",
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ did not answer within 0\.2 s \(it hung in the auth stage\)/) as string,
    })
    expect(open.signal.aborted).toBe(true)
    expect(open.trace.stages.map((each) => `${each.name} ${each.status}`)).toEqual(["resolve passed", "policy passed", "connect passed", "auth failed"])
    await open.close()
    expect(socket.destroyed).toBe(true)
  })

  test("by the caller is `cancelled`, even if the caller left before the lease was made", async () => {
    const controller = new AbortController()
    await using open = lease({ signal: controller.signal })
    controller.abort()
    await expect(open.dial({ host: "127.0.0.1", port: 80 })).rejects.toMatchObject({ code: "cancelled" })
    await using late = lease({ signal: controller.signal })
    expect(late.signal.reason).toMatchObject({ code: "cancelled" })
  })

  test("gives drivers one grace dial, only to their own target, before sockets are destroyed", async () => {
    const seen: string[] = []
    await using server = await listenRaw((socket) => socket.on("data", (chunk: Buffer) => seen.push(String(chunk))).on("close", () => seen.push("closed")))
    await using other = await listenRaw()
    const open = lease()
    const to = { host: "127.0.0.1", port: server.port }
    await open.dial(to)
    const outcomes: unknown[] = []
    open.beforeCutOff(async (dial) => {
      outcomes.push(await dial({ host: "127.0.0.1", port: other.port }).catch((error: unknown) => error))
      const socket = await dial(to)
      await new Promise((resolve) => socket.end("cancel", () => resolve(undefined)))
      await sleep(50)
    })
    open.beforeCutOff(() => Promise.reject(new Error("a driver's fault harms nobody")))
    open.beforeCutOff(() => Promise.resolve(void outcomes.push("taken back")))()
    open.abort(new PlatformError("timed_out", "Too late."))
    await open.close()
    await sleep(20)
    expect(outcomes).toMatchObject([{ code: "egress_denied" }])
    expect(other.hits).toBe(0)
    expect(seen).toEqual(["cancel", "closed", "closed"])
  })

  test("waits no longer than a second for a driver that hangs, and does not let it dial afterwards", async () => {
    await using server = await listenRaw()
    const open = lease()
    const to = { host: "127.0.0.1", port: server.port }
    await open.dial(to)
    let late: Promise<unknown> | undefined
    open.beforeCutOff(async (dial) => {
      await sleep(1_300)
      late = dial(to).catch((error: unknown) => error)
    })
    const begun = performance.now()
    await open.close()
    expect(performance.now() - begun).toBeLessThan(5_000)
    await sleep(500)
    expect(await late).toMatchObject({ code: "cancelled" })
    expect(server.hits).toBe(1)
  })

  test("closes every face, and is idempotent", async () => {
    await using server = await listen(createHttpServer((_, response) => response.end("ok")))
    const open = lease()
    const url = `http://127.0.0.1:${server.port}/`
    await (await request(url, { dispatcher: open.dispatcher() })).body.text()
    await new Promise((resolve) => get(url, { agent: open.httpAgent() }, (response) => response.resume().on("end", resolve)))
    const socks = await open.socks5()
    const [dialled, lazy] = [await open.dial({ host: "127.0.0.1", port: server.port }), open.socket()]
    await Promise.all([open.close(), open.close()])
    await open.close()
    expect([dialled.destroyed, lazy.destroyed, open.sockets.length]).toEqual([true, true, 3])
    await expect(open.dial({ host: "127.0.0.1", port: server.port })).rejects.toMatchObject({ code: "cancelled" })
    expect(await once(connect(socks.port, "127.0.0.1"), "error")).toMatchObject([{ code: "ECONNREFUSED" }])
  })

  test("leaves nothing that keeps the process alive", async () => {
    await using server = await listen(createHttpServer((_, response) => response.end("ok")))
    const program = `
      import { Door } from ${JSON.stringify(import.meta.resolve("./door.ts"))}
      import { Policy } from ${JSON.stringify(import.meta.resolve("./policy.ts"))}
      import { parseEgressRules } from ${JSON.stringify(import.meta.resolve("./rules.ts"))}
      import { request } from ${JSON.stringify(import.meta.resolve("undici"))}
      const door = new Door({ policy: new Policy({ fixed: parseEgressRules("127.0.0.0/8") }) })
      const lease = door.lease({ deadlineMs: 600_000, operator: true, signal: new AbortController().signal })
      await (await request("http://127.0.0.1:${server.port}/", { dispatcher: lease.dispatcher() })).body.text()
      lease.httpAgent(); await lease.socks5(); lease.socket().setTimeout(600_000)
      await lease.dial({ host: "127.0.0.1", port: ${server.port} })
      await lease.close()
      process.stdout.write("closed")`
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 })
    expect(stdout).toBe("closed")
  })

  test("a call cannot open more than its share of sockets", async () => {
    await using server = await listenRaw()
    await using open = lease({ maxSockets: 2 })
    const to = { host: "127.0.0.1", port: server.port }
    const [first] = await Promise.all([open.dial(to), open.dial(to)])
    await expect(open.dial(to)).rejects.toMatchObject({ code: "too_many_connections" })
    first?.destroy()
    await once(first as Socket, "close")
    await open.dial(to)
  })
})

describe("a lease that is lent from call to call", () => {
  test("has the deadline and caller of each call while the call lasts, and none of its own", async () => {
    const open = lease({ deadlineMs: undefined })
    expect(open.remainingMs()).toBe(86_400_000)
    const lift = open.terms({ deadlineMs: 5_000 })
    expect(open.remainingMs()).toBeLessThanOrEqual(5_000)
    lift()
    expect(open.remainingMs()).toBe(86_400_000)
    const caller = new AbortController()
    open.terms({ signal: caller.signal })()
    caller.abort()
    expect(open.signal.aborted).toBe(false)
    const next = new AbortController()
    open.terms({ deadlineMs: 60_000, signal: next.signal })
    next.abort()
    expect(open.signal.reason).toMatchObject({ code: "cancelled" })
    expect(getEventListeners(next.signal, "abort")).toEqual([])
    await open.close()
    // After the end, terms have nothing to end.
    open.terms({ deadlineMs: 60_000, signal: next.signal })()
  })

  test("ends at the first of its current deadlines", async () => {
    const open = lease({ deadlineMs: undefined })
    open.terms({ deadlineMs: 60_000 })
    open.terms({ deadlineMs: 1 })
    await expect(open.stage("probe", () => new Promise(() => undefined))).rejects.toMatchObject({ code: "timed_out" })
    await open.close()
  })
})
