import { once } from "node:events"
import { type AddressInfo, connect, type Socket } from "node:net"
import { Readable } from "node:stream"
import { setTimeout as pause } from "node:timers/promises"
import Fastify from "fastify"
import { expect, test, vi } from "vitest"
import type { Principal } from "../hub/base/principal.ts"
import { NodeLimits } from "../limits/node-limits.ts"
import { atReadersPace, sendStream, sendTexts, useReaders } from "./sending.ts"

/** A server whose answer is as long as its reader takes it, and how it ended. */
async function endless(idleMs: number) {
  const app = Fastify()
  const given = { pieces: 0, over: false }
  async function* texts(): AsyncGenerator<string> {
    try {
      for (;;) {
        given.pieces++
        yield "x".repeat(65_536)
      }
    } finally {
      given.over = true
    }
  }
  app.get("/", async (_request, reply) => {
    sendStream(reply, "text/plain", Readable.from(atReadersPace(reply, texts(), idleMs), { objectMode: false }))
    return reply
  })
  await app.listen({ port: 0, host: "127.0.0.1" })
  const reader: Socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1")
  reader.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
  const close = async (): Promise<void> => {
    reader.destroy()
    await app.close()
  }
  return { given, reader, [Symbol.asyncDispose]: close }
}

test("a reader who takes nothing is cut off, and the source is let go", async () => {
  await using far = await endless(300)
  const [gone] = await Promise.all([
    once(far.reader.on("error", () => undefined).pause(), "close").catch(() => []),
    pause(1_500).then(() => far.reader.resume()),
  ])
  expect(gone).toBeDefined()
  expect(far.given.over).toBe(true)
  expect(far.given.pieces).toBeLessThan(1_000)
})

test("a reader who is slow and takes some is not cut off", async () => {
  await using far = await endless(1_500)
  let taken = 0
  for (let turn = 0; turn < 20; turn++) {
    await pause(150)
    taken += (far.reader.read(1) ?? far.reader.read())?.length ?? 0
    while (far.reader.read() !== null) taken++
  }
  expect(far.reader.destroyed).toBe(false)
  expect(far.given.over).toBe(false)
  expect(taken).toBeGreaterThan(0)
})

test("a caller who is gone before the first byte lets the source go", async () => {
  const app = Fastify()
  const given = { over: false }
  async function* texts(): AsyncGenerator<string> {
    try {
      for (;;) yield "x"
    } finally {
      given.over = true
    }
  }
  app.get("/", async (request, reply) => {
    reply.raw.destroy()
    await once(reply.raw, "close")
    await sendTexts(request, reply, "text/plain", texts())
    return reply
  })
  await app.listen({ port: 0, host: "127.0.0.1" })
  await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`).catch(() => undefined)
  await pause(200)
  expect(given.over).toBe(true)
  await app.close()
})

test("a long text of a stream counts until it is taken, and also when its reader leaves", async () => {
  const limits = new NodeLimits(() => undefined)
  const waits = (): boolean => {
    try {
      limits.requireReaders("w", "calls", 0)
      return false
    } catch {
      return true
    }
  }
  async function* texts(): AsyncGenerator<string> {
    for (const length of [1_000_000, 1_000, 1_000_000]) yield "x".repeat(length)
  }
  const reply = { raw: { socket: null } } as never
  const taken = atReadersPace(reply, texts(), 1_000, (bytes) => limits.unread("w", bytes))
  const seen: boolean[] = []
  for (let text = await taken.next(); text.done !== true; text = await taken.next()) seen.push(waits())
  expect([...seen, waits()]).toEqual([true, false, true, false])
  const left = atReadersPace(reply, texts(), 1_000, (bytes) => limits.unread("w", bytes))
  await left.next()
  expect(waits()).toBe(true)
  await left.return(undefined)
  expect(waits()).toBe(false)
})

test("whole answers that nobody reads stop the workspace's further work, until their connections are cut off", async () => {
  const app = Fastify()
  const limits = new NodeLimits(() => undefined)
  useReaders(app, limits, 400)
  app.decorateRequest("principal", undefined)
  app.addHook("onRequest", async (request) => {
    request.principal = { workspace: { id: "w" } } as Principal
  })
  const text = "x".repeat(50 * 1_048_576)
  app.get("/", async () => text)
  await app.listen({ port: 0, host: "127.0.0.1" })
  const readers = Array.from({ length: 3 }, () => connect((app.server.address() as AddressInfo).port, "127.0.0.1").pause())
  for (const reader of readers) reader.on("error", () => undefined).write("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
  const more = (workspace: string) => () => limits.requireReaders(workspace, "calls", 128 * 1_048_576)
  await vi.waitFor(() => expect(more("w")).toThrow("wait at this node to be read"), { timeout: 25_000 })
  expect(more("other")).not.toThrow()
  let waited = false
  const answer = limits.readers("w", 128 * 1_048_576, new AbortController().signal).then(() => (waited = true))
  await limits.readers("other", 128 * 1_048_576, new AbortController().signal)
  await expect(limits.readers("w", 128 * 1_048_576, AbortSignal.abort(new Error("left")))).rejects.toThrow("left")
  expect(waited).toBe(false)
  await vi.waitFor(() => expect(more("w")).not.toThrow(), { timeout: 10_000 })
  await answer
  for (const reader of readers) reader.destroy()
  await app.close()
})
