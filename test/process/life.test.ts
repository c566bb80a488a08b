import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { isAlive } from "../../src/store/cluster.ts"
import { ask } from "../support/ask.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, type HubProcessOptions, startHubProcess } from "../support/hub-process.ts"
import { listenRaw } from "../support/loopback.ts"
import { within } from "../support/waiting.ts"

/** Several starts on a busy machine take a while; this limit does not measure anything. */
const SLOW = { timeout: 90_000 }

let data: DataFolder
let hubs: HubProcess[]
beforeEach(() => {
  data = makeDataFolder()
  hubs = []
})
afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.end("SIGKILL")))
  await data.remove()
})

function start(options?: HubProcessOptions): HubProcess {
  const hub = startHubProcess(data.dir, options)
  hubs.push(hub)
  return hub
}

/** The value that the first start prints after a label. */
const printed = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^ {4}(\S.*?) {2,}(\S+)$/gm)].map(([, name, value]) => [name, value]))

/** Ends the hub with `end`, and asserts that it and its database ended cleanly. */
async function expectCleanEnd(hub: HubProcess, end: () => void): Promise<void> {
  const server = data.postmaster() ?? 0
  expect(isAlive(server)).toBe(true)
  const begun = Date.now()
  end()
  expect(await hub.exited, hub.stdout() + hub.stderr()).toBe(0)
  expect(Date.now() - begun).toBeLessThan(10_000)
  expect(isAlive(server)).toBe(false)
  expect(data.postmaster()).toBeUndefined()
}

describe("the first start", SLOW, () => {
  test("prints the URL, e-mail address, password and key, which all work; the second start prints none of them", async () => {
    const first = start()
    const url = await first.ready
    const login = printed(first.stdout())
    expect(login).toEqual({
      URL: url,
      "E-mail": "admin@localhost",
      Password: expect.stringMatching(/^\S{20}$/),
      "API key": expect.stringMatching(/^jf_\S{20,}$/),
    })
    expect(await first.call("GET", "/v1/me", undefined, { key: login["API key"] ?? "" })).toMatchObject({
      status: 200,
      body: { role: "admin", operator: true },
    })
    const session = await ask(`${url}/v1/sessions`, "POST", { email: login["E-mail"], password: login["Password"] }, {})
    expect(session.status).toBe(201)
    expect((await first.call("GET", "/v1/me", undefined, { key: session.body.token })).body).toMatchObject({ name: "admin@localhost" })
    await first.end()

    const second = start()
    expect(await ask(`${await second.ready}/readyz`, "GET", undefined, {})).toMatchObject({ status: 200 })
    expect(second.stdout()).not.toContain("Password")
    expect(second.stdout()).toContain("`jackfield users reset-password admin@localhost` sets and shows a new password")
    expect(first.stdout()).not.toContain("reset-password")
    for (const secret of [login["Password"], login["API key"]]) expect(second.stdout() + second.stderr()).not.toContain(secret)
    expect((await second.call("GET", "/v1/me", undefined, { key: login["API key"] ?? "" })).status).toBe(200)
  })

  test("takes the login from the environment, and does not print it", async () => {
    const given = { JACKFIELD_ADMIN_KEY: "a-key-of-my-own-choice-0001", JACKFIELD_ADMIN_PASSWORD: "my own password", JACKFIELD_ADMIN_EMAIL: "Me@Example.Com" }
    const hub = start({ env: given })
    const url = await hub.ready
    expect(printed(hub.stdout())).toMatchObject({ "E-mail": "me@example.com" })
    expect(hub.stdout()).not.toContain(given.JACKFIELD_ADMIN_KEY)
    expect(hub.stdout()).not.toContain(given.JACKFIELD_ADMIN_PASSWORD)
    expect((await hub.call("GET", "/v1/me", undefined, { key: given.JACKFIELD_ADMIN_KEY })).status).toBe(200)
    expect((await ask(`${url}/v1/sessions`, "POST", { email: "me@example.com", password: "my own password" }, {})).status).toBe(201)
  })
})

describe("the end", SLOW, () => {
  test("comes within 10 s of SIGTERM, with exit code 0 and without a running database", async () => {
    const hub = start()
    await hub.ready
    await expectCleanEnd(hub, () => hub.child.kill("SIGTERM"))
  })

  test("is as orderly after Ctrl-C, which reaches the whole process group", async () => {
    const hub = start({ detached: true })
    await hub.ready
    await expectCleanEnd(hub, () => process.kill(-(hub.child.pid ?? 0), "SIGINT"))
    expect(hub.stdout()).not.toContain("embedded PostgreSQL is gone")
  })

  test("is possible while the hub is still starting, and leaves no database", async () => {
    await (await prepared()).end()
    const hub = start({ detached: true })
    while (data.postmaster() === undefined) await new Promise((resolve) => setTimeout(resolve, 2))
    const server = data.postmaster() ?? 0
    process.kill(-(hub.child.pid ?? 0), "SIGINT")
    expect(await hub.exited, hub.stdout() + hub.stderr()).toBe(0)
    expect(isAlive(server)).toBe(false)
  })

  test("lets a running request finish", async () => {
    const silent = await listenRaw()
    const hub = await prepared()
    const config = { host: "127.0.0.1", port: silent.port, user: "x", password: "y", tls: { kind: "off" } }
    const running = hub.call("POST", "/v1/connectors/test", { type: "postgres", config, timeoutMs: 2_000 })
    await within(20_000, () => silent.hits > 0, "the hub connects")
    await expectCleanEnd(hub, () => hub.child.kill("SIGTERM"))
    expect(await running).toMatchObject({ status: 200, body: { ok: false, error: { code: "timed_out" } } })
    await silent.close()
  })
})

