import { beforeAll, describe, expect, test } from "vitest"
import type { Remedy } from "../../src/core/remedies.ts"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const PASSWORD = "reader-hunter2"
const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
let tenant: string

beforeAll(async () => {
  tenant = (await hub.workspace("tenant")).key
  await database.query(
    `create role "re-ader" login password '${PASSWORD}'; create table hidden (a int); create table seen (a int); grant select on seen to "re-ader"`,
  )
  await make("shop", {})
})

const config = (more: object) => ({
  host: database.host,
  port: database.port,
  database: "postgres",
  user: "re-ader",
  password: PASSWORD,
  tls: { kind: "off" },
  ...more,
})
const make = async (name: string, more: object, key = hub.key): Promise<void> => {
  expect((await hub.call("POST", "/v1/connectors", { name, type: "postgres", config: config(more) }, { key })).status).toBe(201)
}
const kinds = (remedies: readonly Remedy[] | undefined): string[] => (remedies ?? []).map(({ kind, pointer }) => `${kind} ${pointer ?? ""}`.trim())
const failedStage = ({ body }: Answer) => body.stages.find(({ status }: { status: string }) => status === "failed")

describe("a failed test", () => {
  test.each([
    ["a wrong password", { password: "wrong-hunter3" }, ["enter_secret /password", "set_field /user"]],
    ["a closed port", { port: 9 }, ["set_field /host", "set_field /port"]],
    ["a server without TLS", { tls: { kind: "verify" } }, ["set_field /tls/kind"]],
    ["a missing database", { database: "nowhere" }, ["set_field /database"]],
  ])("for %s has its remedies at the failed stage, in the error and in the stored result", async (what, more, wanted) => {
    const name = what.replaceAll(" ", "-").toLowerCase()
    await make(name, more)
    const tested = await hub.call("POST", `/v1/connectors/${name}/test`, {})
    expect([kinds(failedStage(tested).remedies), kinds(tested.body.error.remedies)]).toEqual([wanted, wanted])
    const stored = (await hub.call("GET", `/v1/connectors/${name}`)).body.lastTest
    expect(kinds(stored.error.remedies)).toEqual(wanted)
    // Users who are not operators do not see the cause of a failed connection, and so no fields.
    const others = (await hub.call("GET", `/v1/connectors/${name}`, undefined, { key: await hub.keyFor("viewer") })).body.lastTest
    expect(kinds(others.error.remedies)).toEqual(what === "a closed port" ? ["ask_operator"] : wanted)
    expect(kinds(stored.stages.at(-1).remedies)).toEqual(kinds(stored.error.remedies))
  })

  test("has them for an unsaved config, and for a connector that is verified before it is stored", async () => {
    const unsaved = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: config({ password: "wrong-hunter3" }) })
    expect(kinds(failedStage(unsaved).remedies)).toEqual(["enter_secret /password", "set_field /user"])
    const refused = await hub.call("POST", "/v1/connectors", { name: "never", type: "postgres", config: config({ password: "wrong-hunter3" }), verify: true })
    expect([refused.body.code, kinds(refused.body.report.error.remedies)]).toEqual(["verification_failed", ["enter_secret /password", "set_field /user"]])
  })
})

