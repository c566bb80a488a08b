import { beforeAll, describe, expect, it } from "vitest"
import { hubActor } from "../../src/hub/audit/audit.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const CANARY = "canary-5f1e0c77"

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query(`create role app login password '${CANARY}'; create table public.orders (id int)`)
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${database.port}` }))
beforeAll(async () => {
  const config = { ...database.config, user: "app", password: CANARY }
  await hub.call("POST", "/v1/connectors", { name: "db", type: "postgres", config })
})

interface Seen {
  readonly seq: number
  readonly at: string
  readonly action: string
  readonly target: { readonly name: string }
  readonly details: Readonly<Record<string, unknown>>
}
const list = async (query: string): Promise<{ readonly data: Seen[]; readonly nextCursor: string | null; readonly total: number }> =>
  (await hub.call("GET", `/v1/audit?${query}`)).body

describe("reads are recorded", () => {
  it("queries with a fingerprint, without literals or parameters", async () => {
    const run = (statement: string, headers: Record<string, string> = {}) =>
      hub.call("POST", "/v1/connectors/db/query", { statement, ...(statement.includes("$1") ? { params: [CANARY] } : {}) }, { headers })
    await run(`select '${CANARY}' as secret`)
    await run(`select '${CANARY}' as secret`, { accept: "application/x-ndjson" })
    await run("select $1::text as other")
    expect((await run("select nonsense from")).status).toBe(422)
    const { data } = await list("action=query.run")
    const prints = data.map((each) => each.details["fingerprint"])
    expect([data.length, prints[2] === prints[3], prints[1] === prints[2]]).toEqual([4, true, false])
    for (const each of data) expect(each).toMatchObject({ target: { kind: "connector", name: "db" }, details: { length: expect.any(Number) } })
  })
  it("previews with their path, and tests with their result", async () => {
    await hub.call("GET", '/v1/connectors/db/rows?stream=["public","orders"]')
    expect((await list("action=query.preview")).data[0]?.details).toEqual({ path: ["public", "orders"] })
    expect((await hub.call("POST", "/v1/connectors/db/test", {})).body.ok).toBe(true)
    await hub.call("POST", "/v1/connectors/test", { type: "http", config: { url: "http://127.0.0.1:1/" } })
    await expect
      .poll(async () => (await list("action=connector.test")).data.map(({ target, details }) => [target.name, details["ok"]]))
      .toEqual([
        ["http", false],
        ["db", true],
      ])
  })
  it("concurrent queries each with an entry in one chain", async () => {
    const before = (await list("action=query.run")).total
    const answers = await Promise.all(Array.from({ length: 50 }, () => hub.call("POST", "/v1/connectors/db/query", { statement: "select 1" })))
    // Queries beyond the number that a workspace may have open at once were not run.
    const made = answers.filter(({ status }) => status === 200).length
    expect(made).toBeGreaterThan(10)
    expect((await list("action=query.run")).total - before).toBe(made)
    expect((await hub.call("GET", "/v1/audit/verify")).body).toMatchObject({ ok: true })
  })
  it("changes to connectors, uploads, webhooks, schedules, rules and keys are recorded with their actor", async () => {
    await hub.call("PATCH", "/v1/connectors/db", { title: "Orders" })
    const { body: hook } = await hub.call("POST", "/v1/webhooks", { url: `https://hooks.example.com/${CANARY}`, events: ["catalog.changed"] })
    await hub.call("DELETE", `/v1/webhooks/${hook.id}`)
    const { body: file } = await hub.call("POST", "/v1/uploads?name=a.csv", "a,b\n1,2\n", { headers: { "content-type": "text/csv" } })
    await hub.call("DELETE", `/v1/uploads/${file.id}`)
    await hub.call("PUT", "/v1/connectors/db/check", { everyMs: 3_600_000 })
    await hub.call("DELETE", "/v1/connectors/db/check")
    await hub.call("PUT", "/v1/connectors/db/credentials/next", { config: { password: CANARY } })
    await hub.call("POST", "/v1/connectors/db/credentials/next/test", {})
    expect((await hub.call("POST", "/v1/connectors/db/discover", {})).status).toBe(200)
    await hub.call("POST", "/v1/connectors", { name: "api", type: "http", config: { url: "http://127.0.0.1:1/" } })
    await hub.call("DELETE", "/v1/connectors/api")
    const { body: rule } = await hub.call("POST", "/v1/egress", { rule: "10.0.0.0/8:5432", note: "why" })
    await hub.call("DELETE", `/v1/egress/${rule.id}`)
    await hub.call("POST", "/v1/keys", { name: "k", role: "viewer" })
    const actions = new Set((await list("limit=100")).data.map((each) => each.action))
    for (const action of [
      ...["connector.create", "connector.update", "connector.remove", "credentials.stage", "credentials.test", "catalog.discover", "webhook.create"],
      ...["webhook.remove", "upload.create", "upload.remove", "check.schedule", "check.remove", "egress.allow", "egress.deny", "key.create", "query.run"],
    ])
      expect(actions, action).toContain(action)
    expect((await list("action=workspace.create")).total).toBe(1)
    const [newest] = (await list("action=key.create&limit=1")).data
    expect(newest).toMatchObject({
      actor: { kind: "key", name: "first admin key" },
      role: "admin",
      remoteAddress: "127.0.0.1",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })
  it("the audit contains no secret in any form", async () => {
    const { text } = await hub.call("GET", "/v1/audit/export")
    for (const form of [CANARY, Buffer.from(CANARY).toString("base64"), Buffer.from(CANARY).toString("hex")]) expect(text).not.toContain(form)
  })
})

