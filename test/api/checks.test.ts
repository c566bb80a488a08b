import { expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { startReceiver } from "../support/webhook-receiver.ts"

let webhook: string
let asked = 0
let status = 200

const database = use(() => startTestDatabase())
const receiver = use(() => startReceiver())
const system = use(() =>
  listenHttp((_request, response) => {
    asked++
    response.writeHead(status).end("{}")
  }),
)
const api = use(() => startHub({ ...nodeOn(database), JACKFIELD_ROLE: "api" }))
for (const role of ["worker", "all"]) use(() => startHub({ ...nodeOn(database), JACKFIELD_ROLE: role }))

const call = (method: string, path: string, body?: unknown, key = api.key) => api.call(method, `/v1${path}`, body, { key })
/** Makes the next check of a connector due now. */
const due = async (id: string): Promise<void> => {
  await database.query("update jackfield.health_checks set next_at = now() where connector_id = $1", [id])
}
const checked = async (name: string, times: number) =>
  (
    await until(
      10_000,
      () => call("GET", `/connectors/${name}/checks`),
      ({ body }) => body.total >= times,
    )
  ).body
const make = async (name: string, target = `${system.url}/`): Promise<string> => {
  const { body } = await call("POST", "/connectors", { name, type: "http", config: { url: target, auth: { kind: "bearer", token: "a-token" } } })
  return body.id as string
}

it("workers check a scheduled connector once, and its history is kept", async () => {
  const id = await make("steady")
  const { status, body } = await call("PUT", "/connectors/steady/check", { everyMs: 60_000, timeoutMs: 2_000 })
  expect([status, body]).toMatchObject([200, { connector: { id, name: "steady" }, everyMs: 60_000, timeoutMs: 2_000, state: "unknown", stopped: null }])
  const before = asked
  await due(id)
  const history = await checked("steady", 1)
  expect(history).toMatchObject({ total: 1, data: [{ state: "up", changed: true, report: { ok: true } }] })
  expect(asked - before).toBe(1)
  const { body: shown } = await call("GET", "/connectors/steady/check")
  expect(shown).toMatchObject({ state: "up", failures: 0 })
  const wait = new Date(shown.nextCheckAt).getTime() - Date.now()
  expect(wait).toBeGreaterThan(50_000)
  expect(wait).toBeLessThan(67_000)
  expect((await call("GET", "/connectors/steady")).body).toMatchObject({ status: "active", lastTest: { ok: true } })
})

it("webhooks receive each change of state, signed, and nothing in between", async () => {
  const made = await call("POST", "/webhooks", { url: receiver.url, events: ["connector.state_changed"] })
  expect(made.status).toBe(201)
  webhook = made.body.id
  receiver.secret = made.body.signingSecret
  const id = await make("shaky")
  await call("PUT", "/connectors/shaky/check", { everyMs: 60_000 })
  for (const [index, next] of [200, 500, 500, 500, 200].entries()) {
    status = next
    await due(id)
    await checked("shaky", index + 1)
  }
  const states = (await checked("shaky", 5)).data.map((each: { state: string; changed: boolean }) => [each.state, each.changed])
  expect(states.reverse()).toEqual([
    ["up", true],
    ["up", false],
    ["down", true],
    ["down", false],
    ["up", true],
  ])
  await until(
    10_000,
    async () => receiver.received.length,
    (count) => count >= 3,
  )
  const told = receiver.received.map(({ body, verified }) => [verified, JSON.parse(body)])
  expect(told).toMatchObject([
    ["yes", { type: "connector.state_changed", data: { connector: { id, name: "shaky" }, from: "unknown", to: "up", report: { ok: true } } }],
    ["yes", { data: { from: "up", to: "down", report: { ok: false } } }],
    ["yes", { data: { from: "down", to: "up" } }],
  ])
  const { body } = await until(
    10_000,
    () => call("GET", `/webhooks/${webhook}/deliveries`),
    ({ body: shown }) => shown.data[0]?.state === "delivered",
  )
  expect(body).toMatchObject({ total: 3, data: [{ state: "delivered", attempts: 1, lastStatus: 204 }, {}, {}] })
})

it("metrics name connectors only to callers who may see them", async () => {
  const open = await api.call("GET", "/metrics", undefined, { key: null })
  expect(open.text).toContain("# TYPE jackfield_checks_total counter")
  expect(open.text).not.toMatch(/steady|shaky/)
  expect((await api.call("GET", "/v1/metrics", undefined, { key: null })).status).toBe(401)
  const { status, text } = await call("GET", "/metrics", undefined, await api.keyFor("viewer"))
  expect([status, text]).toEqual([200, expect.stringMatching(/^jackfield_connector_up\{connector="steady"\} 1$/m)])
  const other = await api.workspace("nobody")
  expect((await call("GET", "/metrics", undefined, other.key)).text).not.toContain("steady")
})

it("a refused login stops the schedule with the reason, and a new version of the connector is checked again", async () => {
  status = 401
  const id = await make("locked")
  await call("PUT", "/connectors/locked/check", { everyMs: 60_000 })
  await due(id)
  await checked("locked", 1)
  const stopped = (await call("GET", "/connectors/locked/check")).body
  expect(stopped).toMatchObject({ state: "down", nextCheckAt: null, stopped: { code: "auth_failed" } })
  const before = asked
  await due(id)
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  expect(asked).toBe(before)
  status = 200
  await call("PATCH", "/connectors/locked", { config: { url: `${system.url}/other` } })
  await due(id)
  expect((await checked("locked", 2)).data[0]).toMatchObject({ state: "up", connectorVersion: 2 })
  expect((await call("GET", "/connectors/locked/check")).body.stopped).toBeNull()
})
