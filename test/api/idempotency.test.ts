import { createHash } from "node:crypto"
import { sql } from "kysely"
import { describe, expect, it } from "vitest"
import { canonical } from "../../src/core/audit-chain.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { operationsIn } from "../support/openapi.ts"
import { use } from "../support/use.ts"

let calls = 0
let respond: (send: (status: number) => void) => void = (send) => send(200)

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const far = use(() =>
  listenHttp((_request, response) => {
    calls++
    respond((status) => response.writeHead(status, { "content-type": "application/json" }).end('{"n":1}'))
  }),
)

let numbers = 0
const fresh = (): string => `key-${++numbers}`
const post = (path: string, body: unknown, key: string, options: { readonly key?: string; readonly headers?: Record<string, string> } = {}) =>
  hub.call("POST", path, body, { ...options, headers: { "idempotency-key": key, ...options.headers } })
const http = (name: string) => ({ name, type: "http", config: { url: "https://api.example.com/" } })
const counted = async (q: string) => (await hub.call("GET", `/v1/connectors?q=${q}`)).body.total as number
/** Leaves the state of a process that has crashed: a claim that is not renewed, with or without a committed outcome. */
const abandon = (key: string, outcome: boolean) =>
  hub.served.hub.store.asHub(async () => {
    const { workspace } = (await hub.call("GET", "/v1/me")).body
    await hub.served.hub.store.inWorkspace(workspace.id, (tx) =>
      sql`update idempotency_keys set status = null, ciphertext = null, leased_until = now() - interval '1 second',
        outcome = ${outcome ? '[{"action":"connector.create","target":{"kind":"connector","id":"1","name":"n"}}]' : null} where key = ${key}`.execute(tx),
    )
  })

describe("the same key and the same request", () => {
  it("return the first answer again: status, body, Location and ETag", async () => {
    const key = fresh()
    const first = await post("/v1/connectors", http("one"), key)
    const again = await post("/v1/connectors", { config: { url: "https://api.example.com/" }, type: "http", name: "one" }, key)
    expect([first.status, first.headers.get("idempotency-replayed")]).toEqual([201, null])
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"])
    expect(again.text).toBe(first.text)
    for (const name of ["location", "etag", "content-type"]) expect(again.headers.get(name), name).toBe(first.headers.get(name))
    expect(await counted("one")).toBe(1)
  })
  it("create one connector with 50 concurrent requests", async () => {
    const key = fresh()
    const answers = await Promise.all(Array.from({ length: 50 }, () => post("/v1/connectors", http("fifty"), key)))
    const made = answers.filter(({ status }) => status === 201)
    expect(made.length).toBeGreaterThanOrEqual(1)
    expect(new Set(made.map(({ text }) => text)).size).toBe(1)
    for (const { status, body, headers } of answers.filter((each) => each.status !== 201))
      expect([status, body.code, headers.get("retry-after")]).toEqual([409, "idempotency_running", "1"])
    expect(answers.filter(({ status, headers }) => status === 201 && headers.get("idempotency-replayed") === null)).toHaveLength(1)
    expect(await counted("fifty")).toBe(1)
  })
  it("repeat an error of the operation, but not an error of the request's form", async () => {
    const key = fresh()
    expect((await post("/v1/connectors", { name: "form" }, key)).status).toBe(422)
    const refused = await post("/v1/connectors", http("one"), key)
    expect([refused.status, refused.body.code]).toEqual([409, "name_taken"])
    const again = await post("/v1/connectors", http("one"), key)
    expect([again.text, again.headers.get("content-type"), again.headers.get("idempotency-replayed")]).toEqual([
      refused.text,
      refused.headers.get("content-type"),
      "true",
    ])
  })
  it("show a key that is shown only once again when repeated, and store it nowhere in plain text", async () => {
    const key = fresh()
    const { body } = await post("/v1/keys", { name: "app", role: "viewer" }, key)
    expect((await post("/v1/keys", { name: "app", role: "viewer" }, key)).body.key).toBe(body.key)
    const { id } = (await hub.call("GET", "/v1/me")).body.workspace
    const rows = await hub.served.hub.store.inWorkspace(id, (tx) => sql`select i.*, i::text as whole from idempotency_keys i`.execute(tx))
    expect(rows.rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows.rows)).not.toContain(body.key)
    expect((await hub.call("GET", "/v1/keys?limit=100")).body.data.filter((each: { name: string }) => each.name === "app")).toHaveLength(1)
  })
})

