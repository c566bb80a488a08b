import { beforeAll, describe, expect, test } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startHub } from "../support/hub.ts"
import { closedPort, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"

/** A closed but allowed port; the other hosts are denied or unknown. To users who are not operators, all look the same. */
const HOSTS = ["127.0.0.1", "127.0.0.2", "10.0.0.1", "169.254.169.254", "single"]
let tenant: string
let port: number
/** Counts connections at an address that is not allowed. */

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.1/32" }))
beforeAll(async () => {
  tenant = (await hub.workspace("tenant")).key
  port = await closedPort()
})
const victim = use(() => listenRaw(undefined, "127.0.0.2"))

type Config = (host: string, port: number) => Record<string, unknown>
const TYPES: Record<string, Config> = {
  postgres: (host, port) => ({ host, port, user: "me", password: "sample" }),
  http: (host, port) => ({ url: `http://${host}:${port}/` }),
}

/** An answer without the values that differ from call to call: ids, times, and the requested host. */
const shape = ({ status, body }: Answer, host: string): string =>
  JSON.stringify({ status, body }, (key, value: unknown) =>
    /^(id|serial|requestId|instance|durationMs|fingerprint|version|.*At)$/.test(key) ? undefined : value,
  )
    .replaceAll(host, "HOST")
    .replaceAll(/"(name|title)":"probe-\d+"/g, '"$1":"PROBE"')

/** Asserts that the answers for all hosts, requested at the same time, are equal. */
async function expectOne(answers: readonly string[]): Promise<string> {
  expect(new Set(answers).size, answers.join("\n")).toBe(1)
  return answers[0] ?? ""
}

describe("an admin who is not an operator cannot tell a closed, a denied and an unknown host apart", () => {
  for (const [type, config] of Object.entries(TYPES)) {
    test(`${type}: in a test of an unsaved config, and in a create that verifies`, async () => {
      const tests = HOSTS.map(async (host) => shape(await hub.call("POST", "/v1/connectors/test", { type, config: config(host, port) }, { key: tenant }), host))
      expect(await expectOne(await Promise.all(tests))).toContain('"code":"host_unreachable"')
      const creates = HOSTS.map(async (host, index) => {
        const posted = { name: `probe-${index}`, type, config: config(host, port), verify: true }
        return shape(await hub.call("POST", "/v1/connectors", posted, { key: tenant }), host)
      })
      expect(await expectOne(await Promise.all(creates))).toContain("verification_failed")
    })

    test(`${type}: in a stored connector that is tested, shown, discovered, queried and called`, async () => {
      const calls: [string, string, unknown?][] = [
        ["POST", "/test", {}],
        ["GET", ""],
        ["POST", "/discover", {}],
        ["POST", "/query", { statement: "select 1" }],
        ["POST", "/call", { input: {} }],
        ["GET", ""],
      ]
      const ids = await Promise.all(
        HOSTS.map(async (host, index) => {
          const posted = { name: `${type}-probe-${index}`, title: `probe-${index}`, type, config: config(host, port) }
          return (await hub.call("POST", "/v1/connectors", posted, { key: tenant })).body.id as string
        }),
      )
      for (const [method, path, body] of calls) {
        const answers = HOSTS.map(async (host, index) => {
          const answer = await hub.call(method, `/v1/connectors/${ids[index]}${path}`, body, { key: tenant })
          return shape(answer, host).replaceAll(`${type}-probe-${index}`, "PROBE").replaceAll(String(ids[index]), "ID")
        })
        await expectOne(await Promise.all(answers))
      }
    })
  }

  test("and the result of an operator's test is not shown to other users of the workspace", async () => {
    const viewer = await hub.keyFor("viewer")
    const { body } = await hub.call("POST", "/v1/connectors", { name: "inside", type: "http", config: TYPES["http"]?.("127.0.0.2", victim.port) })
    const mine = await hub.call("POST", `/v1/connectors/${body.id}/test`, {})
    expect(mine.body.error).toMatchObject({ code: "egress_denied", stage: "policy" })
    const theirs = await hub.call("GET", `/v1/connectors/${body.id}`, undefined, { key: viewer })
    expect(theirs.status).toBe(200)
    for (const word of ["egress", "policy", "resolve", "loopback address", "allowWith"]) expect(theirs.text).not.toContain(word)
    expect(victim.hits).toBe(0)
  })
})
