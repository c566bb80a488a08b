import { randomBytes } from "node:crypto"
import { afterEach, beforeEach, expect, test } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import type { HubProcess } from "../support/hub-process.ts"
import { hubProcesses } from "../support/hub-processes.ts"
import { type OAuthServer, startOAuthServer } from "../support/oauth-server.ts"
import { use } from "../support/use.ts"

const KEY = "the-first-admin-key-of-the-test"
let provider: OAuthServer
let master: string
let url: string
let count = 0
const hubs = hubProcesses()
const database = use(() => startTestDatabase())
beforeEach(async () => {
  provider = await startOAuthServer()
  master = randomBytes(32).toString("base64")
  await database.query(`create database tokens_${++count}`)
  url = database.url.replace(/\/postgres$/, `/tokens_${count}`)
})
afterEach(async () => {
  await hubs.stop()
  await provider.close()
})

async function hub(): Promise<HubProcess> {
  const started = hubs.start({ env: { DATABASE_URL: url, JACKFIELD_ADMIN_KEY: KEY, JACKFIELD_MASTER_KEY: master } })
  await started.ready
  return started
}

const expire = () =>
  database.query(
    "update jackfield.oauth_tokens set expires_at = now() - interval '1 second', granted_at = now() - interval '1 hour'",
    [],
    url.split("/").at(-1),
  )

/** A connector whose refresh token has been replaced once, and whose access token has expired. */
async function ready(on: HubProcess): Promise<string> {
  const auth = { kind: "oauth2_refresh", tokenUrl: `${provider.url}/token`, clientId: "c", refreshToken: provider.refresh }
  const made = await on.call("POST", "/v1/connectors", { name: "api", type: "http", config: { url: `${provider.url}/api`, auth } }, { key: KEY })
  expect(made.status).toBe(201)
  expect((await on.call("POST", "/v1/connectors/api/call", {}, { key: KEY })).status).toBe(200)
  await expire()
  return made.body.id as string
}
const call = (on: HubProcess) => on.call("POST", "/v1/connectors/api/call", {}, { key: KEY })

type Step = "arrives" | "before" | "called"

/** Sends a call, and kills the hub when the remote system reaches that step. */
async function killAt(step: Step): Promise<void> {
  const victim = await hub()
  await ready(victim)
  const { promise: killed, resolve } = Promise.withResolvers<void>()
  provider.behaviour[step] = async () => {
    provider.behaviour[step] = () => undefined
    await victim.end("SIGKILL")
    resolve()
  }
  await call(victim).catch(() => undefined)
  await killed
}

test("killed during the request, before the provider's decision: the same refresh token is still valid", async () => {
  await killAt("arrives")
  const after = await call(await hub())
  expect([after.status, after.text]).toEqual([200, expect.any(String)])
})

test("killed when the access token is used: the new refresh token is stored", async () => {
  await killAt("called")
  await expire()
  const next = await hub()
  expect((await call(next)).status).toBe(200)
  expect(provider.tokens.map(({ form }) => form.get("refresh_token"))).toEqual([0, 1, 2].map((n) => `refresh-canary-${n}`))
})

test("killed between the provider's answer and the commit: the old refresh token is sent once more, which a provider may allow", async () => {
  provider.behaviour.grace = true
  await killAt("before")
  expect((await call(await hub())).status).toBe(200)
  expect(provider.tokens.map(({ form }) => form.get("refresh_token"))).toEqual([0, 1, 1].map((n) => `refresh-canary-${n}`))
})

test("or the error explains the cause and says to log in again, and the new refresh token then works", async () => {
  await killAt("before")
  const next = await hub()
  const lost = await call(next)
  expect([lost.body.code, lost.body.detail]).toEqual(["auth_failed", expect.stringMatching(/cut off before its answer was stored.*log in again/)])
  provider.refresh = "a-new-login"
  const patch = { config: { auth: { kind: "oauth2_refresh", refreshToken: "a-new-login" } } }
  expect((await next.call("PATCH", "/v1/connectors/api", patch, { key: KEY })).status).toBe(200)
  expect((await call(next)).status).toBe(200)
})

test("a caller on another node waits for a killed node no longer than its lease", async () => {
  const other = await hub()
  await killAt("arrives")
  expect((await call(other)).status).toBe(200)
})

test("the database is unavailable after the provider's answer: the token is stored when the database is back, and then used", async () => {
  const one = await hub()
  await ready(one)
  const name = url.split("/").at(-1) ?? ""
  provider.behaviour.before = async () => {
    provider.behaviour.before = () => undefined
    await database.query(`alter database ${name} allow_connections false`)
    await database.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    setTimeout(() => void database.query(`alter database ${name} allow_connections true`), 3_000)
  }
  await call(one)
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  await expire()
  expect((await call(one)).status).toBe(200)
  expect(provider.tokens.at(-1)?.form.get("refresh_token")).toBe("refresh-canary-2")
})
