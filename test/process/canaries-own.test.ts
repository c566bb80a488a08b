import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cli, type Said } from "../support/cli.ts"
import { type DataFolder, makeDataFolder } from "../support/data-folder.ts"
import { type HubProcess, startHubProcess } from "../support/hub-process.ts"
import { startOAuthServer } from "../support/oauth-server.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"
import { startReceiver } from "../support/webhook-receiver.ts"
import { type FarSide, startFarSide } from "./canaries/far-side.ts"
import { Ledger } from "./canaries/ledger.ts"
import { Search } from "./canaries/search.ts"
import { searchDatabase, searchFiles } from "./canaries/sinks.ts"
import { CANARIES, canaryOf } from "./canaries/values.ts"

const word = (use: string): string => canaryOf(use).replaceAll(/\W/g, "x").padEnd(32, "y").slice(0, 32)
const OWN = {
  "the admin's key": `jf_${word("admin key")}`,
  "the admin's password": canaryOf("admin password"),
  "the master key": word("master key"),
  "a person's password": canaryOf("a person's password"),
  "a wrong password": canaryOf("a wrong password"),
  "a wrong key": `jf_${word("wrong key")}`,
  "a client secret": canaryOf("client secret"),
  "a refresh token": word("refresh token"),
}
const ledger = new Ledger(new Search([...CANARIES, ...Object.entries(OWN).map(([about, value]) => ({ about, value }))]))
/** Adds a secret that the hub has created and shown once to those that are searched for. */
const fromNowOn = (about: string, value: string): string => {
  expect(value.length, about).toBeGreaterThan(8)
  ledger.search.add([{ about, value }])
  return value
}

