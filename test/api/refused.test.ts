import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

let config: Record<string, unknown>

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query("create role app login password 'right'; create table public.t (id int primary key); grant select on public.t to app")
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  config = { ...database.config, user: "app", password: "right" }
})

/** The number of logins that the server has refused so far, according to its log. */
const refusedLogins = async () =>
  ((await readFile(join(database.folder, "..", "server.log"), "utf8")).match(/password authentication failed for user/g) ?? []).length
const counted = async <T>(work: () => Promise<T>): Promise<{ logins: number; result: T }> => {
  const before = await refusedLogins()
  const result = await work()
  return { logins: (await refusedLogins()) - before, result }
}

const create = (name: string, more: object = {}) => hub.call("POST", "/v1/connectors", { name, type: "postgres", config: { ...config, ...more } })
const patch = (name: string, body: object) => hub.call("PATCH", `/v1/connectors/${name}`, body)
const view = async (name: string) => (await hub.call("GET", `/v1/connectors/${name}`)).body
const test = (name: string) => hub.call("POST", `/v1/connectors/${name}/test`)
const query = (name: string) => hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select 1 as one" })
const uses: readonly [string, (name: string) => ReturnType<typeof query>][] = [
  ["query", query],
  ["preview", (name) => hub.call("GET", `/v1/connectors/${name}/rows?stream=${encodeURIComponent('["public","t"]')}`)],
  ["discover", (name) => hub.call("POST", `/v1/connectors/${name}/discover`)],
  ["call of the hub's own tests", (name) => hub.call("POST", `/v1/connectors/${name}/test`)],
]