/** Starts a hub and waits until it is ready. */
async function prepared(): Promise<HubProcess> {
  const hub = start()
  await hub.ready
  return hub
}

describe("two starts", SLOW, () => {
  test("after kill -9, the next start adopts the database that is still running", async () => {
    const hub = await prepared()
    const made = await hub.call("POST", "/v1/connectors", { name: "kept", type: "http", config: { url: "https://example.com/" } })
    expect(made.status).toBe(201)
    const server = data.postmaster() ?? 0
    await hub.end("SIGKILL")
    expect(isAlive(server)).toBe(true)
    const next = await prepared()
    expect(next.stdout()).toContain("is adopted")
    expect(data.postmaster()).toBe(server)
    expect((await next.call("GET", "/v1/connectors/kept")).body).toMatchObject({ id: made.body.id })
    await expectCleanEnd(next, () => next.child.kill("SIGTERM"))
  })

  test("a second hub on the same folder does not start, says why, and does not affect the first", async () => {
    const first = await prepared()
    const second = start()
    expect(await second.exited).toBe(1)
    expect(second.stderr()).toMatch(
      /^jackfield: Another hub \(process \d+\) is using the data folder .*; stop it first, or give this one .*JACKFIELD_DATA\.\n$/,
    )
    expect(second.stderr()).toContain(`process ${first.child.pid}`)
    const made = await first.call("POST", "/v1/connectors", { name: "still", type: "http", config: { url: "https://example.com/" } })
    expect(made.status).toBe(201)
    expect((await first.call("GET", "/v1/connectors")).body.total).toBe(1)
  })

  test("a port in use is reported before anything is created, and the login is shown by the start that succeeds", async () => {
    const taken = await listenRaw()
    const hub = start({ env: { PORT: String(taken.port) } })
    expect(await hub.exited).toBe(1)
    expect(hub.stderr()).toBe(
      `jackfield: The hub cannot listen on 127.0.0.1:${taken.port}: another process is already listening there; stop it, or set PORT to another port.\n`,
    )
    expect(hub.stdout()).toBe("")
    expect(readdirSync(data.dir)).toEqual([])
    await taken.close()
    const again = await prepared()
    expect((await again.call("GET", "/v1/me", undefined, { key: printed(again.stdout())["API key"] ?? "" })).status).toBe(200)
  })

  test("a port that is taken later is reported before the database is migrated, and the second hub on a folder names the first", async () => {
    const first = await prepared()
    const { port } = new URL(await first.ready)
    const second = start({ env: { PORT: port } })
    expect(await second.exited).toBe(1)
    expect(second.stderr()).toContain(`Another hub (process ${first.child.pid})`)
    await first.end()
    const taken = await listenRaw()
    const third = start({ env: { PORT: String(taken.port) } })
    expect(await third.exited).toBe(1)
    expect(third.stderr()).toContain("another process is already listening there")
    expect(data.postmaster()).toBeUndefined()
    await taken.close()
  })

  test.each([
    ["the CLI's file cannot be written", "cli.json", (path: string) => mkdirSync(join(path, "x"), { recursive: true })],
    ["the master key is invalid", "master.key", (path: string) => writeFileSync(path, "none")],
  ])("a first start that fails late (%s) shows a login that works once it succeeds", async (_, name, spoil) => {
    spoil(join(data.dir, name))
    const failed = start()
    expect(await failed.exited).toBe(1)
    expect(data.postmaster()).toBeUndefined()
    rmSync(join(data.dir, name), { recursive: true })
    const hub = await prepared()
    const login = printed(hub.stdout())
    expect((await hub.call("GET", "/v1/me", undefined, { key: login["API key"] ?? "" })).status).toBe(200)
    expect((await ask(`${await hub.ready}/v1/sessions`, "POST", { email: login["E-mail"], password: login["Password"] }, {})).status).toBe(201)
  })
})

test("an environment with faults is rejected with all of them at once, before anything is changed", async () => {
  const wrong = { PORT: "70000", HOST: "here", JACKFIELD_ROLE: "boss", JACKFIELD_ADMIN_KEY: "short", DATABASE_URL: "mysql://x", JACKFIELD_LOG: "loud" }
  const unreadable = { JACKFIELD_EGRESS_ALLOW: "10.0.0.0/99", JACKFIELD_HOSTS: "no-address", JACKFIELD_DNS: "nowhere" }
  const hub = start({ env: { ...wrong, ...unreadable } })
  expect(await hub.exited).toBe(1)
  expect(hub.stdout()).toBe("")
  for (const name of [...Object.keys(wrong), "JACKFIELD_MASTER_KEY"]) expect(hub.stderr()).toContain(`${name} must`)
  for (const name of Object.keys(unreadable)) expect(hub.stderr()).toContain(`${name} is wrong: `)
  expect(readdirSync(data.dir)).toEqual([])
})

test("an invalid master key is rejected with its variable's name", async () => {
  const hub = start({ env: { JACKFIELD_MASTER_KEY: "too short" } })
  expect(await hub.exited).toBe(1)
  expect(hub.stderr()).toMatch(/^jackfield: JACKFIELD_MASTER_KEY does not contain 32 bytes in base64[^\n]*\n$/)
  expect(data.postmaster()).toBeUndefined()
})
