import { get } from "node:http"
import { beforeAll, describe, expect, it } from "vitest"
import { use } from "../../support/use.ts"
import { httpDestination, httpSource, MASK, PATH, postgres, snowflake, startSquared } from "./start.ts"

/** The list, and connectors that are created in one API and shown in another (DESIGN §8). */
const native = (method: string, path: string, body?: unknown) => squared.hub.call(method, `/v1/connectors${path}`, body)
const list = (query = "") => squared.call("GET", `${PATH}${query}`)
const seen = async (name: string) => (await list("?per_page=1000")).body.data.find((each: { attributes: { name: string } }) => each.attributes.name === name)

const squared = use(() => startSquared())
beforeAll(async () => {
  for (let number = 1; number <= 12; number++) expect((await squared.create({ name: `source ${number}` })).status).toBe(201)
  await squared.create({ name: "hook", connector_type: "destination", connector_name: "Http", configuration: httpDestination })
  await squared.create({ name: "pages", connector_name: "Http", configuration: httpSource })
  await squared.create({ name: "snow", connector_name: "Snowflake", configuration: snowflake })
  // AI Squared has no definition for that type on this side.
  const config = { account: "a-b", user: "u", auth: { kind: "token", token: "t0ken" } }
  expect((await native("POST", "", { name: "unnamed", type: "snowflake", purpose: "destination", config })).status).toBe(201)
})

const names = (answer: Awaited<ReturnType<typeof list>>): string[] => answer.body.data.map((each: { attributes: { name: string } }) => each.attributes.name)

describe("the list", () => {
  it("has ten connectors on a page, most recently changed first, and links to the other pages", async () => {
    const first = await list()
    expect(names(first)).toEqual(["snow", "pages", "hook", ...[12, 11, 10, 9, 8, 7, 6].map((number) => `source ${number}`)])
    const link = (page: number) => `${squared.hub.url}/aisquared${PATH}?page=${page}&per_page=10`
    expect(first.body.links).toEqual({ self: link(1), first: link(1), prev: null, next: link(2), last: link(2) })
    const second = await fetch(first.body.links.next, { headers: { authorization: `Bearer ${squared.token}` } })
    const body = (await second.json()) as { data: unknown[]; links: Record<string, string> }
    expect([body.data.length, body.links["prev"], body.links["next"]]).toEqual([5, link(1), null])
    expect((await list("?page=3")).body).toMatchObject({ data: [], links: { prev: link(2), next: null } })
  })

  it("accepts a type in any case and per_page, and keeps the caller's query in its links", async () => {
    expect(names(await list("?type=Destination"))).toEqual(["hook"])
    expect(names(await list("?type=SOURCE&per_page=1000"))).toHaveLength(14)
    const page = await list("?type=source&per_page=5&page=3")
    expect(names(page)).toHaveLength(4)
    expect(page.body.links.prev).toBe(`${squared.hub.url}/aisquared${PATH}?type=source&per_page=5&page=2`)
    expect((await list("?category=data")).body.data).toHaveLength(10)
    expect((await list("?category=ai_ml")).body.data).toEqual([])
    expect(names(await list("?sub_category=Database&per_page=1"))).toEqual(["snow"])
    expect(names(await list("?sub_category=database&type=destination"))).toEqual([])
    expect(names(await list("?sub_category=vector"))).toEqual([])
  })

  it.each([
    ["type=both", { type: ["invalid type"] }],
    ["type=source&type=destination", { type: ["invalid type"] }],
    ["sub_category=x", { sub_category: ["invalid sub_category"] }],
    ["category=x", { category: ["invalid category"] }],
    ["page=0", { page: ["must be greater than 0"] }],
    ["page=x", { page: ["must be an integer"] }],
    ["per_page=1001", { per_page: ["must be less than or equal to 1000"] }],
    ["per_page=-1&page=1.5", { page: ["must be an integer"], per_page: ["must be greater than 0"] }],
  ])("400 for ?%s", async (query, errors) => {
    const { status, body } = await list(`?${query}`)
    expect([status, body]).toEqual([400, { errors }])
  })

  it("does not count connectors that AI Squared has no definition for", async () => {
    expect(await seen("unnamed")).toBeUndefined()
    const { serial } = (await native("GET", "/unnamed")).body
    expect((await squared.call("GET", `${PATH}/${serial}`)).status).toBe(404)
    expect((await list("?per_page=15")).body.links.last).toMatch(/[?&]page=1$/)
  })
})

describe("at the root of a separate host", () => {
  it("links and icons work too", async () => {
    const { body } = await new Promise<{ body: string }>((resolve, reject) => {
      const headers = { host: "squared.example", authorization: `Bearer ${squared.token}` }
      get(`${squared.hub.url}${PATH}?per_page=1`, { headers }, (response) => {
        let text = ""
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on("end", () => resolve({ body: text }))
      }).on("error", reject)
    })
    const { data, links } = JSON.parse(body)
    expect(data[0].attributes.icon).toMatch(/^http:\/\/squared\.example\/icons\/\w+\.svg$/)
    expect(links.self).toBe(`http://squared.example${PATH}?per_page=1&page=1`)
  })
})