describe("after a refused login", () => {
  it.each(uses)("the first %s stops all use, with a separate code and the time since when", async (_, use) => {
    const name = `wrong-${uses.findIndex(([each]) => each === _)}`
    await create(name, { password: "wrong" })
    const { logins, result } = await counted(() => use(name))
    expect([logins, result.body.code ?? result.body.error.code]).toEqual([1, "auth_failed"])
    const after = await view(name)
    expect([after.status, after.version, after.credentialsRefusedAt]).toEqual(["error", 1, expect.stringMatching(/^\d{4}-.*Z$/)])
    const again = await counted(async () => {
      for (const [each, next] of uses.slice(0, 3)) {
        const { status, body } = await next(name)
        expect([status, body.code, body.since], each).toEqual([409, "credentials_refused", after.credentialsRefusedAt])
        expect(body.detail).toContain(after.credentialsRefusedAt)
      }
    })
    expect(again.logins).toBe(0)
    expect((await hub.call("GET", `/v1/connectors/${name}/credentials`)).body.refusedAt).toBe(after.credentialsRefusedAt)
    const audit = (await hub.call("GET", "/v1/audit?limit=100")).body.data
    expect(
      audit.filter((each: { action: string; target: { name: string } | null }) => each.action === "credentials.refuse" && each.target?.name === name),
    ).toHaveLength(1)
  })

  // A workspace may have 32 queries and 16 discoveries running on a node.
  it("48 concurrent uses of a wrong password cause one login, on one node", async () => {
    await create("crowd", { password: "wrong" })
    const { logins, result } = await counted(() => Promise.all(Array.from({ length: 48 }, (_, index) => (uses[index % 3]?.[1] ?? query)("crowd"))))
    const codes = result.map(({ body }) => body.code)
    expect([...new Set(codes)].sort()).toEqual(["auth_failed", "credentials_refused"])
    expect([logins, codes.filter((code) => code === "auth_failed").length]).toEqual([1, 1])
  })

  it("50 concurrent calls with a wrong password cause one request, and an HTTP 403 stops nothing", async () => {
    const answers = { status: 401, requests: 0 }
    await using server = await listenHttp((_request, response) => {
      answers.requests++
      response.writeHead(answers.status, { "content-type": "application/json" }).end("{}")
    })
    await hub.call("POST", "/v1/egress", { rule: `127.0.0.1/32:${server.port}` })
    const basic = { kind: "basic", username: "app", password: "wrong" }
    for (const name of ["api", "forbidding"]) await hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: `${server.url}/`, auth: basic } })
    const call = (name: string) => hub.call("POST", `/v1/connectors/${name}/call`, { input: {} })
    const result = await Promise.all(Array.from({ length: 50 }, () => call("api")))
    expect([answers.requests, result.filter(({ body }) => body.code === "credentials_refused").length]).toEqual([1, 49])
    answers.status = 403
    for (const _ of [1, 2]) expect((await call("forbidding")).body.code).not.toBe("credentials_refused")
    expect(answers.requests).toBe(3)
  })

  it("a refused HEAD, a refused row and a 401 without credentials do not stop a connector", async () => {
    await using site = await listenHttp((request, response) => {
      const refused = request.method === "HEAD" || request.headers.authorization === undefined || request.url === "/users?id=2"
      response.writeHead(refused ? 401 : 200, { "content-type": "application/json" }).end("{}")
    })
    await hub.call("POST", "/v1/egress", { rule: `127.0.0.1/32:${site.port}` })
    const make = (name: string, more: object) =>
      hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: `http://127.0.0.1:${site.port}/users`, ...more } })
    const code = async (name: string, input: object = {}) => (await hub.call("POST", `/v1/connectors/${name}/call`, { input })).body.code ?? "ok"
    await make("by-row", { auth: { kind: "bearer", token: "good" }, parameters: [{ name: "id", required: false }] })
    expect([await code("by-row", { id: 1 }), await code("by-row", { id: 2 }), await code("by-row", { id: 1 })]).toEqual(["ok", "permission_denied", "ok"])
    expect([(await test("by-row")).body.ok, await code("by-row")]).toEqual([true, "ok"])
    await make("no-credentials", {})
    expect([await code("no-credentials"), (await test("no-credentials")).body.ok, await code("no-credentials")]).toEqual(["auth_failed", false, "auth_failed"])
    expect((await view("no-credentials")).credentialsRefusedAt).toBeNull()
  })

  it("a password that is changed on the server during 32 uses causes only the logins that are already in progress", async () => {
    await create("changed")
    expect((await query("changed")).status).toBe(200)
    await database.query("alter role app password 'changed'")
    const first = await counted(() => Promise.all(Array.from({ length: 32 }, () => query("changed"))))
    expect(first.logins).toBeLessThanOrEqual(32)
    const then = await counted(() => Promise.all(Array.from({ length: 32 }, () => query("changed"))))
    expect([then.logins, then.result.every(({ body }) => body.code === "credentials_refused")]).toEqual([0, true])
    await database.query("alter role app password 'right'")
    expect((await query("changed")).body.code, "the hub does not retry by itself").toBe("credentials_refused")
    expect((await test("changed")).body.ok).toBe(true)
    expect(await view("changed")).toMatchObject({ status: "active", credentialsRefusedAt: null })
    expect((await query("changed")).status).toBe(200)
  })

  it("only a new secret, a switch, a rollback, a restore or a passing test clears it", async () => {
    await create("lifted")
    const wrong = async () => {
      await patch("lifted", { config: { password: "wrong" } })
      expect((await query("lifted")).body.code).toBe("auth_failed")
      expect((await query("lifted")).body.code).toBe("credentials_refused")
    }
    const works = async () => expect([(await query("lifted")).status, (await view("lifted")).credentialsRefusedAt]).toEqual([200, null])
    await wrong()
    for (const body of [{ title: "other" }, { config: { password: "wrong" } }, { config: {} }, { enabled: false }, { enabled: true }])
      await patch("lifted", body)
    expect((await view("lifted")).status).toBe("error")
    expect((await query("lifted")).body.code).toBe("credentials_refused")
    const failed = await counted(() => test("lifted"))
    expect([failed.logins, failed.result.body.error.code], "a test that a user starts is one login").toEqual([1, "auth_failed"])
    expect((await query("lifted")).body.code).toBe("credentials_refused")
    await patch("lifted", { config: { password: "right" } })
    await works()
    await wrong()
    await hub.call("PUT", "/v1/connectors/lifted/credentials/next", { config: { password: "right" } })
    expect((await query("lifted")).body.code, "staging alone clears nothing").toBe("credentials_refused")
    expect((await hub.call("POST", "/v1/connectors/lifted/credentials/next/test")).body.ok).toBe(true)
    await hub.call("POST", "/v1/connectors/lifted/credentials/switch")
    await works()
    await hub.call("PUT", "/v1/connectors/lifted/credentials/next", { config: { password: "wrong" } })
    await hub.call("POST", "/v1/connectors/lifted/credentials/switch", { force: true })
    expect((await query("lifted")).body.code).toBe("auth_failed")
    await hub.call("POST", "/v1/connectors/lifted/credentials/rollback")
    await works()
    const { version } = await view("lifted")
    await wrong()
    await hub.call("POST", `/v1/connectors/lifted/versions/${version}/restore`)
    await works()
  })
})