describe("a denied destination", () => {
  test("is reported to an operator with a rule, and the rule allows the destination", async () => {
    await make("private", { host: "10.255.255.1" })
    const denied = await hub.call("POST", "/v1/connectors/private/test", {})
    const [remedy] = failedStage(denied).remedies
    expect(remedy).toMatchObject({
      kind: "egress_rule",
      rule: `10.255.255.1/32:${database.port}`,
      command: `jackfield egress allow 10.255.255.1/32:${database.port}`,
    })
    expect((await hub.call("POST", "/v1/egress", { rule: remedy.rule })).status).toBe(201)
    expect((await hub.call("POST", "/v1/connectors/private/test", { timeoutMs: 500 })).body.error.code).not.toBe("egress_denied")
  })

  test.each(["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "255.255.255.255"])(
    "that is never allowed (%s) is reported without a rule and without advice to allow it",
    async (host) => {
      const denied = await hub.call("POST", "/v1/connectors/test", { type: "postgres", config: config({ host }) })
      expect(denied.body.error.code).toBe("egress_denied")
      expect(kinds(denied.body.error.remedies)).toEqual(["set_field /host", "set_field /port"])
      expect(denied.text).not.toContain("egress allow")
    },
  )

  test("looks like a closed port to all other users, including its remedies", async () => {
    const errors = []
    for (const [index, host] of ["10.255.255.9", "169.254.169.254", "127.0.0.1"].entries()) {
      await make(`theirs-${index}`, { host, port: 9 }, tenant)
      const { body } = await hub.call("POST", `/v1/connectors/theirs-${index}/test`, {}, { key: tenant })
      const stored = (await hub.call("GET", `/v1/connectors/theirs-${index}`, undefined, { key: tenant })).body.lastTest
      errors.push([body.error.remedies, stored.error.remedies])
    }
    expect(new Set(errors.map((each) => JSON.stringify(each))).size).toBe(1)
    expect(kinds(errors[0]?.[0])).toEqual(["ask_operator", "set_field /host", "set_field /port"])
  })
})

describe("a rejected request", () => {
  test("for a query has the GRANT that would help, and a failed stream has it in its last line", async () => {
    const grant = 'GRANT SELECT ON "public"."hidden" TO "re-ader"'
    const refused = await hub.call("POST", "/v1/connectors/shop/query", { statement: "select * from hidden" })
    expect([refused.body.code, refused.body.remedies[0].sql]).toEqual(["permission_denied", grant])
    expect(refused.body.detail).toContain(`run ${grant}.`)
    const rows = await hub.call("GET", '/v1/connectors/shop/rows?stream=["public","hidden"]')
    expect(rows.body.remedies[0].sql).toBe(grant)
  })

  test("for a discovery that skips streams has the GRANT in the catalog and in the list of skipped streams", async () => {
    const { body } = await hub.call("POST", "/v1/connectors/shop/discover", {})
    expect(body.skipped[0].remedies[0]).toMatchObject({ kind: "sql", sql: 'GRANT SELECT ON "public"."hidden" TO "re-ader"' })
    expect((await hub.call("GET", "/v1/connectors/shop/catalog/skipped")).body.data[0].remedies).toEqual(body.skipped[0].remedies)
  })

  test("names the request and the command that help, with the connector's name", async () => {
    await make("fresh", {})
    const catalog = await hub.call("GET", "/v1/connectors/fresh/catalog")
    expect(catalog.body.remedies).toEqual([
      {
        kind: "request",
        title: expect.any(String),
        method: "POST",
        path: "/v1/connectors/fresh/discover",
        command: "jackfield connectors catalog fresh --refresh",
      },
    ])
    const gone = await hub.call("GET", '/v1/connectors/fresh/rows?stream=["public","nothing"]')
    expect(gone.body.remedies[0]).toMatchObject({ kind: "request", command: "jackfield connectors catalog fresh --refresh" })
    const none = await hub.call("GET", "/v1/connectors/nobody")
    expect([none.body.detail.includes("GET /"), none.body.remedies[0].command]).toEqual([false, "jackfield connectors list"])
    await hub.call("POST", "/v1/connectors", { name: "draft", type: "postgres", config: {}, draft: true })
    expect(kinds((await hub.call("POST", "/v1/connectors/draft/query", { statement: "select 1" })).body.remedies)).toEqual([
      "set_field /host",
      "set_field /user",
    ])
    await hub.call("PATCH", "/v1/connectors/fresh", { enabled: false })
    expect((await hub.call("POST", "/v1/connectors/fresh/query", { statement: "select 1" })).body.remedies[0].command).toBe(
      "jackfield connectors change fresh --enable",
    )
  })

  test("never repeats a secret", async () => {
    const answers = [
      await hub.call("POST", "/v1/connectors/a-wrong-password/query", { statement: "select 1" }),
      await hub.call("GET", "/v1/connectors/a-wrong-password"),
    ]
    for (const { text } of answers) expect(text).not.toMatch(/hunter/)
  })
})
