import { connect } from "node:net"
import Fastify from "fastify"
import { expect, it } from "vitest"
import { useArrival } from "../../src/api/arrival.ts"
import { ARRIVAL_MAX_MS, buildServer } from "../../src/api/server.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

/** A hub, whose limits for callers without credentials are tested. */
const hub = use(() => startHub())

it("a request must arrive in time, and must not continue to send after its answer; a route may allow more time", async () => {
  const app = Fastify()
  useArrival(app, 300)
  app.post("/quick", async () => "ok")
  app.post("/slow", { config: { arrivalMs: 60_000 } }, async () => "ok")
  const url = new URL(await app.listen({ port: 0, host: "127.0.0.1" }))
  const half = (path: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(url.port), url.hostname, () =>
        socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nabc`),
      )
      socket.on("error", () => undefined)
      socket.once("close", () => resolve("cut off"))
      setTimeout(() => resolve("open"), 2_000)
    })
  try {
    expect(await Promise.all([half("/quick"), half("/slow")])).toEqual(["cut off", "open"])
  } finally {
    app.server.closeAllConnections()
    await app.close()
  }
})

it("every request has a time limit: six hours for an upload, five minutes otherwise", async () => {
  const app = await buildServer(hub.served.hub, { version: "0", mounts: [], mountHosts: new Map() })
  try {
    expect(app.server.requestTimeout).toBe(6 * 3_600_000)
    expect(ARRIVAL_MAX_MS).toBe(300_000)
  } finally {
    await app.close()
  }
})

it("a flood of logins is rejected early, and others can log in afterwards", async () => {
  const logIn = (email: string) => hub.call("POST", "/v1/sessions", { email, password: "wrong" }, { key: null })
  const flood = await Promise.all(Array.from({ length: 40 }, (_, index) => logIn(`nobody${index}@example.com`)))
  const [turned, tried] = [429, 401].map((status) => flood.filter((each) => each.status === status).length)
  expect(turned).toBeGreaterThan(0)
  expect((turned ?? 0) + (tried ?? 0)).toBe(flood.length)
  expect(flood.find(({ status }) => status === 429)).toMatchObject({ body: { code: "rate_limited" } })
  expect((await logIn("nobody@example.com")).status).toBe(401)
})
