import { describe, expect, it } from "vitest"
import { PAGE, typesOf } from "../../../src/compat/kaireon/types.ts"
import { notBuilt } from "../../../src/compat/mapping.ts"
import { registry } from "../../../src/connectors/index.ts"
import type { Answer } from "../../support/ask.ts"
import { use } from "../../support/use.ts"
import { errorOf, startKaireon } from "./start.ts"

let count = 0
const kaireon = use(() => startKaireon("an-ordinary-password"))

const fresh = (): string => `connector ${++count}`
const create = (more: object = {}): Promise<Answer> => kaireon.create({ name: fresh(), type: "postgresql", ...more })

describe("create", () => {
  it("accepts only a name and a type; the test reports missing fields", async () => {
    const { status, body } = await create()
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: `connector ${count}`,
      type: "postgresql",
      description: "",
      config: {},
      authMethod: "access_key",
      status: "inactive",
      lastTestedAt: null,
      lastError: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: body.createdAt,
    })
  })

  it.each([
    [{ name: undefined }, "name is required."],
    [{ name: "" }, "name must not be empty."],
    [{ name: null }, "name is required."],
    [{ name: 7 }, "name must be text."],
    [{ name: "x".repeat(257) }, "name must have at most 256 characters."],
    [{ type: undefined }, "type is required."],
    [{ type: 1 }, "type must be text."],
    [{ type: "postgres" }, "type postgres is unknown"],
    [{ type: "constructor" }, "type constructor is unknown"],
    [{ description: 1 }, "description must be text."],
    [{ config: [] }, "config must be an object."],
    [{ config: "x" }, "config must be an object."],
    [{ authConfig: "x" }, "authConfig must be an object."],
    [{ authMethod: {} }, "authMethod must be text."],
    [{ config: { port: 0 } }, "Port must be at least 1."],
    [{ config: { port: 65_536 } }, "Port must be at most 65535."],
    [{ config: { port: "54x" } }, "Port must be a whole number."],
    [{ config: { host: "a/b" } }, "Host must be"],
    [{ config: { host: 1 } }, "Host must be text."],
    [{ config: { sslMode: "prefer" } }, "config.sslMode must be"],
    [{ config: { connectionString: "mysql://x" } }, "config.connectionString must be postgres://"],
    [{ config: { connectionString: "postgres://h/d?host=/tmp" } }, "config.connectionString may have only the parameter sslmode"],
    [{ config: { connectionString: "postgres://u:%zz@h/d" } }, "config.connectionString has a percent sign"],
    [{ config: { connectionString: "****" } }, "config.connectionString is a mask, but nothing is stored."],
    [{ authConfig: { password: "****" } }, "Password is a mask"],
    [{ authConfig: { nonsense: "x" } }, "authConfig.nonsense is not a credential of postgresql"],
    [{ authConfig: { constructor: "x" } }, "authConfig.constructor is not a credential"],
    [{ authConfig: { password: 7 } }, "authConfig.password must be text."],
    [{ authConfig: { username: "a", user: "b" } }, "authConfig has both username and user"],
    [{ config: { nested: { apiToken: "t0ken" } } }, "config.nested.apiToken looks like a credential"],
    [{ config: { endpoint: "ftp://u:p@h" } }, "config.endpoint looks like a credential"],
    [{ type: "rest_api", config: { headers: ["x"] } }, "config.headers must be an object"],
    [{ type: "rest_api", config: { url: "ftp://x" } }, "URL must start with https:// or http://"],
    [{ type: "rest_api", config: { method: "BREW" } }, "Method must be one of"],
    [{ type: "rest_api", authConfig: { username: "u", password: "p", apiKey: "k" } }, "authConfig has both"],
  ])("400 for %j", async (more, message) => {
    const answer = await create(more)
    expect(errorOf(answer)).toEqual([400, "BAD_REQUEST", 400])
    expect(answer.body.error.message).toContain(message)
  })

  it("reports all faults at once", async () => {
    const { body } = await kaireon.create({ config: 1, authMethod: 2 })
    expect(body.error.message).toBe("config must be an object. name is required. type is required. authMethod must be text.")
  })

  it.each(notBuilt(PAGE, typesOf(registry)))("the page's type %s is rejected by name until it is built", async (type) => {
    const answer = await create({ type })
    expect(errorOf(answer)).toEqual([400, "BAD_REQUEST", 400])
    expect(answer.body.error.message).toContain(`type ${type} is not built yet`)
  })

  it.each(["postgresql", "rest_api", "webhook", ...(registry.find("snowflake") === undefined ? [] : ["snowflake"])])(
    "the type %s is available",
    async (type) => {
      const { status, body } = await create({ type })
      expect([status, body.type]).toEqual([201, type])
    },
  )

  it("accepts the longest name, the smallest and largest port, and a port as text", async () => {
    expect((await create({ name: "n".repeat(256) })).status).toBe(201)
    for (const port of [1, 65_535]) expect((await create({ config: { port } })).body.config).toEqual({ port })
    expect((await create({ config: { port: "5432" } })).body.config).toEqual({ port: "5432" })
  })

  it("keeps unknown keys in config, and ignores unknown keys outside it", async () => {
    const config = { host: "db.example.com", pool: { size: 3, labels: ["a", null, 1.5] }, note: "ü 👩‍👩‍👧" }
    const { status, body } = await create({ config, colour: "red", description: "d", authMethod: "iam_role" })
    expect([status, body.config, body.description, body.authMethod, body.colour]).toEqual([201, config, "d", "iam_role", undefined])
  })

  it("merges connectionConfig into config, which takes precedence", async () => {
    const { body } = await create({ connectionConfig: { host: "a.example", port: 1 }, config: { host: "b.example" } })
    expect(body.config).toEqual({ host: "b.example", port: 1 })
  })

  it("409 for a name that is taken, even for concurrent requests", async () => {
    const name = fresh()
    const answers = await Promise.all([1, 2, 3].map(() => create({ name })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    expect(errorOf(await create({ name }))).toEqual([409, "CONFLICT", 409])
  })
})

