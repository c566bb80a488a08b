import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { startReceiver } from "../support/webhook-receiver.ts"

const KEY = "the-first-admin-key-of-the-test"
const CONNECTORS = 12
const KILLS = 8

let working = true
let asked = 0
const folders: DataFolder[] = []
const hubs = new Set<HubProcess>()
const env: Record<string, string> = { JACKFIELD_ADMIN_KEY: KEY, JACKFIELD_MASTER_KEY: randomBytes(32).toString("base64") }

const database = use(() => startTestDatabase())
beforeAll(async () => {
  env["DATABASE_URL"] = database.url
})
const receiver = use(() => startReceiver())
const system = use(() =>
  listenHttp((_request, response) => {
    asked++
    response.writeHead(working ? 200 : 500).end("{}")
  }),
)
afterAll(async () => {
  await Promise.all([...hubs].map((hub) => hub.end("SIGKILL")))
  for (const folder of folders) await folder.remove()
})

async function start(role: string): Promise<HubProcess> {
  const folder = makeDataFolder()
  folders.push(folder)
  const hub = startHubProcess(folder.dir, { env: { ...env, JACKFIELD_ROLE: role } })
  hubs.add(hub)
  await hub.ready
  return hub
}
const count = async (statement: string): Promise<number> => Number((await database.query(`select count(*)::int as n from jackfield.${statement}`))[0]?.["n"])
/** Makes every check due, and shortens waits and the leases of killed nodes. */
const hurry = async (): Promise<void> => {
  await database.query("update jackfield.health_checks set next_at = least(next_at, now()), leased_until = least(leased_until, now() + interval '300 ms')")
  await database.query("update jackfield.webhook_deliveries set next_at = least(next_at, now()), leased_until = least(leased_until, now() + interval '300 ms')")
}

test("every change of state reaches the webhook, however often the workers are killed", async () => {
  const api = await start("api")
  const made = await api.call("POST", "/v1/webhooks", { url: receiver.url, events: ["connector.state_changed"] }, { key: KEY })
  receiver.secret = made.body.signingSecret
  // The receiver itself fails now and then.
  receiver.answer = () => (Math.random() < 0.2 ? 503 : 204)
  for (let index = 0; index < CONNECTORS; index++) {
    await api.call("POST", "/v1/connectors", { name: `c${index}`, type: "http", config: { url: `${system.url}/${index}` } }, { key: KEY })
    await api.call("PUT", `/v1/connectors/c${index}/check`, { everyMs: 60_000, timeoutMs: 2_000 }, { key: KEY })
  }
  expect(await count("health_results")).toBe(0)
  let kills = 0
  for (let round = 1; round <= KILLS; round++) {
    const worker = await start("worker")
    working = round % 2 === 0
    // Long enough for most connectors to change, with some changes in progress.
    const goal = asked + CONNECTORS + Math.random() * CONNECTORS
    await until(20_000, hurry, () => asked >= goal)
    await worker.end("SIGKILL")
    hubs.delete(worker)
    kills++
  }
  receiver.answer = () => 204
  const last = await start("worker")
  await last.ready
  const pending = await until(
    60_000,
    async () => {
      await hurry()
      return count("webhook_deliveries where state = 'pending'")
    },
    (left) => left === 0,
  )
  const changes = await count("health_results where changed")
  const events = await database.query("select event_id::text as id from jackfield.webhook_deliveries")
  const arrived = new Set(receiver.received.map(({ headers }) => String(headers["webhook-id"])))
  const lost = events.filter(({ id }) => !arrived.has(String(id)))
  const forged = receiver.received.filter(({ verified }) => verified !== "yes").length
  console.log(`kills ${kills}, changes ${changes}, events ${events.length}, arrivals ${receiver.received.length}, lost ${lost.length}`)
  expect([pending, lost, forged]).toEqual([0, [], 0])
  // The outbox is written with the change: there is exactly one event for each.
  expect(events.length).toBe(changes)
  expect(changes).toBeGreaterThan(CONNECTORS)
  // Each connector's changes alternate, so no change was reported as two events.
  for (let index = 0; index < CONNECTORS; index++) {
    const states = await database.query(
      "select r.state from jackfield.health_results r join jackfield.connectors c on c.id = r.connector_id where c.name = $1 and r.changed order by r.id",
      [`c${index}`],
    )
    states.forEach(({ state }, at) => {
      if (at > 0) expect(state).not.toBe(states[at - 1]?.["state"])
    })
  }
})

test("a killed node's check is taken over", async () => {
  await database.query("delete from jackfield.health_checks where connector_id <> (select id from jackfield.connectors where name = 'c0')")
  for (const hub of [...hubs].slice(1)) {
    await hub.end("SIGKILL")
    hubs.delete(hub)
  }
  // The check was taken by a node that no longer exists, whose lease is still valid for a moment.
  await database.query("update jackfield.health_checks set next_at = now(), leased_by = gen_random_uuid(), leased_until = now() + interval '3 s'")
  const before = await count("health_results")
  await start("worker")
  expect(
    await until(
      15_000,
      () => count("health_results"),
      (now) => now > before,
    ),
  ).toBe(before + 1)
})