describe("created in the native API, shown here", () => {
  const make = async (name: string, type: string, config: object, more: object = {}) => {
    const { status, body, text } = await native("POST", "", { name, type, config, ...more })
    expect(status, text).toBe(201)
    return body
  }

  it("a connector that can be queried is a source, with its own TLS settings", async () => {
    await make("native-pg", "postgres", { host: "db.example.com", user: "u", password: "passw0rd", tls: { kind: "off" } }, { title: "Native PG" })
    const { attributes } = await seen("Native PG")
    expect(attributes).toMatchObject({ connector_type: "source", connector_name: "Postgresql", description: null })
    expect(attributes.configuration).toEqual({
      ...{ data_type: "structured", schema: "public", host: "db.example.com", port: "5432", database: "u", sslmode: "disable" },
      credentials: { auth_type: "username/password", username: "u", password: MASK },
    })
  })

  it("another connector is a destination, and a change here keeps the values that AI Squared cannot express", async () => {
    const auth = { kind: "bearer", token: "t0ken-value" }
    const made = await make("native-http", "http", {
      url: "https://api.example.com/x",
      method: "PATCH",
      auth,
      headers: [{ name: "Accept", value: "text/csv" }],
    })
    const { id, attributes } = await seen("native-http")
    expect([attributes.connector_type, attributes.connector_name]).toEqual(["destination", "Http"])
    expect(attributes.configuration).toEqual({ destination_url: "https://api.example.com/x", headers: { Accept: "text/csv" } })
    const configuration = { ...attributes.configuration, destination_url: "https://api.example.com/y" }
    expect((await squared.call("PUT", `${PATH}/${id}`, { connector: { configuration } })).status).toBe(200)
    const { body } = await native("GET", `/${made.id}`)
    expect(body.config).toMatchObject({ url: "https://api.example.com/y", method: "PATCH", auth: made.config.auth })
  })

  it("the key pair of a Snowflake connector is kept when its mask is sent back", async () => {
    const privateKey = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"
    const made = await make("native-snow", "snowflake", {
      account: "a-b",
      user: "u",
      auth: { kind: "key_pair", privateKey },
      ...{ role: "R", warehouse: "W", database: "D" },
    })
    const { id, attributes } = await seen("native-snow")
    expect(attributes.configuration.credentials).toEqual({ auth_type: "username/password", username: "u", password: MASK })
    expect((await squared.call("PUT", `${PATH}/${id}`, { connector: { configuration: attributes.configuration } })).status).toBe(200)
    expect((await native("GET", `/${made.id}`)).body.config.auth).toEqual(made.config.auth)
  })
})

describe("created here, shown elsewhere", () => {
  it("in the native API, and a change here keeps the TLS settings that were entered there", async () => {
    const { body } = await squared.create({ name: "Here first", configuration: { ...postgres, port: "6432" } })
    const there = (await native("GET", "/here-first")).body
    expect(there).toMatchObject({
      ...{ title: "Here first", type: "postgres", purpose: "source", status: "untested" },
      config: { port: 6432, tls: { kind: "verify" } },
    })
    await native("PATCH", "/here-first", {
      config: { host: "moved.example.com", password: "sent-again", tls: { kind: "verify", servername: "db.example.com" } },
    })
    const { attributes } = (await squared.call("GET", `${PATH}/${body.data.id}`)).body.data
    expect(attributes.configuration).toMatchObject({ host: "moved.example.com", port: "6432", schema: "public", data_type: "structured" })
    await squared.call("PUT", `${PATH}/${body.data.id}`, { connector: { configuration: attributes.configuration } })
    expect((await native("GET", "/here-first")).body.config.tls).toEqual({ kind: "verify", servername: "db.example.com" })
  })

  it("an Http destination in Databar and KaireonAI, a database only in KaireonAI, and their connectors here", async () => {
    const key = { "x-apikey": squared.hub.key }
    const databar = (await squared.hub.call("GET", "/databar/v1/connectors/", undefined, { key: null, headers: key })).body
    const hook = databar.find(({ name }: { name: string }) => name === "hook")
    expect(hook).toMatchObject({ type: "exporter", method: "post", url: httpDestination.destination_url })
    expect(databar.find(({ name }: { name: string }) => name === "source 1")).toBeUndefined()
    const kaireon = (await squared.hub.call("GET", "/kaireon/api/v1/connectors?limit=100")).body.data
    expect(kaireon.find(({ name }: { name: string }) => name === "source 1")).toMatchObject({
      type: "postgresql",
      config: { host: postgres.host, port: 5432, database: "shop" },
    })
    const given = { name: "Scores", method: "post", url: "https://api.example.com/score", headers: [{ name: "X-Key", value: "k3y-value" }] }
    await squared.hub.call("POST", "/databar/v1/connectors/", given, { key: null, headers: key })
    expect((await seen("Scores")).attributes).toMatchObject({
      ...{ connector_type: "destination", connector_name: "Http" },
      configuration: { destination_url: given.url, headers: { "X-Key": MASK } },
    })
    await squared.hub.call("POST", "/kaireon/api/v1/connectors", { name: "Draft", type: "postgresql", config: { host: "db.example.com" } })
    expect((await seen("Draft")).attributes).toMatchObject({ connector_type: "source", configuration: { host: "db.example.com" } })
  })
})
