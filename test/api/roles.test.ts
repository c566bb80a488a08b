import { beforeAll, describe, expect, test } from "vitest"
import { operations } from "../../src/api/operations.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const ORDER = ["viewer", "use", "editor", "admin", "operator"] as const
type Caller = (typeof ORDER)[number]

/** A title that the answers must contain, and one that they must not contain. */
const [MINE, THEIRS] = ["Wellensittich", "Kanarienvogel"]
const HTTP = { url: "https://api.example.com/x" }

const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const keys = {} as Record<Caller, string>
/** Keys that are limited to the connectors with the title MINE, by name and by label. */
const limited: Record<string, string> = {}
let admin = ""

const keyOf = async (body: object): Promise<string> => {
  const made = await hub.call("POST", "/v1/keys", { name: "k", ...body }, { key: admin })
  expect(made.status, made.text).toBe(201)
  return made.body.key
}

const PASSWORD = "correct horse battery"
const sessionOf = async (email: string, body: object): Promise<string> => {
  expect((await hub.call("POST", "/v1/users", { email, password: PASSWORD, ...body }, { key: admin })).status).toBe(201)
  return (await hub.call("POST", "/v1/sessions", { email, password: PASSWORD }, { key: null })).body.token
}

beforeAll(async () => {
  const workspace = await hub.workspace("roles")
  admin = workspace.key
  for (const [name, title] of [
    ["mine", MINE],
    ["theirs", THEIRS],
  ] as const) {
    const shared = { title, labels: { team: name } }
    const made = [
      { ...shared, name, type: "postgres", config: database.config },
      { ...shared, name: `${name}-api`, type: "http", config: HTTP },
    ]
    for (const each of made) expect((await hub.call("POST", "/v1/connectors", each, { key: admin })).status).toBe(201)
    expect((await hub.call("PUT", `/v1/connectors/${name}/check`, { everyMs: 3_600_000 }, { key: admin })).status).toBeLessThan(300)
  }
  for (const role of ["viewer", "use", "editor"] as const) keys[role] = await keyOf({ role })
  keys.admin = admin
  keys.operator = hub.key
  for (const role of ["viewer", "use"] as const) {
    limited[`${role} by name`] = await keyOf({ role, connectors: ["mine", "mine-api"] })
    limited[`${role} by label`] = await keyOf({ role, labels: ["team:mine"] })
    limited[`${role} by both`] = await keyOf({ role, connectors: ["mine"], labels: ["team:mine"] })
    limited[`${role} as a user`] = await sessionOf(`${role}@roles.example.com`, { role, labels: ["team:mine"] })
  }
})

/** All operations except the public ones; new operations are included automatically. */
const SPECS = operations.map(({ spec }) => spec).filter(({ access }) => access !== "public")
const ofConnector = SPECS.filter(({ path }) => path.startsWith("/v1/connectors/{id}"))

/** Sends a request for an operation. Every id in it is the given one; other values are left out. */
const attempt = (spec: (typeof SPECS)[number], key: string, id: string) => {
  const path = spec.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === "version" ? "1" : id))
  const query = spec.id === "readRows" ? '?stream=["public","none"]' : spec.id === "diffCatalogs" ? "?from=1&to=2" : ""
  const body = spec.method === "GET" || spec.method === "DELETE" ? undefined : /^(queryConnector|dryRunQuery)$/.test(spec.id) ? { statement: "select 1" } : {}
  return hub.call(spec.method, path + query, body, { key })
}

describe("every operation", () => {
  test.each(SPECS.map((spec) => [spec.id, spec.access, spec] as const))(
    "%s accepts the role %s and higher roles, and rejects the others",
    async (_, access, spec) => {
      for (const role of ORDER) {
        const { status, body } = await attempt(spec, keys[role], "absent")
        const allowed = ORDER.indexOf(role) >= ORDER.indexOf(access as Caller)
        expect([status === 403, status === 403 ? body.code : ""], `${role}: ${status}`).toEqual([!allowed, allowed ? "" : "forbidden"])
        expect(status, role).not.toBe(500)
      }
    },
  )

  test.each(SPECS.map((spec) => [spec.id, spec] as const))("%s shows a limited key nothing of the connectors outside its limit", async (_, spec) => {
    for (const [name, key] of Object.entries(limited)) {
      if (spec.id === "logOut" && name.endsWith("a user")) continue
      const role = name.split(" ")[0] as Caller
      const allowed = spec.scoped === true && ORDER.indexOf(role) >= ORDER.indexOf(spec.access as Caller)
      const [theirs, absent] = [await attempt(spec, key, "theirs"), await attempt(spec, key, "absent")]
      expect(theirs.status === 403, `${name}: ${theirs.status}`).toBe(!allowed)
      expect([theirs.status, theirs.text.replaceAll("theirs", "absent").replace(/"requestId":"[^"]*"/, "")], name).toEqual([
        absent.status,
        absent.text.replace(/"requestId":"[^"]*"/, ""),
      ])
      expect(theirs.text, name).not.toContain(THEIRS)
      if (allowed && ofConnector.includes(spec)) expect(theirs.status, name).toBe(404)
    }
  })

  test("on a connector can be called with a limited key, unless it changes something", () => {
    expect(ofConnector.filter(({ scoped, access }) => (scoped === true) !== (access === "viewer" || access === "use")).map(({ id }) => id)).toEqual([])
  })
})

