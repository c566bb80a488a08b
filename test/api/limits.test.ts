import { afterAll, beforeAll, expect, it } from "vitest"
import { buildServer } from "../../src/api/server.ts"
import { startHub, type TestHub } from "../support/hub.ts"

/** What whoever is nobody may take of the hub. */
let hub: TestHub
beforeAll(async () => {
  hub = await startHub()
})
afterAll(() => hub?.stop())

it("a request has to arrive in five minutes", async () => {
  const app = await buildServer(hub.served.hub, { version: "0", mounts: [], mountHosts: new Map() })
  try {
    expect(app.server.requestTimeout).toBe(300_000)
  } finally {
    await app.close()
  }
})

it("a flood of logins is turned away at the door, and others log in after it", async () => {
  const logIn = (email: string) => hub.call("POST", "/v1/sessions", { email, password: "wrong" }, { key: null })
  const flood = await Promise.all(Array.from({ length: 40 }, (_, index) => logIn(`nobody${index}@example.com`)))
  const [turned, tried] = [429, 401].map((status) => flood.filter((each) => each.status === status).length)
  expect(turned).toBeGreaterThan(0)
  expect((turned ?? 0) + (tried ?? 0)).toBe(flood.length)
  expect(flood.find(({ status }) => status === 429)).toMatchObject({ body: { code: "rate_limited" } })
  expect((await logIn("nobody@example.com")).status).toBe(401)
})
