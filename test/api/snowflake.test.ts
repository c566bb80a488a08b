import { expect, test } from "vitest"
import { formsOf } from "../../src/core/secret-forms.ts"
import { startAccount } from "../fixtures/snowflake.ts"
import { startHub } from "../support/hub.ts"
import { standInCa, standIns } from "../support/stand-ins.ts"
import { use } from "../support/use.ts"

let id = ""

const account = use(() => startAccount())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: `127.0.0.1/32:${account.server.port}` }, { door: { standIns, extraCa: standInCa() ?? "" } }))

test("a Snowflake connector is tested and stored, and shows no secret", async () => {
  const { status, body, text } = await hub.call("POST", "/v1/connectors", { name: "lake", type: "snowflake", config: account.config, verify: true })
  expect([status, body.status]).toEqual([201, "active"])
  expect(body.config.auth).toMatchObject({ kind: "key_pair", privateKey: { set: true }, passphrase: { set: true } })
  expect(text).not.toContain("PRIVATE KEY")
  id = body.id
})

test("its report names every stage, and the host of its account", async () => {
  const { body } = await hub.call("POST", `/v1/connectors/${id}/test`)
  expect(body.stages.map((stage: { name: string }) => stage.name)).toEqual(["config", "resolve", "policy", "connect", "tls", "auth", "permission", "probe"])
  expect(body).toMatchObject({ ok: true, server: { product: "Snowflake", details: { warehouse: "COMPUTE_WH" } } })
})

test("a key that cannot be decrypted is a fault in the config", async () => {
  const config = { ...account.config, auth: { kind: "key_pair", privateKey: account.key.encrypted, passphrase: "wrong" } }
  const { body } = await hub.call("POST", "/v1/connectors/test", { type: "snowflake", config })
  expect(body).toMatchObject({ ok: false, error: { code: "config_invalid", stage: "config", message: expect.stringMatching(/does not open/) } })
})

test.each([
  ["127.0.0.1/x", 422],
  ["evil.example#.snowflakecomputing.com", 422],
  ["https://acme.snowflakecomputing.com", 422],
])("the account %s is rejected with its field", async (name, status) => {
  const answer = await hub.call("POST", "/v1/connectors/test", { type: "snowflake", config: { ...account.config, account: name } })
  expect(answer).toMatchObject({ status, body: { errors: [{ pointer: "/config/account" }] } })
})

test("it is discovered, previewed and queried", async () => {
  const found = await hub.call("POST", `/v1/connectors/${id}/discover`)
  expect(found.body).toMatchObject({ complete: false, skipped: [{ path: ["SHOP", "CONFORMANCE", "BROKEN"] }] })
  const path = encodeURIComponent(JSON.stringify(["SHOP", "CONFORMANCE", "PEOPLE"]))
  const preview = await hub.call("GET", `/v1/connectors/${id}/rows?stream=${path}&limit=2`)
  expect(preview.body).toMatchObject({ truncated: true, rows: [expect.anything(), expect.anything()] })
  const statement = "SELECT COUNT(*) AS MANY, MAX(ID) AS LAST FROM PEOPLE WHERE NAME <> ?"
  const asked = await hub.call("POST", `/v1/connectors/${id}/query`, { statement, params: ["name 1"] })
  expect(asked.body.rows.map(Object.values)).toEqual([["52", "9007199254741043"]])
  const stream = await hub.call("POST", `/v1/connectors/${id}/query`, { statement: "SELECT ID FROM PEOPLE" }, { headers: { accept: "application/x-ndjson" } })
  expect(stream.text.trim().split("\n")).toHaveLength(53)
  const refused = await hub.call("POST", `/v1/connectors/${id}/query`, { statement: "DROP TABLE PEOPLE" })
  expect(refused).toMatchObject({ status: 422, body: { code: "query_invalid" } })
})

test("the log has neither the key nor its passphrase in any form", () => {
  const log = hub.log()
  const auth = account.config["auth"] as { privateKey: string; passphrase: string }
  for (const secret of [auth.privateKey, auth.passphrase]) for (const form of formsOf(secret)) expect(log.includes(form)).toBe(false)
  expect(log).not.toMatch(/eyJ[\w-]{20,}\./)
})