test.each(["viewer", "use"])("a limited %s sees its own connectors in every list", async (role) => {
  for (const way of ["by name", "by label", "by both", "as a user"]) {
    const key = limited[`${role} ${way}`] ?? ""
    const list = (await hub.call("GET", "/v1/connectors?q=o", undefined, { key })).body
    expect([list.data, list.total], way).toEqual([[], 0])
    const all = (await hub.call("GET", "/v1/connectors", undefined, { key })).body
    expect([all.data.map((each: { name: string }) => each.name), all.total], way).toEqual([["mine", "mine-api"], 2])
    const checks = (await hub.call("GET", "/v1/checks", undefined, { key })).body
    expect([checks.data.map((each: { connector: { name: string } }) => each.connector.name), checks.total], way).toEqual([["mine"], 1])
    expect((await hub.call("GET", "/v1/metrics", undefined, { key })).text).not.toContain("theirs")
  }
})

test("a limited key with the role use can query, read, call and test, but cannot change anything", async () => {
  const key = limited["use by name"] ?? ""
  const ask = (method: string, path: string, body?: unknown) => hub.call(method, `/v1/connectors/${path}`, body, { key })
  expect((await ask("POST", "mine/query", { statement: "select 42 as x" })).body.rows).toEqual([{ x: 42 }])
  expect((await ask("POST", "theirs/query", { statement: "select 42 as x" })).status).toBe(404)
  expect((await ask("POST", "mine/test", {})).body.ok).toBe(true)
  expect((await ask("POST", "mine-api/call", { dryRun: true })).status).toBe(200)
  expect((await ask("POST", "theirs-api/call", { dryRun: true })).status).toBe(404)
  expect((await ask("PATCH", "mine", { title: "x" })).status).toBe(403)
})

test("a connector enters and leaves a scope with its label immediately, but not with its name", async () => {
  const [byLabel, byName] = [limited["use by label"] ?? "", await keyOf({ role: "use", connectors: ["mine"] })]
  const status = async (name: string, key: string) => (await hub.call("GET", `/v1/connectors/${name}`, undefined, { key })).status
  const made = await hub.call("POST", "/v1/connectors", { name: "moved", type: "http", config: HTTP, labels: { team: "mine" } }, { key: admin })
  expect(await status("moved", byLabel)).toBe(200)
  expect((await hub.call("PATCH", "/v1/connectors/moved", { labels: { team: "theirs" } }, { key: admin })).status).toBe(200)
  expect([await status("moved", byLabel), await status(made.body.id, byLabel)]).toEqual([404, 404])
  await hub.call("PATCH", "/v1/connectors/mine", { name: "renamed" }, { key: admin })
  await hub.call("PATCH", "/v1/connectors/moved", { name: "mine" }, { key: admin })
  expect([await status("renamed", byName), await status("mine", byName)]).toEqual([200, 404])
  await hub.call("PATCH", "/v1/connectors/mine", { name: "moved" }, { key: admin })
  await hub.call("PATCH", "/v1/connectors/renamed", { name: "mine" }, { key: admin })
})

