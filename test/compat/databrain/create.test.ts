import { join } from "node:path"
import pg from "pg"
import { describe, expect, it } from "vitest"
import { PAGE, typesOf } from "../../../src/compat/databrain/types.ts"
import { notBuilt } from "../../../src/compat/mapping.ts"
import { registry } from "../../../src/connectors/index.ts"
import { formsOf } from "../../../src/core/secret-forms.ts"
import { closedPort } from "../../support/loopback.ts"
import { use } from "../../support/use.ts"
import { until } from "../../support/waiting.ts"
import { expectPage, pagesIn } from "../pages.ts"
import { errorOf, startDataBrain } from "./start.ts"

const CANARY = 'c4nary"pass/word+ü'
const databrain = use(() => startDataBrain(CANARY))

const native = async (name: string) => (await databrain.hub.call("GET", `/v1/connectors/${name}`)).body

describe("the page's own requests and answers", () => {
  const pages = pagesIn(join(import.meta.dirname, "pages"))
  it.each(pages)("$name", async (page) => {
    const request = JSON.parse(JSON.stringify(page.request).replace("securepassword", JSON.stringify(CANARY).slice(1, -1))) as typeof page.request
    const answer = await databrain.hub.call(request.method, `/databrain${request.path}`, request.body)
    expectPage(page, answer)
    if (answer.status === 200) expect(answer.body, "`error` is not included when all went well").toEqual({ name: "production-postgres" })
  })
  it("are complete", () => expect(pages).toHaveLength(2))
})

describe("create", () => {
  it("tests, stores and caches the schema before it answers", async () => {
    const answer = await databrain.create("whole")
    expect([answer.status, answer.body]).toEqual([200, { name: "whole" }])
    expect(await native("whole")).toMatchObject({
      name: "whole",
      type: "postgres",
      status: "active",
      config: { host: "127.0.0.1", database: "analytics", user: "dbuser", password: { set: true }, tls: { kind: "off" }, tunnel: { kind: "none" } },
    })
    const { body: catalog } = await databrain.hub.call("GET", "/v1/connectors/whole/catalog")
    expect(catalog.streams.map((stream: { path: string[] }) => stream.path.join("."))).toEqual(expect.arrayContaining(["public.orders"]))
    const { body } = await databrain.call("POST", "/getDatasourceProgress", { datasourceId: "whole" })
    expect(body).toEqual({ status: { progress: `${catalog.counts.total}/${catalog.counts.total}`, error: "" } })
  })

  it("reads a schema that a killed hub left unread when the progress is requested", async () => {
    const { host, port, username, password, database } = databrain.credentials
    const config = { host, port, user: username, password, database, tls: { kind: "off" } }
    expect((await databrain.hub.call("POST", "/v1/connectors", { name: "halfway", type: "postgres", config })).status).toBe(201)
    const progress = async (id: string) => (await databrain.call("POST", "/getDatasourceProgress", { datasourceId: id })).body.status
    expect(await progress("halfway")).toEqual({ progress: "0/...", error: "" })
    await expect.poll(() => progress("halfway"), { timeout: 20_000 }).toEqual({ progress: expect.stringMatching(/^([1-9]\d*)\/\1$/), error: "" })

    const dead = { ...config, port: await closedPort() }
    expect((await databrain.hub.call("POST", "/v1/connectors", { name: "dead", type: "postgres", config: dead })).status).toBe(201)
    await expect.poll(() => progress("dead"), { timeout: 20_000 }).toEqual({ progress: "0/...", error: expect.stringMatching(/./) })
  })

  it.each(["host", "port", "username", "password", "database", "schema", "name"])("400 without %s", async (field) => {
    for (const value of [undefined, null, ""]) {
      const answer = await databrain.create("lacking", { [field]: value })
      expect(errorOf(answer)).toEqual([400, "INVALID_REQUEST_BODY", true])
      expect(answer.body.message).toBe(`credentials.${field} is required.`)
    }
  })

  it.each([
    [{ port: 0 }, "credentials.port must be a whole number from 1 to 65535."],
    [{ port: 65_536 }, "credentials.port must be"],
    [{ port: "5432" }, "credentials.port must be"],
    [{ port: 1.5 }, "credentials.port must be"],
    [{ host: 7 }, "credentials.host must be text."],
    [{ host: "a/b" }, "Host must be"],
    [{ password: {} }, "credentials.password must be text."],
    [{ sslMode: "require" }, "credentials.sslMode must be true or false."],
    [{ sshTunnel: true }, 'credentials.sshTunnel must be "enable" or "disable".'],
    [
      { sshTunnel: "enable" },
      "credentials.sshHost is required. credentials.sshPort is required. credentials.sshUsername is required. credentials.sshPrivateKey is required.",
    ],
    [{ name: "two words" }, "credentials.name must be 1 to 100 letters"],
    [{ name: "x".repeat(101) }, "credentials.name must be"],
    [{ name: 7 }, "credentials.name must be"],
    [{ name: "00000000-0000-4000-8000-000000000000" }, "must not look like an id"],
    [{ username: "x".repeat(64) }, "User must have at most 63 characters"],
  ])("400 for %j", async (more, message) => {
    const answer = await databrain.create("wrong", more)
    expect(errorOf(answer)).toEqual([400, "INVALID_REQUEST_BODY", true])
    expect(answer.body.message).toContain(message)
    expect(await databrain.stored("wrong")).toBe(false)
  })

  it.each([
    [{}, "datasourceType is required; the types are postgres"],
    [{ datasourceType: 7 }, "datasourceType must be text"],
    [{ datasourceType: "Postgres" }, "datasourceType Postgres is unknown"],
    [{ datasourceType: "postgres" }, "credentials is required."],
    [{ datasourceType: "postgres", credentials: "x" }, "credentials must be an object."],
    [{ datasourceType: "postgres", credentials: [] }, "credentials must be an object."],
    [[], "The body must be a JSON object."],
  ])("400 for the body %j", async (body, message) => {
    const answer = await databrain.call("POST", "", body)
    expect(errorOf(answer)).toEqual([400, "INVALID_REQUEST_BODY", true])
    expect(answer.body.message).toContain(message)
  })

  it.each(notBuilt(PAGE, typesOf(registry)))("the page's type %s is rejected by name until it is built", async (datasourceType) => {
    const answer = await databrain.call("POST", "", { datasourceType, credentials: { name: "x" } })
    expect(errorOf(answer)).toEqual([400, "INVALID_REQUEST_BODY", true])
    expect(answer.body.message).toContain(`${datasourceType} is not built yet`)
  })

  it("accepts the smallest and the largest port, and tests them", async () => {
    for (const port of [1, 65_535]) expect(errorOf(await databrain.create("bounds", { port }))).toEqual([400, "CREDENTIAL_TEST_FAILED", true])
  })

  it("400 DATASOURCE_NAME_ERROR for the name of any connector, before any connection", async () => {
    await databrain.hub.call("POST", "/v1/connectors", { name: "taken-natively", type: "http", config: { url: "https://nowhere.example/" } })
    for (const name of ["whole", "taken-natively"]) {
      const answer = await databrain.create(name, { host: "nowhere.example" })
      expect(errorOf(answer)).toEqual([400, "DATASOURCE_NAME_ERROR", true])
    }
    const both = await Promise.all([databrain.create("raced"), databrain.create("raced")])
    expect(both.map((answer) => answer.body.code ?? "made").sort()).toEqual(["DATASOURCE_NAME_ERROR", "made"])
  })

  it.each([
    ["a wrong password", { password: "not-the-password" }],
    ["a closed port", { port: "closed" }],
    ["a forbidden address", { host: "10.0.0.1" }],
    ["an unknown host", { host: "nowhere.example" }],
    ["another database", { database: "no_such_database" }],
    ["TLS with a server that has none", { sslMode: true }],
  ])("400 CREDENTIAL_TEST_FAILED for %s, and nothing is stored", async (_, more) => {
    const given = "port" in more ? { port: await closedPort() } : more
    const answer = await databrain.create("failing", given)
    expect(errorOf(answer)).toEqual([400, "CREDENTIAL_TEST_FAILED", true])
    expect(await databrain.stored("failing")).toBe(false)
  })

  it("no answer, log line or document has the password, in any encoding", async () => {
    const answers = [await databrain.create("canary"), await databrain.create("canary"), await databrain.create("canary-2", { database: CANARY })]
    answers.push(await databrain.create(CANARY), await databrain.create("canary-3", { host: CANARY }))
    answers.push(await databrain.call("POST", "", { datasourceType: CANARY.slice(0, 3), credentials: { password: CANARY } }))
    const { store } = databrain.hub.served.hub
    const workspace = (await databrain.hub.call("GET", "/v1/me")).body.workspace.id
    const rows = await store.inWorkspace(workspace, (tx) => tx.selectFrom("connectors").select(["document"]).execute())
    expect(JSON.stringify(rows)).toContain('"datasourceType":"postgres"')
    for (const form of formsOf(CANARY)) {
      for (const answer of answers) expect(answer.text).not.toContain(form)
      expect(databrain.hub.log()).not.toContain(form)
      expect(JSON.stringify(rows)).not.toContain(form)
    }
  })
})

