import { beforeAll, expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

/** The requests of a real HTTP server. A connector's limits apply to every use of it, whatever the verb. */
const asked: string[] = []
const pages = use(() =>
  listenHttp((request, response) => {
    asked.push(request.url ?? "")
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page") ?? "1")
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify(page > 3 ? [] : [{ id: page }]))
  }),
)
const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query("create table things (id int primary key); insert into things select generate_series(1, 5)")
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${database.port},127.0.0.1/32:${pages.port}` }))
const add = async (name: string, limits: object | null): Promise<void> => {
  expect((await hub.call("POST", "/v1/connectors", { name, type: "postgres", limits, config: database.config })).status).toBe(201)
}
const query = (name: string, more: object = {}): Promise<Answer> => hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select 1 as one", ...more })

it("a query, a preview and a discovery each count against the rate limit, and a test does not", async () => {
  await add("rated", { requests: 3, perMs: 600_000 })
  expect((await query("rated")).status).toBe(200)
  expect((await hub.call("GET", `/v1/connectors/rated/rows?stream=${encodeURIComponent('["public","things"]')}`)).status).toBe(200)
  expect((await hub.call("POST", "/v1/connectors/rated/discover")).status).toBe(200)
  for (const refused of [
    await query("rated"),
    await hub.call("POST", "/v1/connectors/rated/discover"),
    await hub.call("GET", `/v1/connectors/rated/rows?stream=${encodeURIComponent('["public","things"]')}`),
  ])
    expect([refused.status, refused.body.code, refused.body.retryAfterSeconds > 0]).toEqual([429, "rate_limited", true])
  expect((await hub.call("POST", "/v1/connectors/rated/test")).body.ok).toBe(true)
})

it("only as many queries run at once as the limits allow, and the next one waits", async () => {
  await add("narrow", { concurrency: 1 })
  const open = async (): Promise<number> =>
    (await database.query("select from pg_stat_activity where application_name = 'jackfield' and query like '%pg_sleep%' and state = 'active'")).length
  const running = Array.from({ length: 3 }, () => query("narrow", { statement: "select pg_sleep(0.5)" }))
  let most = 0
  const watch = setInterval(() => void open().then((now) => (most = Math.max(most, now))), 50)
  const answers = await Promise.all(running)
  clearInterval(watch)
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(most).toBe(1)
  expect((await query("narrow")).status).toBe(200)
})

it("each page of an HTTP source's preview counts against the rate limit", async () => {
  const config = { url: `${pages.url}/things`, paging: { kind: "page", parameter: "page", size: 1 } }
  const made = await hub.call("POST", "/v1/connectors", { name: "paged", type: "http", limits: { requests: 2, perMs: 600_000 }, config })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  asked.length = 0
  const refused = await hub.call("GET", `/v1/connectors/paged/rows?limit=100&stream=${encodeURIComponent('["things"]')}`)
  expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"])
  expect(asked).toHaveLength(2)
})