describe("the list", () => {
  it("is paged, newest first, without gaps", async () => {
    const seen: number[] = []
    let cursor = ""
    for (let page = 0; page < 100; page++) {
      const { data, nextCursor, total } = await list(`limit=7${cursor}`)
      seen.push(...data.map((each) => each.seq))
      if (nextCursor === null) {
        expect(seen).toEqual(Array.from({ length: total }, (_, index) => total - index))
        return
      }
      cursor = `&cursor=${nextCursor}`
    }
    throw new Error("the list has no end")
  })
  it("is filtered by actor, action, target and time", async () => {
    const all = (await list("limit=100")).data
    const db = all.filter((each) => each.target?.name === "db")
    expect((await list("target=db")).total).toBe(db.length)
    expect((await list("actor=hub")).data.map((each) => each.action)).toEqual(["workspace.create"])
    expect((await list("action=connector.*")).data.every((each) => each.action.startsWith("connector."))).toBe(true)
    expect((await list("action=connector")).total).toBe(0)
    const middle = all[3]?.at ?? ""
    const [from, to] = [(await list(`from=${middle}`)).total, (await list(`to=${middle}`)).total]
    expect(from + to).toBe((await list("limit=1")).total)
    expect(from).toBeGreaterThanOrEqual(4)
  })
  it("is only for admins", async () => {
    const editor = await hub.keyFor("editor")
    for (const path of ["/v1/audit", "/v1/audit/verify", "/v1/audit/export"]) expect((await hub.call("GET", path, undefined, { key: editor })).status).toBe(403)
  })
})

it("a change to the chain in the database is detected through the API, with the entry", async () => {
  const { store } = hub.served.hub
  const other = await hub.workspace("tampered")
  const { sql } = await import("kysely")
  await expect(store.inWorkspace(other.id, (tx) => sql`update audit_entries set body = '{}'`.execute(tx))).rejects.toThrow(/permission denied/)
  expect((await hub.call("GET", "/v1/audit/verify", undefined, { key: other.key })).body).toMatchObject({ ok: true, entries: 1 })
  const wrong = "0".repeat(64)
  const answer = await hub.call("GET", `/v1/audit/verify?seq=1&hash=${wrong}`, undefined, { key: other.key })
  expect([answer.status, answer.body.broken]).toEqual([200, { seq: 1, reason: "entry 1 has another hash than the one that was noted." }])
})

it("noted entries are written before the hub stops", async () => {
  const { notes } = hub.served.hub
  const by = hubActor((await hub.call("GET", "/v1/me")).body.workspace.id)
  let written = 0
  for (let count = 0; count < 300; count++) void notes.note(by, async () => ({ action: "query.run" })).then(() => written++)
  await notes.close()
  expect(written).toBe(300)
})
