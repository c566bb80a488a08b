import { describe, expect, it } from "vitest"
import { closedPort, listenHttp, listenRaw } from "../../support/loopback.ts"
import { use } from "../../support/use.ts"
import { errorOf, startKaireon } from "./start.ts"

const PASSWORD = "pw-of-the-database"
const requests: string[] = []
let count = 0

const site = use(() =>
  listenHttp((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? request.headers["x-api-key"] ?? request.headers["x-own"] ?? ""}`.trim())
    const status = request.url === "/refuses-head" && request.method === "HEAD" ? 405 : request.url === "/login" ? 401 : request.url === "/broken" ? 500 : 200
    response.writeHead(status).end()
  }),
)
const silent = use(() => listenRaw())
const kaireon = use(() => startKaireon(PASSWORD, ({ port }) => `127.0.0.1/32:${port},127.0.0.1/32:${site.port},127.0.0.1/32:${silent.port}`))

const make = async (more: object): Promise<string> => (await kaireon.create({ name: `probe ${++count}`, type: "postgresql", ...more })).body.id as string
const tested = async (more: object) => (await kaireon.test(await make(more))).body
const stored = async (id: string) => (await kaireon.call("GET", `/${id}`)).body

describe("a database", () => {
  it("is active if the login works, with the page's answer", async () => {
    const id = await make({ config: kaireon.config, authConfig: { username: kaireon.database.user, password: PASSWORD } })
    const { status, body } = await kaireon.test(id)
    expect(status).toBe(200)
    expect(body).toEqual({
      id,
      name: `probe ${count}`,
      type: "postgresql",
      status: "active",
      lastTestedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      lastError: null,
      authConfig: { username: kaireon.database.user.length > 8 ? expect.stringContaining("***") : "****", password: "pw***se" },
    })
    expect(await stored(id)).toMatchObject({ status: "active", lastTestedAt: body.lastTestedAt, lastError: null })
  })

  it("is in error with a wrong password and shows the reason, also afterwards", async () => {
    const id = await make({ config: kaireon.config, authConfig: { username: kaireon.database.user, password: "not-the-password" } })
    const { body } = await kaireon.test(id)
    expect([body.status, body.lastError]).toEqual(["error", expect.stringContaining("password")])
    expect(await stored(id)).toMatchObject({ status: "error", lastError: expect.stringContaining("password") })
    await kaireon.put({ id, authConfig: { username: kaireon.database.user, password: PASSWORD } })
    expect((await stored(id)).status, "the connector has not been tested since its change").toBe("inactive")
    expect((await kaireon.test(id)).body.status).toBe("active")
  })

  it("without credentials, the connection decides", async () => {
    const id = await make({ config: { host: "127.0.0.1", port: silent.port, database: "d" } })
    expect((await kaireon.test(id)).body).toMatchObject({ status: "active", lastError: null, authConfig: {} })
    expect(await stored(id)).toMatchObject({ status: "active" })
    expect((await kaireon.hub.call("GET", `/v1/connectors/${id}`)).body.status, "the connector is still a draft").toBe("incomplete")
    await kaireon.put({ id, config: { host: "127.0.0.1", port: await closedPort(), database: "d" } })
    expect(await stored(id)).toMatchObject({ status: "inactive", lastTestedAt: null, lastError: null })
    expect((await kaireon.test(id)).body).toMatchObject({ status: "error", lastError: expect.any(String) })
    expect((await stored(id)).status).toBe("error")
  })

  it("a password without a user is neither a login nor an absent login", async () => {
    const { status, lastError } = await tested({ config: { host: "127.0.0.1", port: silent.port, database: "d" }, authConfig: { password: PASSWORD } })
    expect([status, lastError]).toEqual(["error", expect.stringContaining("User is required")])
  })

  it.each(["host", "port", "database"])("without its required %s it is in error, and nothing is sent", async (field) => {
    const hits = silent.hits
    const config = { host: "127.0.0.1", port: silent.port, database: "d", [field]: undefined }
    for (const authConfig of [{}, { username: "u", password: "ppppp" }]) {
      const id = await make({ config, authConfig })
      expect((await kaireon.test(id)).body).toMatchObject({ status: "error", lastError: expect.stringContaining(`config.${field} is required.`) })
      expect((await stored(id)).status).toBe("error")
    }
    expect(silent.hits).toBe(hits)
  })

  it("a connection string fills the required fields", async () => {
    const { user, port } = kaireon.database
    const connectionString = `postgres://${user}:${PASSWORD}@127.0.0.1:${port}/postgres?sslmode=disable`
    const id = await make({ config: { connectionString } })
    expect((await kaireon.test(id)).body.status).toBe("active")
    expect((await stored(id)).config).toEqual({ connectionString: "****", host: "127.0.0.1", port, database: "postgres", sslMode: "disable" })
  })
})

describe("the guard", () => {
  it.each(["10.0.0.1", "127.0.0.9", "169.254.169.254", "[::1]", "nowhere.example"])(
    "does not connect to %s, and gives the same error as for a closed port",
    async (host) => {
      const { key } = await kaireon.hub.workspace(`guard-${++count}`)
      const of = async (config: object): Promise<string> => {
        const made = await kaireon.call("POST", "", { name: `g${++count}`, type: "postgresql", config }, { key })
        const { body } = await kaireon.call("POST", "/test", { id: made.body.id }, { key })
        return body.lastError.replace(/ to \S+ could/, " could")
      }
      const closed = await of({ host: "127.0.0.1", port: await closedPort(), database: "d" })
      expect(await of({ host, port: 5432, database: "d" })).toBe(closed)
    },
  )
})