test("a key shows its limit, keeps it when it is rotated, and rejects an invalid limit", async () => {
  const { body } = await hub.call("POST", "/v1/keys", { name: "app", role: "use", connectors: ["mine"], labels: ["team:mine"] }, { key: admin })
  expect(body.scope).toEqual({ connectors: [expect.any(String)], labels: { team: "mine" } })
  const rotated = (await hub.call("POST", `/v1/keys/${body.id}/rotate`, { graceMinutes: 0 }, { key: admin })).body
  expect([rotated.scope, rotated.role]).toEqual([body.scope, "use"])
  expect((await hub.call("GET", "/v1/me", undefined, { key: rotated.key })).body).toMatchObject({ role: "use", key: { scope: body.scope } })
  for (const [wrong, pointer] of [
    [{ role: "editor", connectors: ["mine"] }, "/role"],
    [{ role: "admin", labels: ["team:mine"] }, "/role"],
    [{ role: "use", connectors: ["mine", "absent"] }, "/connectors/1"],
    [{ role: "use", labels: ["team"] }, "/labels/0"],
  ] as const) {
    const refused = await hub.call("POST", "/v1/keys", { name: "app", ...wrong }, { key: admin })
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer])
  }
  const none = await keyOf({ role: "use", connectors: [] })
  expect((await hub.call("GET", "/v1/connectors", undefined, { key: none })).body.total).toBe(0)
})

test("a user's limit is set and lifted from the next request on; roles that can change things cannot be limited", async () => {
  const email = "limited@roles.example.com"
  const session = await sessionOf(email, { role: "use", connectors: ["mine"] })
  const change = (patch: object) => hub.call("PATCH", `/v1/users/${email}`, patch, { key: admin })
  const seen = async () => (await hub.call("GET", "/v1/connectors", undefined, { key: session })).body.total
  const me = (await hub.call("GET", "/v1/me", undefined, { key: session })).body
  expect([me.scope, await seen()]).toEqual([{ connectors: [expect.any(String)], labels: {} }, 1])
  expect((await hub.call("PATCH", "/v1/me", { name: "Limited" }, { key: session })).status).toBe(200)
  const refused = await change({ role: "editor" })
  expect([refused.status, refused.body.errors[0].pointer, refused.body.detail]).toEqual([422, "/role", expect.stringContaining("lift the limit")])
  expect((await change({ role: "viewer", labels: ["team:mine"] })).body).toMatchObject({ role: "viewer", scope: { connectors: [], labels: { team: "mine" } } })
  expect(await seen()).toBe(2)
  expect((await change({ connectors: ["absent"] })).status).toBe(422)
  expect((await change({ role: "editor", connectors: null })).body).toMatchObject({ role: "editor", scope: null })
  expect(await seen()).toBeGreaterThan(2)
  expect((await change({ labels: ["team:mine"] })).body.errors[0].pointer).toBe("/role")
  const { data } = (await hub.call("GET", "/v1/audit?action=user.update", undefined, { key: admin })).body
  expect(data[0].details).toMatchObject({ role: { from: "viewer", to: "editor" }, scope: { from: { labels: { team: "mine" } }, to: null } })
})

describe("a compatible API", () => {
  const APIS = [
    ["kaireon", "/kaireon/api/v1/connectors", "x-api-key"],
    ["aisquared", "/aisquared/api/v1/connectors", "authorization"],
    ["databar", "/databar/v1/connectors", "x-apikey"],
  ] as const
  test.each(APIS)("of %s treats a key with the role use like a viewer's, and shows a limited key its own connectors", async (_, path, header) => {
    const as = (key: string) => ({ key: null, headers: { [header]: header === "authorization" ? `Bearer ${key}` : key } })
    const outcome = async (key: string) => [(await hub.call("GET", path, undefined, as(key))).status, (await hub.call("POST", path, {}, as(key))).status]
    expect(await outcome(keys.use)).toEqual(await outcome(keys.viewer))
    expect((await outcome(keys.use))[1]).toBe(403)
    const whole = await hub.call("GET", path, undefined, as(keys.use))
    expect([whole.text.includes(MINE), whole.text.includes(THEIRS)]).toEqual([true, true])
    const shown = await hub.call("GET", path, undefined, as(limited["use by name"] ?? ""))
    expect([shown.status, shown.text.includes(MINE), shown.text.includes(THEIRS)]).toEqual([200, true, false])
    const ids = [...whole.text.matchAll(/"id":("?)([\w-]+)\1/g)].map((match) => match[2] ?? "")
    for (const id of ids) expect((await hub.call("GET", `${path}/${id}`, undefined, as(limited["use by name"] ?? ""))).text).not.toContain(THEIRS)
  })

  test("of DataBrain treats a key with the role use like a viewer's, which is not a service token", async () => {
    const statuses = await Promise.all(
      [keys.viewer, keys.use].map(
        async (key) => (await hub.call("GET", "/databrain/api/v2/datasource/schema-cache-status?datasourceName=mine", undefined, { key })).status,
      ),
    )
    expect(new Set(statuses).size).toBe(1)
  })
})
