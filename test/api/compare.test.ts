import { randomUUID } from "node:crypto"
import { beforeAll, describe, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const CONFIG = { host: "db.example.com", user: "u", password: "the-first-hunter2" }

const hub = use(() => startHub())
beforeAll(async () => {
  const made = await hub.call("POST", "/v1/connectors", { name: "shop", type: "postgres", labels: { a: "b" }, config: CONFIG })
  expect(made.status).toBe(201)
})

describe("a comparison before a connector is stored", () => {
  test("shows only whether a secret is the same, and stores nothing", async () => {
    const before = (await hub.call("GET", "/v1/connectors/shop")).body
    const wanted = { name: "shop", type: "postgres", config: CONFIG }
    const same = await hub.call("POST", "/v1/connectors/compare", wanted)
    expect(same.body.changes).toEqual([{ pointer: "/labels/a", before: "b" }])
    const other = await hub.call("POST", "/v1/connectors/compare", { ...wanted, config: { password: "the-other-hunter2" } })
    const mask = { set: true, fingerprint: expect.any(String) }
    expect(other.body.changes).toContainEqual({ pointer: "/config/password", before: mask, after: mask })
    expect(same.text + other.text).not.toContain("hunter2")
    expect((await hub.call("GET", "/v1/connectors/shop")).body).toEqual(before)
  })

  test("a missing upload is rejected in the same cases as when the connector is stored", async () => {
    const wanted = (upload: string) => ({ name: "file", type: "csv", config: { source: { kind: "upload", upload } } })
    const upload = async (key = hub.key) =>
      (await hub.call("POST", "/v1/uploads?name=a.csv", "a,b\n1,2\n", { key, headers: { "content-type": "text/csv" } })).body.id
    const [mine, theirs] = [await upload(), await upload((await hub.workspace("uploads")).key)]
    const both = async (named: string) => {
      const stored = await hub.call("POST", "/v1/connectors", wanted(named))
      return [await hub.call("POST", "/v1/connectors/compare", wanted(named)), stored]
    }
    for (const named of [theirs, randomUUID()]) {
      const [compared, refused] = await both(named)
      expect([compared?.status, compared?.body.code, compared?.body.errors]).toEqual([refused?.status, "config_invalid", refused?.body.errors])
      expect(compared?.body.errors[0]).toMatchObject({ pointer: "/config/source/upload", message: expect.stringContaining(named) })
    }
    const [same] = await both(mine)
    expect([same?.status, same?.body.action]).toEqual([200, "none"])
    expect((await hub.call("POST", "/v1/connectors/compare", wanted(theirs))).body.code).toBe("config_invalid")
  })

  test("another workspace's connector with the same name is not compared", async () => {
    const { key } = await hub.workspace("compare")
    const { body } = await hub.call("POST", "/v1/connectors/compare", { name: "shop", type: "http", config: {}, draft: true }, { key })
    expect(body).toMatchObject({ action: "create", id: null, version: null, labels: {} })
  })
})