describe("the schema", () => {
  const QUERY = { user: "postgres" }

  it("500 SCHEMA_CACHE_FAILED if it cannot be read, and nothing is stored", async () => {
    await databrain.database.query("revoke select on pg_catalog.pg_attribute from public", [], "analytics")
    const answer = await databrain.create("unreadable")
    await databrain.database.query("grant select on pg_catalog.pg_attribute to public", [], "analytics")
    expect(errorOf(answer)).toEqual([500, "SCHEMA_CACHE_FAILED", true])
    expect(await databrain.stored("unreadable")).toBe(false)
    expect((await databrain.create("unreadable")).status, "the name is free, and a create works once the schema may be read").toBe(200)
  })

  it("that takes longer than 25 s is answered before it is read, and progress shows the rest", { timeout: 60_000 }, async () => {
    const { host, port, user, password } = databrain.database
    const blocker = new pg.Client({ host, port, user: user || QUERY.user, password, database: "analytics" })
    await blocker.connect()
    await blocker.query("begin; lock table pg_catalog.pg_description in access exclusive mode")
    const answer = await databrain.create("slow")
    const during = await databrain.call("POST", "/getDatasourceProgress", { input: { datasourceId: "slow" } })
    await blocker.end()
    expect([answer.status, answer.body]).toEqual([200, { name: "slow" }])
    expect(during.body).toEqual({ status: { progress: "0/...", error: "" } })
    const progress = async (): Promise<string> =>
      (await databrain.call("POST", "/getDatasourceProgress", { input: { datasourceId: "slow" } })).body.status.progress
    const done = /^([1-9]\d*)\/\1$/
    expect(await until(10_000, progress, (text) => done.test(text))).toMatch(done)
  })
})

describe("progress", () => {
  it.each([
    [{}, [400, "INVALID_REQUEST_BODY", true]],
    [{ datasourceId: 7 }, [400, "INVALID_REQUEST_BODY", true]],
    [{ datasourceId: "nothing-of-that-name" }, [400, "DATASOURCE_ID_ERROR", true]],
  ])("for %j", async (body, expected) => {
    expect(errorOf(await databrain.call("POST", "/getDatasourceProgress", body))).toEqual(expected)
  })
})