describe("update", () => {
  it("changes only the given values", async () => {
    const { body: made } = await create({ description: "before", config: { host: "db.example.com", extra: 1 }, authMethod: "iam_role" })
    const { status, body } = await kaireon.put({ id: made.id, description: "after" })
    expect(status).toBe(200)
    expect(body).toEqual({ ...made, description: "after", updatedAt: expect.any(String) })
    expect((await kaireon.put({ id: made.id, name: "renamed" })).body).toEqual({ ...body, name: "renamed", updatedAt: expect.any(String) })
    expect((await kaireon.put({ id: made.id, authMethod: "access_key" })).body).toMatchObject({ authMethod: "access_key", config: made.config })
    expect((await kaireon.put({ id: made.id, description: null })).body.description).toBe("")
    expect((await kaireon.call("GET", `/${made.id}`)).body.name).toBe("renamed")
  })

  it("replaces config as a whole and keeps the credentials", async () => {
    const { body: made } = await create({ config: { ...kaireon.config, extra: 1 }, authConfig: kaireon.authConfig })
    const { host, port } = kaireon.config as Record<string, unknown>
    const { body } = await kaireon.put({ id: made.id, config: { host, port } })
    expect(body.config).toEqual({ host, port })
    await kaireon.put({ id: made.id, config: kaireon.config })
    expect((await kaireon.test(made.id)).body).toMatchObject({ status: "active", authConfig: { username: expect.any(String), password: "an***rd" } })
  })

  it("does not change the destination without new credentials", async () => {
    const { body: made } = await create({ config: kaireon.config, authConfig: kaireon.authConfig })
    const moved = { id: made.id, config: { ...kaireon.config, host: "other.example.com" } }
    expect(errorOf(await kaireon.put(moved))).toEqual([400, "BAD_REQUEST", 400])
    expect((await kaireon.test(made.id)).body.status).toBe("active")
    expect((await kaireon.put({ ...moved, authConfig: kaireon.authConfig })).body.config).toMatchObject({ host: "other.example.com" })
  })

  it("replaces authConfig as a whole", async () => {
    const { body: made } = await create({ config: kaireon.config, authConfig: kaireon.authConfig })
    await kaireon.put({ id: made.id, authConfig: { username: kaireon.database.user } })
    const tested = (await kaireon.test(made.id)).body
    expect(tested.authConfig).toEqual({ username: "****" === tested.authConfig.username ? "****" : expect.stringContaining("***") })
    expect(tested.status, "the password is removed").toBe("error")
  })

  it("409 for the name of another connector; its own name is allowed", async () => {
    const [{ body: one }, { body: two }] = [await create(), await create()]
    expect(errorOf(await kaireon.put({ id: two.id, name: one.name }))).toEqual([409, "CONFLICT", 409])
    expect((await kaireon.put({ id: two.id, name: two.name })).status).toBe(200)
  })

  it.each(["error", "draft", "", 1])("400 for the status %j", async (status) => {
    const { body: made } = await create()
    expect(errorOf(await kaireon.put({ id: made.id, status }))).toEqual([400, "BAD_REQUEST", 400])
  })

  it("the status inactive disables a connector; active enables it, and it stays inactive until a test passes", async () => {
    const { body: made } = await create({ config: kaireon.config, authConfig: kaireon.authConfig })
    expect((await kaireon.test(made.id)).body.status).toBe("active")
    expect((await kaireon.put({ id: made.id, status: "active" })).body.status, "it was on").toBe("active")
    expect((await kaireon.put({ id: made.id, status: "inactive" })).body.status).toBe("inactive")
    expect((await kaireon.hub.call("GET", `/v1/connectors/${made.id}`)).body.status).toBe("disabled")
    expect(errorOf(await kaireon.test(made.id))).toEqual([409, "CONFLICT", 409])
    expect((await kaireon.put({ id: made.id, status: "active" })).body.status).toBe("inactive")
    expect((await kaireon.test(made.id)).body.status).toBe("active")
  })

  it("a new type needs its own configuration, and the old type's secrets are not kept", async () => {
    const { body: made } = await create({ config: kaireon.config, authConfig: kaireon.authConfig })
    const discovered = await kaireon.hub.call("POST", `/v1/connectors/${made.id}/discover`, {})
    expect(discovered.status).toBe(200)
    const kept = await kaireon.put({ id: made.id, type: "rest_api" })
    expect(errorOf(kept), "credentials of the old type cannot be kept").toEqual([400, "BAD_REQUEST", 400])
    const { body } = await kaireon.put({ id: made.id, type: "rest_api", config: { url: "https://api.example.com/" }, authConfig: {} })
    expect(body).toMatchObject({ id: made.id, type: "rest_api", config: { url: "https://api.example.com/" }, status: "inactive" })
    const native = (await kaireon.hub.call("GET", `/v1/connectors/${made.id}`)).body
    expect((await kaireon.hub.call("GET", `/v1/connectors/${made.id}/catalog`)).body.code, "nor does its catalog").toBe("catalog_missing")
    expect([native.type, native.config.auth, JSON.stringify(native).includes("fingerprint")]).toEqual(["http", { kind: "none" }, false])
    expect((await kaireon.put({ id: made.id, type: "webhook" })).body).toMatchObject({ type: "webhook", config: { url: "https://api.example.com/" } })
    expect(errorOf(await kaireon.put({ id: made.id, type: "kafka" }))).toEqual([400, "BAD_REQUEST", 400])
  })

  it("the plan's number of HTTP connectors applies to a new connector and to a new type", async () => {
    const { id, key } = await kaireon.hub.workspace("planned")
    expect((await kaireon.hub.call("PATCH", `/v1/workspaces/${id}`, { plan: { httpConnectors: 1 } })).status).toBe(200)
    const post = (name: string, type: string) => kaireon.call("POST", "", { name, type }, { key })
    expect((await post("one", "rest_api")).status).toBe(201)
    expect(errorOf(await post("two", "webhook"))).toEqual([403, "FORBIDDEN", 403])
    const { body: other } = await post("three", "postgresql")
    expect(errorOf(await kaireon.call("PUT", "", { id: other.id, type: "webhook" }, { key }))).toEqual([403, "FORBIDDEN", 403])
    expect((await kaireon.call("GET", `/${other.id}`, undefined, { key })).body.type).toBe("postgresql")
  })

  it("concurrent changes are all made", async () => {
    const { body: made } = await create()
    const answers = await Promise.all([kaireon.put({ id: made.id, description: "d" }), kaireon.put({ id: made.id, config: { host: "db.example.com" } })])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect((await kaireon.call("GET", `/${made.id}`)).body).toMatchObject({ description: "d", config: { host: "db.example.com" } })
  })
})

