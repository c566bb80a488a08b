import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { keyPair } from "../../fixtures/snowflake.ts"
import { type SnowflakeStandIn, startSnowflake } from "../../fixtures/snowflake-server.ts"
import { startHub, type TestHub } from "../../support/hub.ts"
import { closedPort } from "../../support/loopback.ts"
import { ROOT } from "./start.ts"

const HOST = "xy12345.us-east-1.snowflakecomputing.com"
const AWAY = "zz99999.us-east-1.snowflakecomputing.com"
const TOKEN = "a-programmatic-access-token"
const OAUTH = "an-oauth-access-token"
const PASSPHRASE = "a-passphrase-of-a-key"
const KEYS = keyPair(PASSPHRASE)
let account: SnowflakeStandIn
let hub: TestHub
let count = 0

beforeAll(async () => {
  account = await startSnowflake({
    hosts: [HOST],
    claim: "XY12345",
    database: "ANALYTICS",
    users: [{ name: "SVC_KAIREON", accessTokens: [TOKEN], oauthTokens: [OAUTH], publicKeys: [KEYS.publicKey], roles: ["ANALYST"], warehouse: "COMPUTE_WH" }],
    warehouses: { COMPUTE_WH: ["ANALYST"] },
  })
  const closed = await closedPort()
  const standIns = new Map([
    [`${HOST}:443`, { host: "127.0.0.1", port: account.port }],
    [`${AWAY}:443`, { host: "127.0.0.1", port: closed }],
  ])
  const allow = `127.0.0.1/32:${account.port},127.0.0.1/32:${closed}`
  hub = await startHub({ JACKFIELD_EGRESS_ALLOW: allow }, { door: { standIns, extraCa: account.ca } })
})
afterAll(async () => {
  await hub?.stop()
  await account?.[Symbol.asyncDispose]()
})

const CONFIG = { account: "xy12345.us-east-1", warehouse: "COMPUTE_WH", database: "ANALYTICS" }
const tested = async (config: object, authConfig: object) => {
  const made = await hub.call("POST", ROOT, { name: `snowflake ${++count}`, type: "snowflake", config, authConfig })
  expect(made.status, made.text).toBe(201)
  return (await hub.call("POST", `${ROOT}/test`, { id: made.body.id })).body
}

describe("snowflake", () => {
  it.each([
    ["password", TOKEN, "a-***en"],
    ["token", TOKEN, "a-***en"],
    ["accessToken", OAUTH, "an***en"],
  ])("logs in with %s", async (key, value, mask) => {
    const { status, lastError, authConfig } = await tested(CONFIG, { username: "svc_kaireon", [key]: value })
    expect([status, lastError, authConfig]).toEqual(["active", null, { username: "sv***on", [key]: mask }])
  })

  it("logs in with a key pair", async () => {
    const { status, lastError, authConfig } = await tested(CONFIG, { username: "svc_kaireon", privateKey: KEYS.encrypted, passphrase: PASSPHRASE })
    expect([status, lastError]).toEqual(["active", null])
    expect(authConfig).toEqual({ username: "sv***on", privateKey: "--***-\n", passphrase: "a-***ey" })
  })

  it.each([
    [{ username: "svc_kaireon", password: "a-wrong-token" }, "refused"],
    [{ password: TOKEN }, "User is required"],
    [{ username: "svc_kaireon" }, "Login is required"],
  ])("is in error with %j", async (authConfig, message) => {
    expect(await tested(CONFIG, authConfig)).toMatchObject({ status: "error", lastError: expect.stringContaining(message) })
  })

  it.each(["account", "warehouse", "database"])("is in error without its required %s, and nothing is sent", async (field) => {
    const before = account.requests.length
    const { status, lastError } = await tested({ ...CONFIG, [field]: undefined }, { username: "svc_kaireon", password: TOKEN })
    expect([status, lastError]).toEqual(["error", expect.stringContaining(`config.${field} is required.`)])
    expect(account.requests.length).toBe(before)
  })

  it("without credentials, the connection decides", async () => {
    const before = account.requests.length
    expect((await tested(CONFIG, {})).status).toBe("active")
    expect((await tested({ ...CONFIG, account: "zz99999.us-east-1" }, {})).status).toBe("error")
    expect(account.requests.length, "it connects and sends no request").toBe(before)
  })

  it("two kinds of login at once are rejected", async () => {
    const answer = await hub.call("POST", ROOT, {
      name: "two",
      type: "snowflake",
      config: CONFIG,
      authConfig: { username: "u", password: "p", accessToken: "t" },
    })
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining("authConfig has both password and accessToken")])
  })
})