describe("a different request", () => {
  it("with another body or path and the same key is rejected", async () => {
    const key = fresh()
    await post("/v1/connectors", http("mismatch"), key)
    for (const [path, body] of [
      ["/v1/connectors", http("mismatch-2")],
      ["/v1/keys", { name: "k", role: "viewer" }],
    ] as const) {
      const answer = await post(path, body, key)
      expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([422, "idempotency_mismatch", "/headers/idempotency-key"])
    }
    expect(await counted("mismatch")).toBe(1)
  })
  it("is stored as a keyed hash, so that secrets cannot be guessed from it without the hub's key", async () => {
    const body = { name: "keyed", type: "http", config: { url: "https://a.example/", auth: { kind: "bearer", token: "1234" } } }
    expect((await hub.call("POST", "/v1/connectors", body, { headers: { "idempotency-key": "keyed" } })).status).toBe(201)
    const workspace = (await hub.call("GET", "/v1/me")).body.workspace.id as string
    const row = await hub.served.hub.store.inWorkspace(workspace, (tx) =>
      tx.selectFrom("idempotency_keys").select("request").where("workspace_id", "=", workspace).where("key", "=", "keyed").executeTakeFirstOrThrow(),
    )
    const plain = createHash("sha256")
      .update(canonical(["POST", "/v1/connectors", body]))
      .digest("hex")
    expect(row.request.toString("hex")).not.toBe(plain)
    expect((await hub.call("POST", "/v1/connectors", body, { headers: { "idempotency-key": "keyed" } })).headers.get("idempotency-replayed")).toBe("true")
  })

  it("from another caller or workspace may use the same key", async () => {
    const key = fresh()
    const editor = await hub.keyFor("editor")
    const other = await hub.workspace("elsewhere")
    expect((await post("/v1/connectors", http("mine"), key)).status).toBe(201)
    expect((await post("/v1/connectors", http("mine"), key, { key: editor })).status).toBe(409)
    const theirs = await post("/v1/connectors", http("mine"), key, { key: other.key })
    expect([theirs.status, theirs.headers.get("idempotency-replayed")]).toEqual([201, null])
  })
})

describe("temporary failures", () => {
  it("a 502 is not kept: the next request is carried out", async () => {
    await hub.call("POST", "/v1/connectors", { name: "far", type: "http", config: { url: `${far.url}/` } })
    const key = fresh()
    const before = calls
    respond = (send) => send(500)
    expect((await post("/v1/connectors/far/call", {}, key)).status).toBe(502)
    respond = (send) => send(200)
    expect((await post("/v1/connectors/far/call", {}, key)).status).toBe(200)
    const kept = await post("/v1/connectors/far/call", {}, key)
    expect([kept.status, kept.headers.get("idempotency-replayed"), calls - before]).toEqual([200, "true", 2])
  })
  it("a repetition during the first request waits for its answer", async () => {
    const key = fresh()
    let open: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      respond = (send) => {
        open = () => send(200)
        resolve()
      }
    })
    const first = post("/v1/connectors/far/call", {}, key)
    await asked
    const second = await post("/v1/connectors/far/call", {}, key)
    expect([second.status, second.body.code, second.headers.get("retry-after")]).toEqual([409, "idempotency_running", "1"])
    open?.()
    respond = (send) => send(200)
    expect((await first).status).toBe(200)
    expect((await post("/v1/connectors/far/call", {}, key)).headers.get("idempotency-replayed")).toBe("true")
  })
})

