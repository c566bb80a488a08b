import { beforeAll, describe, expect, it } from "vitest"
import { keyPair } from "../../fixtures/snowflake.ts"
import { startSnowflake } from "../../fixtures/snowflake-server.ts"
import type { Answer } from "../../support/ask.ts"
import { startHub } from "../../support/hub.ts"
import { use } from "../../support/use.ts"
import { errorOf } from "./start.ts"

const HOST = "your-account.snowflakecomputing.com"
const TOKEN = "a-programmatic-access-token"
const KEYS = keyPair("unused-passphrase")

const account = use(() =>
  startSnowflake({
    hosts: [HOST],
    claim: "YOUR-ACCOUNT",
    database: "ANALYTICS",
    users: [{ name: "SVC", accessTokens: [TOKEN], publicKeys: [KEYS.publicKey], roles: ["ANALYST"], warehouse: "COMPUTE_WH" }],
    warehouses: { COMPUTE_WH: ["ANALYST"] },
  }),
)
beforeAll(async () => {
  await account.sql(
    'CREATE SCHEMA "SALES"; CREATE TABLE "SALES"."ORDERS" ("ID" numeric(38,0)); GRANT USAGE ON SCHEMA "SALES" TO "ANALYST"; GRANT SELECT ON "SALES"."ORDERS" TO "ANALYST"',
  )
})
const hub = use(() =>
  startHub(
    { JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${account.port}` },
    { door: { standIns: new Map([[`${HOST}:443`, { host: "127.0.0.1", port: account.port }]]), extraCa: account.ca } },
  ),
)

const PASSWORD = { credentials: "username/password", password: TOKEN }
const COMMON = { host: HOST, username: "svc", role: "ANALYST", warehouse: "COMPUTE_WH", database: "ANALYTICS", schema: "SALES" }
const create = (name: string, more: object): Promise<Answer> =>
  hub.call("POST", "/databrain/api/v2/datasource", { datasourceType: "snowflake", credentials: { ...COMMON, name, ...more } })

describe("snowflake", () => {
  it.each([
    ["username/password", PASSWORD, "password"],
    ["Key-pair authentication", { credentials: "Key-pair authentication", privateKey: KEYS.plain }, "key_pair"],
  ])("with %s", async (way, more, kind) => {
    const name = `by-${kind.replace("_", "-")}`
    const answer = await create(name, more)
    expect([answer.status, answer.body], way).toEqual([200, { name }])
    expect((await hub.call("GET", `/v1/connectors/${name}`)).body).toMatchObject({
      type: "snowflake",
      status: "active",
      config: { account: HOST, user: "svc", role: "ANALYST", warehouse: "COMPUTE_WH", database: "ANALYTICS", schema: "SALES", auth: { kind } },
    })
    const { streams } = (await hub.call("GET", `/v1/connectors/${name}/catalog`)).body
    expect(streams.map(({ path }: { path: string[] }) => path.join("."))).toContain("ANALYTICS.SALES.ORDERS")
  })

  it.each(["host", "username", "role", "warehouse", "database", "schema", "credentials", "password"])("400 without %s", async (field) => {
    const answer = await create("lacking", { ...PASSWORD, [field]: undefined })
    expect([...errorOf(answer), answer.body.message]).toEqual([400, "INVALID_REQUEST_BODY", true, `credentials.${field} is required.`])
  })

  it("400 without the private key of a key pair, and for an unknown kind of login", async () => {
    const lacking = await create("lacking", { credentials: "Key-pair authentication", password: TOKEN })
    expect(lacking.body.message).toBe("credentials.privateKey is required.")
    const other = await create("other", { credentials: "oauth", password: TOKEN })
    expect([...errorOf(other), other.body.message]).toEqual([
      400,
      "INVALID_REQUEST_BODY",
      true,
      'credentials.credentials must be "username/password" or "Key-pair authentication".',
    ])
  })

  it.each([
    ["a wrong token", { ...PASSWORD, password: "a-wrong-token" }],
    ["a key that the account does not know", { credentials: "Key-pair authentication", privateKey: keyPair("x").plain }],
    ["a missing warehouse", { ...PASSWORD, warehouse: "NO_WH" }],
  ])("400 CREDENTIAL_TEST_FAILED for %s, and nothing is stored", async (_, more) => {
    expect(errorOf(await create("failing", more))).toEqual([400, "CREDENTIAL_TEST_FAILED", true])
    expect((await hub.call("GET", "/v1/connectors/failing")).status).toBe(404)
  })
})
