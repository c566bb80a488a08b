import { randomBytes } from "node:crypto"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import type { HubProcess } from "../support/hub-process.ts"
import { hubProcesses } from "../support/hub-processes.ts"
import { listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

const KEY = "the-first-admin-key-of-the-test"
const masterKey = () => randomBytes(32).toString("base64")

const hubs = hubProcesses()
let url = ""
let count = 0
const database = use(() => startTestDatabase())
beforeEach(async () => {
  const name = `hub_${++count}`
  await database.query(`create database ${name}`)
  url = database.url.replace(/\/postgres$/, `/${name}`)
})
afterEach(() => hubs.stop())

/** Starts a node of the hub on that database, with its own data folder. */
function node(master: string | undefined, more: Readonly<Record<string, string>> = {}): HubProcess {
  const given = master === undefined ? {} : { JACKFIELD_MASTER_KEY: master }
  return hubs.start({ env: { DATABASE_URL: url, JACKFIELD_ADMIN_KEY: KEY, ...given, ...more } })
}

async function twoNodes(more: Readonly<Record<string, string>> = {}): Promise<[HubProcess, HubProcess]> {
  const master = masterKey()
  const nodes: [HubProcess, HubProcess] = [node(master, more), node(master, more)]
  await Promise.all(nodes.map((each) => each.ready))
  return nodes
}

const as = (key: string) => ({ key })
const http = { name: "api", type: "http", config: { url: "https://example.com/" } }

describe("a hub on an external PostgreSQL", { timeout: 90_000 }, () => {
  test("does not start without a master key", async () => {
    const hub = node(undefined)
    expect(await hub.exited).toBe(1)
    expect(hub.stderr()).toMatch(/^jackfield: .*JACKFIELD_MASTER_KEY must be set with DATABASE_URL/)
    expect(hub.stdout() + hub.stderr()).not.toContain(database.password)
  })

  test("works with a master key, starts no database of its own, and ends cleanly", async () => {
    const hub = node(masterKey())
    const ready = await fetch(`${await hub.ready}/readyz`)
    expect(await ready.json()).toMatchObject({ status: "ready", database: "own" })
    expect(hubs.folders[0]?.postmaster()).toBeUndefined()
    expect((await hub.call("POST", "/v1/connectors", http, as(KEY))).status).toBe(201)
    expect(await hub.end("SIGTERM")).toBe(0)
    expect(hub.stdout() + hub.stderr()).not.toContain(database.password)
  })

  test("rejects a node with another master key, before and after secrets are stored", async () => {
    const master = masterKey()
    const first = node(master)
    await first.ready
    const early = node(masterKey())
    expect(await early.exited).toBe(1)
    expect(early.stderr()).toMatch(/master key/)
    const config = { url: "https://example.com/", auth: { kind: "bearer", token: "a-token" } }
    expect((await first.call("POST", "/v1/connectors", { ...http, config }, as(KEY))).status).toBe(201)
    const late = node(masterKey())
    expect(await late.exited).toBe(1)
    expect(late.stderr()).toMatch(/master key/)
    const right = node(master)
    await right.ready
    expect((await right.call("GET", "/v1/connectors/api", undefined, as(KEY))).status).toBe(200)
  })

  test("that two nodes start at the same time is one hub with one first login", async () => {
    const nodes = await twoNodes()
    expect(nodes.filter((each) => each.stdout().includes("This is shown once"))).toHaveLength(1)
    const [one, other] = nodes
    const made = await one.call("POST", "/v1/connectors", http, as(KEY))
    expect(made.status).toBe(201)
    expect((await other.call("GET", "/v1/connectors/api", undefined, as(KEY))).body).toEqual(made.body)
    expect((await other.call("DELETE", "/v1/connectors/api", undefined, as(KEY))).status).toBe(204)
    expect((await one.call("GET", "/v1/connectors/api", undefined, as(KEY))).status).toBe(404)
  })

  test("rejects a key and a session on one node after they have ended on the other", async () => {
    const [one, other] = await twoNodes()
    const made = await one.call("POST", "/v1/keys", { name: "short", role: "viewer" }, as(KEY))
    const key = made.body.key as string
    const status = (hub: HubProcess) => async () => (await hub.call("GET", "/v1/me", undefined, as(key))).status
    expect([await status(one)(), await status(other)()]).toEqual([200, 200])
    expect((await one.call("DELETE", `/v1/keys/${made.body.id}`, undefined, as(KEY))).status).toBe(204)
    expect(await status(one)()).toBe(401)
    expect(await until(1_500, status(other), (value) => value === 401)).toBe(401)

    const login = { email: "two@example.com", password: "a password for two" }
    expect((await one.call("POST", "/v1/users", { ...login, role: "viewer" }, as(KEY))).status).toBe(201)
    const session = await one.call("POST", "/v1/sessions", login, as(KEY))
    const me = (hub: HubProcess) => async () => (await hub.call("GET", "/v1/me", undefined, as(session.body.token))).status
    expect([await me(one)(), await me(other)()]).toEqual([200, 200])
    expect((await one.call("DELETE", "/v1/sessions", undefined, as(session.body.token))).status).toBe(204)
    expect(await me(one)()).toBe(401)
    expect(await until(1_500, me(other), (value) => value === 401)).toBe(401)
  })

  test("applies an egress rule on one node that is added and removed on the other", async () => {
    const target = await listenRaw((socket) => socket.end())
    const [one, other] = await twoNodes({ JACKFIELD_EGRESS_ALLOW: "" })
    const config = { host: "127.0.0.1", port: target.port, user: "x", password: "y", tls: { kind: "off" } }
    const code = (hub: HubProcess) => async () =>
      (await hub.call("POST", "/v1/connectors/test", { type: "postgres", config }, as(KEY))).body.error.code as string
    expect([await code(one)(), await code(other)()]).toEqual(["egress_denied", "egress_denied"])
    expect(target.hits).toBe(0)
    const rule = await one.call("POST", "/v1/egress", { rule: `127.0.0.1/32:${target.port}` }, as(KEY))
    expect(rule.status).toBe(201)
    expect(await code(one)()).not.toBe("egress_denied")
    expect(await until(1_500, code(other), (value) => value !== "egress_denied")).not.toBe("egress_denied")
    expect((await one.call("DELETE", `/v1/egress/${rule.body.id}`, undefined, as(KEY))).status).toBe(204)
    expect(await code(one)()).toBe("egress_denied")
    expect(await until(1_500, code(other), (value) => value === "egress_denied")).toBe("egress_denied")
    await target.close()
  })

  test("never lets its connectors reach its own listener or database", async () => {
    const [one, other] = await twoNodes()
    const port = Number(new URL(await one.ready).port)
    for (const own of [port, database.port]) {
      const config = { host: "127.0.0.1", port: own, user: "x", password: "y", tls: { kind: "off" } }
      const { body } = await one.call("POST", "/v1/connectors/test", { type: "postgres", config }, as(KEY))
      expect(body, `port ${own}`).toMatchObject({ ok: false, error: { code: "egress_denied" } })
    }
    expect((await other.call("GET", "/v1/me", undefined, as(KEY))).status).toBe(200)
  })
})
