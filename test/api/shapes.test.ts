import { expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub())

it("a created object is found at the Location in its answer", async () => {
  const { key } = await hub.workspace("located")
  const first = await hub.call("POST", "/v1/keys", { name: "located", role: "viewer" }, { key })
  for (const made of [
    first,
    await hub.call("POST", `/v1/keys/${first.body.id}/rotate`, {}, { key }),
    await hub.call("POST", "/v1/users", { email: "loc@example.com", role: "viewer" }, { key }),
    await hub.call("POST", "/v1/workspaces", { name: "also-located" }),
  ]) {
    const there = await hub.call("GET", made.headers.get("location") ?? "/nowhere", undefined, made.body.plan === undefined ? { key } : {})
    expect([made.status, there.status, there.body.id]).toEqual([201, 200, made.body.id])
  }
})

it("lists of rules and types have a cursor and a total", async () => {
  for (const path of ["/v1/egress", "/v1/connector-types"]) {
    const { body } = await hub.call("GET", `${path}?limit=1`)
    expect(body).toEqual({ data: expect.any(Array), nextCursor: path.endsWith("types") ? expect.any(String) : null, total: expect.any(Number) })
  }
})
