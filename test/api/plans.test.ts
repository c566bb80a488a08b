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

it("a workspace begins without a plan; an operator sets parts of one, and lifts them", async () => {
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
  [{ connectors: 5 }, "/plan/connectors"],
  [null, "/plan"],
])("422 for the plan %j", async (plan, pointer) => {
  const { status, body } = await patch(plan)
  expect([status, body.code]).toEqual([422, "request_invalid"])
  expect(body.errors.map((each: { pointer: string }) => each.pointer)).toContain(pointer)
})

it("an unknown workspace is 404; who is no operator sets none, its own neither", async () => {
  expect((await patch({}, "nowhere")).body.code).toBe("not_found")
  for (const key of [other.key, await hub.keyFor("editor")]) expect((await patch({}, other.id, key)).status).toBe(403)
})
