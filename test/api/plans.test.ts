import { beforeAll, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

let other: { id: string; key: string }
const hub = use(() => startHub())
beforeAll(async () => {
  other = await hub.workspace("planned")
})

const patch = (plan: unknown, ref = other.id, key = hub.key) => hub.call("PATCH", `/v1/workspaces/${ref}`, { plan }, { key })
const shown = async () => (await hub.call("GET", "/v1/workspaces", undefined, { key: other.key })).body.data[0].plan

it("a workspace starts without a plan; an operator sets and removes parts of it", async () => {
  expect(await shown()).toEqual({})
  expect((await patch({ httpConnectors: 0, ratePerMinute: 60 })).body).toMatchObject({ name: "planned", plan: { httpConnectors: 0, ratePerMinute: 60 } })
  expect((await patch({ concurrency: 5, ratePerMinute: null }, "planned")).body.plan).toEqual({ httpConnectors: 0, concurrency: 5 })
  expect((await patch({})).body.plan).toEqual({ httpConnectors: 0, concurrency: 5 })
  expect(await shown()).toEqual({ httpConnectors: 0, concurrency: 5 })
  const refused = await hub.call("POST", "/v1/connectors", { name: "x", type: "http", config: { url: "https://api.example.com" } }, { key: other.key })
  expect([refused.status, refused.body.code]).toEqual([403, "plan_limit_reached"])
})

it.each([
  [{ httpConnectors: -1 }, "/plan/httpConnectors"],
  [{ ratePerMinute: 0 }, "/plan/ratePerMinute"],
  [{ ratePerMinute: "60" }, "/plan/ratePerMinute"],
  [{ concurrency: 10_001 }, "/plan/concurrency"],
  [{ connectors: -1 }, "/plan/connectors"],
  [{ auditEntries: 999 }, "/plan/auditEntries"],
  [{ planets: 5 }, "/plan/planets"],
  [null, "/plan"],
])("422 for the plan %j", async (plan, pointer) => {
  const { status, body } = await patch(plan)
  expect([status, body.code]).toEqual([422, "request_invalid"])
  expect(body.errors.map((each: { pointer: string }) => each.pointer)).toContain(pointer)
})

it("an unknown workspace is 404; only operators can set a plan, even for their own workspace", async () => {
  expect((await patch({}, "nowhere")).body.code).toBe("not_found")
  for (const key of [other.key, await hub.keyFor("editor")]) expect((await patch({}, other.id, key)).status).toBe(403)
})

it("the plan limits a workspace's Idempotency-Keys and kept answers; a request whose answer is not kept still runs only once", async () => {
  const tenant = await hub.workspace("keyed")
  expect((await patch({ idempotencyKeys: 4, keptAnswerBytes: 3_000 }, tenant.id)).status).toBe(200)
  const post = (key: string, name = key) =>
    hub.call(
      "POST",
      "/v1/connectors",
      { name, type: "http", description: "x".repeat(1_200), config: { url: "https://api.example.com" } },
      { key: tenant.key, headers: { "idempotency-key": key } },
    )
  for (const key of ["k1", "k2", "k3", "k4"]) expect((await post(key)).status).toBe(201)
  expect((await post("k1")).headers.get("idempotency-replayed")).toBe("true")
  const unkept = await post("k4")
  expect([unkept.status, unkept.body.code, unkept.body.done]).toEqual([409, "idempotency_unknown", [expect.objectContaining({ action: "connector.create" })]])
  const refused = await post("k5")
  expect([refused.status, refused.body.code]).toEqual([403, "plan_limit_reached"])
  const names = (await hub.call("GET", "/v1/connectors", undefined, { key: tenant.key })).body.data.map(({ name }: { name: string }) => name)
  expect(names.sort()).toEqual(["k1", "k2", "k3", "k4"])
})

it("a connector keeps as many versions as the plan allows", async () => {
  const tenant = await hub.workspace("versioned")
  expect((await patch({ versions: 3 }, tenant.id)).status).toBe(200)
  await hub.call("POST", "/v1/connectors", { name: "c", type: "http", config: { url: "https://api.example.com" } }, { key: tenant.key })
  for (let title = 1; title <= 5; title++) expect((await hub.call("PATCH", "/v1/connectors/c", { title: `t${title}` }, { key: tenant.key })).status).toBe(200)
  const { body } = await hub.call("GET", "/v1/connectors/c/versions", undefined, { key: tenant.key })
  expect(body.data.map(({ version }: { version: number }) => version)).toEqual([6, 5, 4])
})

it("the plan limits the numbers of connectors, keys, users and webhooks, also for concurrent requests", async () => {
  const tenant = await hub.workspace("small")
  const make = {
    connectors: (name: string) => ["/v1/connectors", { name, type: "postgres", draft: true, config: {} }] as const,
    keys: (name: string) => ["/v1/keys", { name, role: "viewer" }] as const,
    users: (name: string) => ["/v1/users", { email: `${name}@example.com`, role: "viewer" }] as const,
    webhooks: (name: string) => ["/v1/webhooks", { url: `https://${name}.example.com/`, events: ["connector.state_changed"] }] as const,
  }
  const create = ([path, body]: readonly [string, unknown]) => hub.call("POST", path, body, { key: tenant.key })
  for (const [things, request] of Object.entries(make)) {
    const { total } = (await hub.call("GET", `/v1/${things}`, undefined, { key: tenant.key })).body
    expect((await patch({ [things]: total + 1 }, tenant.id)).status).toBe(200)
    const both = await Promise.all(["one", "two"].map((name) => create(request(name))))
    expect(both.map(({ status }) => status).sort(), things).toEqual([201, 403])
    const refused = both.find(({ status }) => status === 403)
    expect(refused?.body, things).toMatchObject({ code: "plan_limit_reached", detail: expect.stringContaining(`allows ${total + 1} `) })
  }
})

it("a rotated key counts until it expires, so a rotation at the limit ends the old key immediately", async () => {
  const tenant = await hub.workspace("rotating")
  const [own] = (await hub.call("GET", "/v1/keys", undefined, { key: tenant.key })).body.data
  expect((await patch({ keys: 1 }, tenant.id)).status).toBe(200)
  const rotate = (graceMinutes: number) => hub.call("POST", `/v1/keys/${own.id}/rotate`, { graceMinutes }, { key: tenant.key })
  expect((await rotate(60)).body.code).toBe("plan_limit_reached")
  expect((await rotate(0)).status).toBe(201)
})