describe("after a crash", () => {
  it("a committed change is not made again, and the answer names it", async () => {
    const key = fresh()
    await post("/v1/connectors", http("crashed"), key)
    await abandon(key, true)
    const { status, body } = await post("/v1/connectors", http("crashed"), key)
    expect([status, body.code, body.done]).toEqual([
      409,
      "idempotency_unknown",
      [{ action: "connector.create", target: { kind: "connector", id: "1", name: "n" } }],
    ])
  })
  it("a change that was not committed is made", async () => {
    const key = fresh()
    await post("/v1/keys", { name: "again", role: "viewer" }, key)
    await abandon(key, false)
    const { status, headers } = await post("/v1/keys", { name: "again", role: "viewer" }, key)
    expect([status, headers.get("idempotency-replayed")]).toEqual([201, null])
  })
  it("a call that may have been sent is not sent again", async () => {
    const key = fresh()
    await post("/v1/connectors/far/call", {}, key)
    const before = calls
    await abandon(key, false)
    const { status, body } = await post("/v1/connectors/far/call", {}, key)
    expect([status, body.code, body.done, calls]).toEqual([409, "idempotency_unknown", null, before])
  })
  it("an expired key counts as a new one, and is deleted", async () => {
    const key = fresh()
    await post("/v1/keys", { name: "old", role: "viewer" }, key)
    const { id } = (await hub.call("GET", "/v1/me")).body.workspace
    const { store, idempotency } = hub.served.hub
    const age = () => store.inWorkspace(id, (tx) => sql`update idempotency_keys set expires_at = now() - interval '1 second' where key = ${key}`.execute(tx))
    await age()
    expect((await post("/v1/keys", { name: "other", role: "viewer" }, key)).status).toBe(201)
    await age()
    await idempotency.sweep()
    const left = await store.inWorkspace(id, (tx) => sql`select from idempotency_keys where key = ${key}`.execute(tx))
    expect(left.rows).toHaveLength(0)
    expect((await store.inWorkspace(id, (tx) => sql`select from idempotency_keys`.execute(tx))).rows.length).toBeGreaterThan(0)
  })
})

describe("bad keys", () => {
  it.each(["", " ", "x".repeat(256), "sch\u00fcssel"])("%s is rejected", async (key) => {
    const { status, body } = await post("/v1/keys", { name: "bad", role: "viewer" }, key)
    expect([status, body.errors?.[0].pointer]).toEqual([422, "/headers/idempotency-key"])
  })
  it.each(["application/x-ndjson", "text/csv"])("a stream accepts no key: %s", async (accept) => {
    const { status, body } = await post("/v1/connectors/none/query", { statement: "select 1" }, fresh(), { headers: { accept } })
    expect([status, body.errors[0].message]).toEqual([422, expect.stringContaining("streamed")])
  })
  it("a login accepts no key, and its answer is never kept", async () => {
    const answer = await post("/v1/sessions", { email: "a@b.example", password: "x" }, fresh())
    expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([401, null])
  })
  it("the header is in the description of exactly the POST operations that accept it", async () => {
    const operations = operationsIn((await hub.call("GET", "/openapi.json")).body)
    const taking = (path: string): boolean =>
      operations.some((each) => each.method === "POST" && each.path === path && each.parameters.some(({ name }) => name === "idempotency-key"))
    expect([taking("/v1/connectors"), taking("/v1/connectors/{id}/query"), taking("/v1/keys"), taking("/v1/sessions")]).toEqual([true, true, true, false])
  })
})

it("a kept answer is not returned for a connector that is no longer in the caller's scope", async () => {
  const { body: mine } = await hub.call("POST", "/v1/connectors", { ...http("scoped"), config: { url: `${far.url}/` }, labels: { team: "mine" } })
  const { key } = (await hub.call("POST", "/v1/keys", { name: "limited", role: "use", labels: ["team:mine"] })).body
  const [byName, byId] = [fresh(), fresh()]
  const called = () => Promise.all([post("/v1/connectors/scoped/call", {}, byName, { key }), post(`/v1/connectors/${mine.id}/call`, {}, byId, { key })])
  expect((await called()).map(({ status }) => status)).toEqual([200, 200])
  expect((await called()).map(({ headers }) => headers.get("idempotency-replayed"))).toEqual(["true", "true"])
  await hub.call("PATCH", "/v1/connectors/scoped", { labels: { team: "theirs" } })
  expect((await called()).map(({ status, body }) => [status, body.code])).toEqual([
    [404, "not_found"],
    [404, "not_found"],
  ])
})
