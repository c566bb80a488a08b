import { beforeAll, describe, expect, it } from "vitest"
import { formsOf } from "../../src/core/secret-forms.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const FIRST = "c4nary-first"
const SECOND = "c4nary-second"
let config: Record<string, unknown>

const database = use(() => startTestDatabase())
beforeAll(async () => {
  await database.query(`create role app_blue login password '${FIRST}'; create role app_green login password '${SECOND}'`)
})
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.0/8:${database.port}` }))
beforeAll(async () => {
  config = { ...database.config, user: "app_blue", password: FIRST }
})

const path = (name: string, rest = "") => `/v1/connectors/${name}/credentials${rest}`
const create = (name: string, more: object = {}) => hub.call("POST", "/v1/connectors", { name, type: "postgres", config, ...more })
const patch = (name: string, body: object) => hub.call("PATCH", `/v1/connectors/${name}`, body)
const show = async (name: string) => (await hub.call("GET", path(name))).body
const stage = (name: string, given: object, headers: Record<string, string> = {}) => hub.call("PUT", path(name, "/next"), { config: given }, { headers })
const testNext = (name: string) => hub.call("POST", path(name, "/next/test"))
const turn = (name: string, body?: object, headers: Record<string, string> = {}) => hub.call("POST", path(name, "/switch"), body, { headers })
const rollback = (name: string) => hub.call("POST", path(name, "/rollback"))
const userOf = async (name: string) =>
  (await hub.call("POST", `/v1/connectors/${name}/query`, { statement: "select current_user::text as me" })).body.rows?.[0]?.me
const green = { user: "app_green", password: SECOND }

describe("two slots", () => {
  it("the next credentials are staged and tested alongside the current ones, switched, and rolled back", async () => {
    await create("slots")
    const staged = await stage("slots", green)
    expect(staged.body).toMatchObject({
      refusedAt: null,
      current: { config: { user: "app_blue", password: { set: true } }, testedAt: null, ok: null },
      next: { config: { user: "app_green", password: { set: true } }, stagedBy: { name: "first admin key" }, testedAt: null, lastTest: null },
      previous: null,
    })
    expect((await hub.call("GET", "/v1/connectors/slots")).body).toMatchObject({ version: 1, config: { user: "app_blue" } })
    expect(await userOf("slots")).toBe("app_blue")
    const early = await turn("slots")
    expect([early.status, early.body.code]).toEqual([409, "credentials_untested"])
    expect((await testNext("slots")).body).toMatchObject({ ok: true, server: { product: "PostgreSQL" } })
    expect((await hub.call("GET", "/v1/connectors/slots")).body.lastTest, "the test belongs to the staged credentials, not to the connector").toBeNull()
    const switched = await turn("slots")
    expect([switched.status, switched.headers.get("etag")]).toEqual([200, '"2"'])
    expect(switched.body).toMatchObject({ status: "active", lastTest: { ok: true }, config: { user: "app_green", database: "postgres" } })
    expect(await userOf("slots")).toBe("app_green")
    expect(await show("slots")).toMatchObject({ next: null, previous: { version: 1, config: { user: "app_blue", password: { set: true } } } })
    expect((await rollback("slots")).body).toMatchObject({ version: 3, status: "untested", config: { user: "app_blue" } })
    expect(await userOf("slots")).toBe("app_blue")
    expect((await rollback("slots")).body, "a rollback can be undone").toMatchObject({ version: 4, config: { user: "app_green" } })
    expect(await userOf("slots")).toBe("app_green")
    const { data } = (await hub.call("GET", "/v1/connectors/slots/versions")).body
    expect(data.map((each: { kind: string; of: number | null }) => [each.kind, each.of])).toEqual([
      ["rolled_back", 2],
      ["rolled_back", 1],
      ["switched", null],
      ["created", null],
    ])
    expect(data[2].changes).toEqual([
      { pointer: "/config/user", change: "changed", before: "app_blue", after: "app_green" },
      { pointer: "/config/password", change: "changed", secret: true },
    ])
    const shown = [staged.text, JSON.stringify(data), JSON.stringify(await show("slots")), switched.text, hub.log()].join("\n")
    for (const value of [FIRST, SECOND]) for (const form of formsOf(value)) expect(shown.includes(form), form).toBe(false)
  })

  it("credentials that fail their test are switched only by force, and are untested then", async () => {
    await create("forced")
    await stage("forced", { password: "wrong" })
    expect((await testNext("forced")).body).toMatchObject({ ok: false, error: { code: "auth_failed" } })
    expect((await show("forced")).next.lastTest).toMatchObject({ ok: false })
    expect((await turn("forced")).body).toMatchObject({ code: "credentials_untested", detail: expect.stringContaining("failed") })
    expect((await turn("forced", { force: true })).body).toMatchObject({ version: 2, status: "untested", lastTest: null })
    expect((await rollback("forced")).status).toBe(200)
    expect(await userOf("forced")).toBe("app_blue")
  })

  it("a test applies only to what it tested: its result is dropped when credentials are staged again or the config changes", async () => {
    await create("stale")
    await stage("stale", green)
    await testNext("stale")
    await stage("stale", { password: "other" })
    expect((await turn("stale")).body.code).toBe("credentials_untested")
    await stage("stale", green)
    await testNext("stale")
    await patch("stale", { title: "no matter" })
    expect((await show("stale")).next.lastTest).toMatchObject({ ok: true })
    await patch("stale", { config: { database: "template1" } })
    expect((await show("stale")).next).toMatchObject({ lastTest: null, testedAt: null, config: { user: "app_green" } })
    expect((await turn("stale")).body.code).toBe("credentials_untested")
    await testNext("stale")
    expect((await turn("stale")).body.config).toMatchObject({ user: "app_green", database: "template1" })
  })

  it("staged and previous credentials are never sent to a destination that they were not entered for", async () => {
    await create("aimed")
    await stage("aimed", green)
    await patch("aimed", { config: { host: "localhost", password: FIRST } })
    expect((await show("aimed")).next, "staged credentials are deleted if the destination changes").toBeNull()
    await patch("aimed", { config: { host: "127.0.0.1", password: FIRST } })
    await stage("aimed", green)
    await testNext("aimed")
    await turn("aimed")
    await patch("aimed", { config: { host: "localhost", password: SECOND } })
    expect((await show("aimed")).previous).toBeNull()
    expect((await rollback("aimed")).body.code).toBe("credentials_missing")
    const { host, password } = (await hub.call("POST", "/v1/connectors/aimed/versions/1/restore")).body.config
    expect([host, password.set], "a version restores host and password together").toEqual(["127.0.0.1", true])
    expect(await userOf("aimed")).toBe("app_blue")
    const away = await stage("aimed", { password: SECOND, host: "127.0.0.2" })
    expect([away.status, away.body.code, away.body.errors[0].pointer]).toEqual([422, "config_invalid", "/config/host"])
  })

  it("a masked secret in a staged field keeps the connector's value", async () => {
    const headers = (given: object[]) => ({ headers: given })
    const http = {
      url: "https://api.example.com/",
      headers: [
        { name: "X-One", value: "c4nary-one" },
        { name: "X-Two", value: "c4nary-two" },
      ],
    }
    await create("kept", { type: "http", config: http })
    const mask = (await hub.call("GET", "/v1/connectors/kept")).body.config.headers[1].value
    const staged = await stage(
      "kept",
      headers([
        { name: "X-One", value: "c4nary-new" },
        { name: "X-Two", value: mask },
      ]),
    )
    expect(staged.body.next.config.headers.map((each: { value: { set: boolean } }) => each.value.set)).toEqual([true, true])
    expect((await turn("kept", { force: true })).body.config.headers[1].value).toEqual(mask)
    const { data } = (await hub.call("GET", "/v1/connectors/kept/versions")).body
    expect(data[0].changes).toEqual([{ pointer: "/config/headers/X-One/value", change: "changed", secret: true }])
    await rollback("kept")
    const back = await hub.call("POST", "/v1/connectors/kept/call", { input: {}, dryRun: true })
    expect(back.body.headers).toMatchObject({ "x-one": "[secret]", "x-two": "[secret]" })
  })
})

describe("bad input", () => {
  it("fields that are not credentials, empty requests, faults and drafts are rejected", async () => {
    await create("asked")
    for (const [given, pointers] of [
      [{}, undefined],
      [{ database: "x" }, ["/config/database"]],
      [{ port: 1, tls: { kind: "require" }, password: "x" }, ["/config/port", "/config/tls"]],
      [{ nonsense: 1 }, ["/config/nonsense"]],
      [{ password: 7 }, ["/config/password"]],
      [{ user: "" }, ["/config/user"]],
      [{ user: null }, ["/config/user"]],
      [{ password: "a\u0000b" }, ["/config/password"]],
      [{ password: "x".repeat(70_000), user: "x".repeat(64) }, ["/config/user", "/config/password"]],
    ] as const) {
      const { status, body } = await stage("asked", given)
      expect([status, pointers === undefined ? undefined : body.errors.map((each: { pointer: string }) => each.pointer)], JSON.stringify(given)).toEqual([
        422,
        pointers,
      ])
    }
    for (const body of ["{", "[]", '"x"', "{}", '{"config":[]}', '{"config":{"password":"x"},"more":1}'])
      expect((await hub.call("PUT", path("asked", "/next"), body)).status, body).toBeGreaterThanOrEqual(400)
    expect((await show("asked")).next).toBeNull()
    expect((await turn("asked", { force: "yes" })).status).toBe(422)
    for (const answer of [await turn("asked"), await testNext("asked"), await rollback("asked"), await hub.call("DELETE", path("asked", "/next"))])
      expect([answer.status, answer.body.code]).toEqual([409, "credentials_missing"])
    await create("draft", { draft: true, config: { port: 5432 } })
    for (const answer of [await stage("draft", { password: "x" }), await turn("draft"), await rollback("draft")])
      expect([answer.status, answer.body.code]).toEqual([409, "connector_incomplete"])
    await create("off")
    await stage("off", green)
    await patch("off", { enabled: false })
    expect((await testNext("off")).body.code).toBe("connector_disabled")
    expect((await turn("off", { force: true })).body, "a disabled connector stays disabled").toMatchObject({
      status: "disabled",
      config: { user: "app_green" },
    })
  })

  it("strangers, viewers, a stale If-Match and empty slots are rejected", async () => {
    const { body: made } = await create("guarded")
    const viewer = await hub.keyFor("viewer")
    const other = await hub.workspace("credential-strangers")
    const routes = [
      ["GET", "", undefined],
      ["PUT", "/next", { config: green }],
      ["POST", "/next/test", undefined],
      ["POST", "/switch", { force: true }],
      ["POST", "/rollback", undefined],
      ["DELETE", "/next", undefined],
    ] as const
    for (const [method, rest, body] of routes) {
      expect((await hub.call(method, path(made.id, rest), body, { key: other.key })).status, rest).toBe(404)
      expect((await hub.call(method, path("nobody", rest), body)).status, rest).toBe(404)
      expect((await hub.call(method, path("guarded", rest), body, { key: viewer })).status, rest).toBe(method === "GET" ? 200 : 403)
    }
    expect((await stage("guarded", green, { "if-match": '"9"' })).status).toBe(412)
    await stage("guarded", green, { "if-match": '"1"' })
    expect((await turn("guarded", { force: true }, { "if-match": '"9"' })).status).toBe(412)
    const answers = await Promise.all([1, 2, 3].map(() => turn("guarded", { force: true })))
    expect(answers.map((each) => each.status).sort(), "one of three switches finds staged credentials").toEqual([200, 409, 409])
    expect((await hub.call("GET", "/v1/connectors/guarded")).body.version).toBe(2)
  })

  it("a staged secret that cannot be opened is reported as unreadable, and the connector still works", async () => {
    const { body: made } = await create("torn")
    await stage("torn", green)
    const { id } = (await hub.call("GET", "/v1/me")).body.workspace
    await hub.served.hub.store.inWorkspace(id, (tx) =>
      tx.updateTable("connector_secrets").set({ ciphertext: "broken" }).where("connector_id", "=", made.id).where("state", "=", "staged").execute(),
    )
    for (const answer of [await testNext("torn"), await turn("torn", { force: true })]) expect(answer.body.code).toBe("secret_unreadable")
    expect(await userOf("torn")).toBe("app_blue")
    expect((await hub.call("DELETE", path("torn", "/next"))).status).toBe(204)
    const left = await hub.served.hub.store.inWorkspace(id, (tx) =>
      tx.selectFrom("connector_secrets").select("state").where("connector_id", "=", made.id).execute(),
    )
    expect(left).toEqual([{ state: "current" }])
  })
})