describe("list and delete", () => {
  it("pages by the id of the last item, with both envelopes", async () => {
    const { key } = await kaireon.hub.workspace("paged")
    const call = (query: string) => kaireon.call("GET", query, undefined, { key })
    const ids: string[] = []
    for (let n = 0; n < 23; n++) ids.push((await kaireon.call("POST", "", { name: `n${n}`, type: "webhook" }, { key })).body.id)
    const first = (await call("")).body
    expect([first.data.length, first.total, first.hasMore]).toEqual([20, 23, true])
    expect(first.pagination).toEqual({ total: 23, hasMore: true, limit: 20, cursor: first.data[19].id })
    const second = (await call(`?cursor=${first.data[19].id}`)).body
    expect([second.data.length, second.total, second.hasMore, second.pagination.cursor]).toEqual([3, 23, false, null])
    expect([...first.data, ...second.data].map((each: { id: string }) => each.id)).toEqual(ids)
    expect((await call("?limit=23")).body.hasMore).toBe(false)
    expect((await call("?limit=1")).body).toMatchObject({ data: [{ id: ids[0] }], total: 23, hasMore: true })
    expect((await call("?limit=100")).body.data.length).toBe(23)
    await kaireon.call("DELETE", `?id=${ids[19]}`, undefined, { key })
    expect((await call(`?cursor=${ids[19]}`)).status, "a cursor of a removed connector does not return the first page").toBe(400)
  })

  it.each(["limit=0", "limit=101", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "cursor=conn_001", `cursor=${"0".repeat(36)}`])(
    "400 for ?%s",
    async (query) => expect(errorOf(await kaireon.call("GET", `?${query}`))).toEqual([400, "BAD_REQUEST", 400]),
  )

  it("a removal is 204 once and 404 afterwards, and the name is free again", async () => {
    const { body: made } = await create()
    const gone = await kaireon.call("DELETE", `?id=${made.id}`)
    expect([gone.status, gone.text]).toEqual([204, ""])
    expect((await kaireon.call("DELETE", `?id=${made.id}`)).status).toBe(404)
    expect((await create({ name: made.name })).status).toBe(201)
  })
})
