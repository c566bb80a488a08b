import { describe, expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { startDatabar } from "./start.ts"

/** Connectors that are created in one API and shown in another (DESIGN §8). */
const databar = use(() => startDatabar())

const URL = "https://api.example.com/v1/companies"
const native = (method: string, path: string, body?: unknown) => databar.hub.call(method, `/v1/connectors${path}`, body)
let count = 0
const make = async (config: object, more: object = {}) => {
  const { status, body, text } = await native("POST", "", { name: `native-${++count}`, type: "http", config: { url: URL, ...config }, ...more })
  expect(status, text).toBe(201)
  return body
}
const get = (serial: number) => databar.call("GET", `/v1/connectors/${serial}`)

describe("created here, shown in the native API", () => {
  it("as an HTTP connector with title, purpose, limits and separate secrets", async () => {
    const { body: made } = await databar.create({
      name: "My Scoring API",
      type: "exporter",
      method: "patch",
      url: URL,
      headers: [{ name: "Authorization", value: "Bearer sk-xxx" }],
      rate_limit: 60,
      max_concurrency: 5,
    })
    const { body } = await native("GET", "/my-scoring-api")
    expect(body).toMatchObject({
      ...{ serial: made.id, name: "my-scoring-api", title: "My Scoring API", type: "http", purpose: "exporter", status: "untested" },
      limits: { requests: 60, perMs: 60_000, concurrency: 5 },
      config: { url: URL, method: "PATCH", headers: [{ name: "Authorization", value: { set: true } }] },
    })
    expect(JSON.stringify(body)).not.toContain("sk-xxx")
    const { body: twin } = await databar.create({ name: "My Scoring API", method: "get", url: URL })
    expect((await native("GET", "/my-scoring-api-2")).body.serial, "the handle gets a suffix").toBe(twin.id)
  })
})

describe("created in the native API, shown here", () => {
  it("with its displayed name, by its serial number", async () => {
    const { serial } = await make(
      { method: "PUT", headers: [{ name: "Accept", value: "text/csv" }] },
      { title: "Companies", purpose: "destination", limits: { requests: 1, perMs: 2_000 } },
    )
    expect((await get(serial)).body).toEqual({
      ...{ id: serial, name: "Companies", type: "exporter", method: "put", url: URL, headers: [{ name: "Accept", value: "text/csv" }] },
      ...{ parameters: [], body: [], body_template: null, rate_limit: 30, max_concurrency: null, created_at: expect.any(String) },
    })
  })

  it("a database and a connector with DELETE or HEAD are not listed, and 404 by id", async () => {
    const { body: database } = await native("POST", "", { name: "db", type: "postgres", config: { host: "db.example.com", user: "u" } })
    const others = [database, await make({ method: "DELETE" }), await make({ method: "HEAD" })]
    const ids = (await databar.list()).body.map(({ id }: { id: number }) => id)
    for (const { serial } of others) {
      expect(ids).not.toContain(serial)
      expect((await get(serial)).status).toBe(404)
      expect((await databar.call("DELETE", `/v1/connectors/${serial}`)).status).toBe(404)
    }
  })

  it.each([
    [{ kind: "bearer", token: "t0ken-value" }, "headers", "Authorization"],
    [{ kind: "basic", username: "u", password: "passw0rd" }, "headers", "Authorization"],
    [{ kind: "header", name: "X-Key", value: "k3y-value" }, "headers", "X-Key"],
    [{ kind: "query", name: "key", value: "k3y-value" }, "parameters", "key"],
  ] as const)("%o stands as a mask in %s, and is kept when that comes back", async (auth, place, name) => {
    const { id, serial, config } = await make({ auth }, { limits: { requests: 1, perMs: 2_000 } })
    const { body: got } = await get(serial)
    expect(got[place]).toEqual([{ name, value: "********" }])
    const put = await databar.call("PUT", `/v1/connectors/${serial}`, got)
    expect([put.status, put.body]).toEqual([200, got])
    const { body: kept } = await native("GET", `/${id}`)
    expect([kept.config.auth, kept.limits]).toEqual([config.auth, { requests: 1, perMs: 2_000 }])
    await databar.call("PUT", `/v1/connectors/${serial}`, { ...got, [place]: [] })
    expect((await native("GET", `/${id}`)).body.config.auth).toEqual({ kind: "none" })
  })
})

describe("created in KaireonAI's API, shown here", () => {
  it("a rest_api has its key as a masked header, and a change here is shown there", async () => {
    const path = "/kaireon/api/v1/connectors"
    const body = { name: "Kaireon's", type: "rest_api", config: { url: URL, method: "POST" }, authConfig: { apiKey: "k3y-value" } }
    const { body: made } = await databar.hub.call("POST", path, body)
    const seen = (await databar.list()).body.find(({ name }: { name: string }) => name === "Kaireon's")
    expect(seen).toMatchObject({ type: "enrichment", method: "post", url: URL, headers: [{ name: "X-API-Key", value: "********" }] })
    await databar.call("PUT", `/v1/connectors/${seen.id}`, { ...seen, name: "renamed", url: `${URL}/2` })
    const { body: there } = await databar.hub.call("GET", `${path}/${made.id}`)
    expect(there).toMatchObject({ name: "renamed", type: "rest_api", config: { url: `${URL}/2` } })
    const { body: mine } = await databar.create({ name: "Databar's", method: "post", url: URL })
    const { body: list } = await databar.hub.call("GET", `${path}?limit=100`)
    expect(list.data.find(({ name }: { name: string }) => name === "Databar's")).toMatchObject({ type: "rest_api", config: { url: URL, method: "POST" } })
    expect(mine.id).toEqual(expect.any(Number))
  })
})
