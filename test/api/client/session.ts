import createClient from "openapi-fetch"
import type { components, paths } from "../../../src/wire.ts"

// The README's first session, with a client that is generated from /openapi.json. generated-client.test.ts compiles and runs it.

const { HUB = "", KEY = "", PORT = "", USER = "", PASSWORD = "" } = process.env
const hub = createClient<paths, "application/json">({ baseUrl: HUB, headers: { authorization: `Bearer ${KEY}` } })
const say = (fact: string, value: unknown): void => console.log(JSON.stringify([fact, value]))

/** Returns the answer, or throws the problem as an error. */
function must<T>({ data, error }: { data?: T | undefined; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error))
  return data
}

const shop = {
  name: "shop",
  type: "postgres",
  config: { host: "127.0.0.1", port: Number(PORT), database: "postgres", user: USER, password: PASSWORD, tls: { kind: "off" } },
  verify: true,
} as const

const denied = await hub.POST("/v1/connectors", { body: shop })
say("denied", denied.response.status)

const rule = must(await hub.POST("/v1/egress", { body: { rule: `127.0.0.1/32:${PORT}` } }))
say("allowed", rule.source)

const connector = must(await hub.POST("/v1/connectors", { body: shop }))
say("created", [connector.name, connector.status, connector.lastTest?.ok])

const path = { id: connector.name }
const report = must(await hub.POST("/v1/connectors/{id}/test", { params: { path }, body: { timeoutMs: 10_000 } }))
say("tested", [report.ok, report.server?.product, report.stages.map(({ name, status }) => `${name} ${status}`)])

const discovered = must(await hub.POST("/v1/connectors/{id}/discover", { params: { path }, body: {} }))
say("discovered", [discovered.complete, discovered.counts.streams])

const catalog = must(await hub.GET("/v1/connectors/{id}/catalog", { params: { path, query: { search: "unpaid" } } }))
say(
  "catalog",
  catalog.streams.map((stream) => [stream.path.join("."), stream.kind, stream.columns.map(({ name, type }) => `${name} ${type}`)]),
)

const rows = must(await hub.GET("/v1/connectors/{id}/rows", { params: { path, query: { stream: '["public","orders"]', limit: 2 } } }))
say("rows", [rows.rows, rows.truncated])

const body = { statement: "select id, total from unpaid where total > $1 order by id limit 2", params: [30_000] }
const found = must(await hub.POST("/v1/connectors/{id}/query", { params: { path }, body }))
say("query", found.rows)

const csv = await hub.POST("/v1/connectors/{id}/query", { params: { path }, body, headers: { accept: "text/csv" }, parseAs: "text" })
say("csv", csv.data)

const wrong = await hub.GET("/v1/connectors/{id}", { params: { path: { id: "none" } } })
say("absent", wrong.response.status)

const misspelt: components["schemas"]["TypedConfig"] = {
  type: "mysql",
  // @ts-expect-error a MySQL config has no `sslmode`
  config: { host: "db.example.com", user: "reader", sslmode: "off" },
}
say("typed", misspelt.type)