let data: DataFolder
let hub: HubProcess
let far: FarSide
let folder: string
const key = OWN["the admin's key"]
const call = (action: string, method: string, path: string, body?: unknown, options = {}) => ledger.call(action, hub, method, path, body, { key, ...options })
const none = () => expect(ledger.hits.slice(0, 10)).toEqual([])

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "jackfield-canaries-"))
  data = makeDataFolder()
  far = await startFarSide(CANARIES)
})
const receiver = use(() => startReceiver())
const oauth = use(() => startOAuthServer(OWN["a refresh token"]))
beforeAll(async () => {
  const env = {
    JACKFIELD_LOG: "debug",
    JACKFIELD_ADMIN_KEY: key,
    JACKFIELD_ADMIN_PASSWORD: OWN["the admin's password"],
    JACKFIELD_MASTER_KEY: Buffer.from(OWN["the master key"]).toString("base64"),
  }
  hub = startHubProcess(data.dir, { env })
  await hub.ready
})
afterAll(async () => {
  await hub?.end()
  await data?.remove()
  await far?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe("the hub's own secrets", () => {
  it("of users and keys are shown at most once", async () => {
    const person = { email: "zeisig@example.com", password: OWN["a person's password"] }
    await call("a user", "POST", "/v1/users", { ...person, role: "editor" })
    await call("the same user again", "POST", "/v1/users", { ...person, role: "editor" })
    await call("a user of wrong types", "POST", "/v1/users", { ...person, email: person.password, role: person.password })
    await call("a wrong password", "POST", "/v1/sessions", { ...person, password: OWN["a wrong password"] })
    await call("a password as e-mail", "POST", "/v1/sessions", { email: OWN["a wrong password"], password: person.email })
    const session = await hub.call("POST", "/v1/sessions", person)
    const token = fromNowOn("a session's token", session.body.token as string)
    await call("me by a token", "GET", "/v1/me", undefined, { key: token })
    await call("log out", "DELETE", "/v1/sessions", undefined, { key: token })
    await call("a token that ended", "GET", "/v1/me", undefined, { key: token })
    await call("a wrong key", "GET", "/v1/me", undefined, { key: OWN["a wrong key"] })
    const made = await hub.call("POST", "/v1/keys", { name: "zeisig", role: "editor" }, { key, headers: { "idempotency-key": "zeisig" } })
    const given = fromNowOn("an API key", made.body.key as string)
    await call("me by a key", "GET", "/v1/me", undefined, { key: given })
    await call("a key as x-api-key", "GET", "/v1/connectors", undefined, { headers: { "x-api-key": given } })
    await call("the keys", "GET", "/v1/keys")
    await call("the users", "GET", "/v1/users")
    none()
  })

  it("of OAuth are not shown, although the provider repeats them in its errors", async () => {
    const auth = {
      kind: "oauth2_refresh",
      tokenUrl: `${oauth.url}/token`,
      clientId: "zeisig",
      clientSecret: OWN["a client secret"],
      refreshToken: oauth.refresh,
    }
    await call("an OAuth connector", "POST", "/v1/connectors", { name: "oauth", type: "http", config: { url: `${oauth.url}/api`, auth } })
    expect((await call("call with a token", "POST", "/v1/connectors/oauth/call", { input: {} })).status).toBe(200)
    oauth.revoke()
    await call("call with a spent token", "POST", "/v1/connectors/oauth/call", { input: {} })
    const said = [OWN["a client secret"], OWN["a refresh token"], oauth.refresh].join(" ")
    for (const refuse of [
      { status: 400, body: { error: "invalid_grant", error_description: said } },
      { status: 500, body: said },
      { status: 200, body: { access_token: [said] } },
    ]) {
      oauth.revoke()
      oauth.behaviour.refuse = refuse
      await call("call without a token", "POST", "/v1/connectors/oauth/call", { input: {} })
      await call("test without a token", "POST", "/v1/connectors/oauth/test", {})
    }
    expect(oauth.given.length).toBeGreaterThan(2)
    for (const [index, value] of oauth.given.entries()) fromNowOn(`token ${index} of OAuth`, value)
    none()
  })

  it("of webhooks are shown once, and a webhook's events contain no connector's secret", async () => {
    const events = ["connector.state_changed", "catalog.changed"]
    const made = await hub.call("POST", "/v1/webhooks", { url: receiver.url, events }, { key })
    receiver.secret = made.body.signingSecret as string
    fromNowOn("a webhook's secret", receiver.secret.slice("whsec_".length))
    await call("ping", "POST", `/v1/webhooks/${made.body.id}/ping`)
    for (const [index, { value }] of CANARIES.entries()) {
      const config = { host: "127.0.0.1", port: far.port, user: `u${index}`, password: value, tls: { kind: "off" } }
      await call("a connector", "POST", "/v1/connectors", { name: `checked-${index}`, type: "postgres", config })
      await call("a schedule", "PUT", `/v1/connectors/checked-${index}/check`, { everyMs: 60_000 })
    }
    await until(
      90_000,
      async () => receiver.received.length,
      (count) => count > CANARIES.length,
    )
    expect(receiver.received.length, "each went from unknown to failing").toBeGreaterThan(CANARIES.length)
    for (const { headers, body } of receiver.received) ledger.out("webhook", `${body}${JSON.stringify(headers)}`)
    for (const path of [
      `/v1/webhooks/${made.body.id}/deliveries?limit=100`,
      "/v1/webhooks",
      "/v1/connectors/checked-3/checks",
      "/v1/checks?limit=100",
      "/v1/metrics",
    ])
      expect((await call("read", "GET", path)).status).toBe(200)
    none()
  }, 120_000)
})

describe("the command line", () => {
  const heard = (action: string, said: Said, sink = "command line"): Said => {
    ledger.did(action)
    ledger.out(sink, `${said.stdout}\n${said.stderr}`, action)
    return said
  }

  it("prints no secret, whatever fails", async () => {
    const env = { JACKFIELD_URL: await hub.ready, JACKFIELD_KEY: key, JACKFIELD_DATA: data.dir }
    for (const [index, { value }] of CANARIES.entries()) {
      const config = { host: "127.0.0.1", port: far.port, user: `u${index}`, password: value, tls: { kind: "off" } }
      const add = (action: string, more: string[], stdin = "") =>
        cli(["connectors", "add", "--type", "postgres", "--name", `cli-${index}`, ...more], { ...env, CANARY: value }, stdin).then((said) =>
          heard(action, said),
        )
      await add("add, verified", ["--config", "-", "--verify"], JSON.stringify(config))
      await add("add of broken JSON", ["--config", "-"], `{"password":"${value}`)
      await add("add of wrong types", ["--config", "-", "--json"], JSON.stringify({ ...config, port: value, nothing: value }))
      await add("add a secret that is none", ["--secret-env", "host.name=CANARY"])
      heard("test", await cli(["connectors", "test", `checked-${index}`], env))
      heard("query", await cli(["query", `checked-${index}`, "select 1"], env))
    }
    heard("a wrong key", await cli(["connectors", "list"], { ...env, JACKFIELD_KEY: OWN["a wrong key"] }))
    heard(
      "a URL with a login",
      await cli(["connectors", "list"], { ...env, JACKFIELD_URL: `http://u:${encodeURIComponent(OWN["a wrong password"])}@127.0.0.1:1` }),
    )
    none()
  }, 120_000)

  it("exports and plans without secrets", async () => {
    const env = { JACKFIELD_URL: await hub.ready, JACKFIELD_KEY: key }
    const exported = heard("export", await cli(["export"], env), "export")
    expect([exported.code, exported.stderr.includes("rror")]).toEqual([0, false])
    const file = join(folder, "connectors.yaml")
    writeFileSync(file, exported.stdout)
    const names = [...exported.stdout.matchAll(/\$\{env:([A-Z0-9_]+)\}/g)].map(([, name = ""]) => name)
    expect(names.length).toBeGreaterThan(CANARIES.length)
    // Each connector gets its own secret again, so that the remote system repeats it only there.
    const values = Object.fromEntries(names.map((name) => [name, CANARIES[Number(/\d+/.exec(name)?.[0] ?? 0)]?.value ?? ""]))
    for (const args of [
      ["plan", "-f", file],
      ["apply", "--dry-run", "-f", file, "--json"],
      ["plan", "-f", file, "--take-over"],
    ])
      heard(args.join(" ").replace(file, "file"), await cli(args, { ...env, ...values }), "plan")
    heard("apply", await cli(["apply", "-f", file, "--yes", "--verify", "--take-over"], { ...env, ...values }), "apply")
    writeFileSync(file, exported.stdout.replaceAll(/\$\{env:[A-Z0-9_]+\}/g, JSON.stringify(CANARIES[0]?.value)))
    heard("plan of plain secrets", await cli(["plan", "-f", file], env), "plan")
    none()
  }, 120_000)

  it("and there is no secret in the log, the database, the audit, a backup or a file", async () => {
    const file = join(folder, "hub.backup")
    expect(heard("backup", await cli(["backup", file], { JACKFIELD_DATA: data.dir })).code).toBe(0)
    ledger.out("backup", readFileSync(file))
    for (const path of ["/v1/audit?limit=100", "/v1/audit/export", "/metrics", "/openapi.json"]) expect((await call("read", "GET", path)).status).toBe(200)
    ledger.out("log", hub.stdout() + hub.stderr())
    expect(await searchDatabase(data, ledger)).toBeGreaterThan(12)
    expect(searchFiles(data, ledger)).toBeGreaterThan(100)
    process.stdout.write(
      `\ncanaries: ${CANARIES.length} and ${Object.keys(OWN).length + oauth.given.length + 3} of the hub's own × ${ledger.actions.size} actions × ${ledger.sinks.size} sinks; ${ledger.search.searched} bytes searched; hits ${ledger.hits.length}\n${ledger.summary()}\n`,
    )
    none()
  }, 120_000)
})