describe("an HTTP API", () => {
  const url = (path: string): string => `http://127.0.0.1:${site.port}${path}`
  const sent = async (more: object) => {
    requests.length = 0
    const { status, lastError, authConfig } = await tested(more)
    return { status, lastError, authConfig, requests: [...requests] }
  }

  it.each([
    ["rest_api", "/", "active", ["HEAD /"]],
    ["rest_api", "/refuses-head", "active", ["HEAD /refuses-head", "GET /refuses-head"]],
    ["webhook", "/", "active", ["HEAD /"]],
    ["webhook", "/refuses-head", "active", ["HEAD /refuses-head"]],
    ["rest_api", "/login", "error", ["HEAD /login", "GET /login"]],
    ["webhook", "/broken", "error", ["HEAD /broken"]],
  ])("%s at %s is %s after %j", async (type, path, status, expected) => {
    const result = await sent({ type, config: { url: url(path) } })
    expect([result.status, result.requests]).toEqual([status, expected])
  })

  it.each([
    [
      { username: "user", password: "long-password" },
      `Basic ${Buffer.from("user:long-password").toString("base64")}`,
      { username: "****", password: "lo***rd" },
    ],
    [{ token: "a-bearer-token" }, "Bearer a-bearer-token", { token: "a-***en" }],
    [{ bearerToken: "a-bearer-token" }, "Bearer a-bearer-token", { bearerToken: "a-***en" }],
    [{ apiKey: "an-api-key" }, "an-api-key", { apiKey: "an***ey" }],
    [{ apiKey: "an-api-key", headerName: "X-Own" }, "an-api-key", { apiKey: "an***ey", headerName: "****" }],
  ])("sends %j", async (authConfig, expected, shown) => {
    const result = await sent({ type: "rest_api", config: { url: url("/") }, authConfig })
    expect([result.requests, result.authConfig]).toEqual([[`HEAD / ${expected}`], shown])
  })

  it("an apiKey in config is a credential", async () => {
    const id = await make({ type: "rest_api", config: { url: url("/"), apiKey: "an-api-key" } })
    requests.length = 0
    expect((await kaireon.test(id)).body.authConfig).toEqual({ apiKey: "an***ey" })
    expect(requests).toEqual(["HEAD / an-api-key"])
    expect((await stored(id)).config).toEqual({ url: url("/"), apiKey: "****" })
  })

  it("without a url it is in error", async () => {
    expect(await tested({ type: "webhook" })).toMatchObject({ status: "error", lastError: expect.stringContaining("config.url is required.") })
  })
})

describe("the breaker", () => {
  const failing = async (): Promise<string> =>
    make({ config: { host: "127.0.0.1", port: await closedPort(), database: "d" }, authConfig: { username: "u", password: "p" } })

  it("opens after five failed connections, answers without a probe, and allows one probe after 60 s", async () => {
    const id = await failing()
    const times: string[] = []
    for (let n = 0; n < 5; n++) times.push((await kaireon.test(id)).body.lastTestedAt)
    const held = (await kaireon.test(id)).body
    expect(held).toMatchObject({ status: "error", lastTestedAt: times[4], lastError: expect.stringMatching(/the next is made in \d+ seconds/) })
    const { hub } = kaireon.hub.served
    const workspace = (await kaireon.hub.call("GET", "/v1/me")).body.workspace.id
    const openFor = async (ms: number) =>
      hub.store.inWorkspace(workspace, (tx) =>
        tx
          .updateTable("connectors")
          .set({ open_until: new Date(Date.now() + ms) })
          .where("id", "=", id)
          .execute(),
      )
    await openFor(3_000)
    expect((await kaireon.test(id)).body.lastTestedAt, "not before").toBe(times[4])
    await openFor(-1)
    const both = await Promise.all([kaireon.test(id), kaireon.test(id)])
    expect(new Set(both.map(({ body }) => body.lastError)).size, "one test probes, and the breaker blocks the other").toBe(2)
    await kaireon.put({ id, config: kaireon.config, authConfig: kaireon.authConfig })
    expect((await kaireon.test(id)).body.status, "a changed configuration resets the breaker").toBe("active")
  })

  it("a refused login never opens it", async () => {
    const id = await make({ config: kaireon.config, authConfig: { username: "nobody", password: "wrong-password" } })
    for (let n = 0; n < 7; n++) expect((await kaireon.test(id)).body.lastError).not.toContain("the next is made")
  })
})

describe("100 tests in 60 s", () => {
  it("the 101st test is 429, only in this tenant", async () => {
    const { key } = await kaireon.hub.workspace("limited")
    const test = () => kaireon.call("POST", "/test", { id: "none" }, { key })
    const statuses: number[] = []
    for (let n = 0; n < 10; n++) statuses.push(...(await Promise.all(Array.from({ length: 10 }, test))).map(({ status }) => status))
    expect(new Set(statuses)).toEqual(new Set([404]))
    const refused = await test()
    expect(errorOf(refused)).toEqual([429, "RATE_LIMITED", 429])
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0)
    expect((await kaireon.test("none")).status).toBe(404)
    expect((await kaireon.call("GET", "", undefined, { key })).status, "only tests are counted").toBe(200)
  })
})
