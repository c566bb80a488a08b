import { describe, expect, test } from "vitest"
import { ExactNumber } from "../../src/core/values.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const seen: { url: string; body: string }[] = []
const far = use(() =>
  listenHttp(async (request, response) => {
    seen.push({ url: request.url ?? "", body: Buffer.concat(await request.toArray()).toString() })
    response.writeHead(200, { "content-type": "application/json" }).end("{}")
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

let made = 0
async function call(config: object, body: object): Promise<{ status: number; body: { body?: string; url?: string; errors?: unknown } }> {
  const created = await hub.call("POST", "/v1/connectors", { name: `c${++made}`, type: "http", config: { url: far.url, method: "POST", ...config } })
  expect(created.status, JSON.stringify(created.body)).toBe(201)
  return hub.call("POST", `/v1/connectors/${created.body.id}/call`, body)
}

const LONG = "7615917337495251231"
const id = new ExactNumber(LONG)
const exact = [
  "9007199254740993",
  "-9223372036854775808",
  "12345678901234567890123456789012345678",
  "0.12345678901234567890123",
  "1e400",
  "1.00000000000000000001",
]

describe("a number that does not fit a double arrives as it was written", () => {
  test.each(exact)("in a body: %s", async (digits) => {
    const number = new ExactNumber(digits)
    const { status } = await call({ body: [{ name: "id" }, { name: "deep" }] }, { input: { id: number, deep: { list: [number, 1.5] } } })
    expect([status, seen.at(-1)?.body]).toEqual([200, `{"id":${digits},"deep":{"list":[${digits},1.5]}}`])
  })

  test("in a query, in a form, in headers and in a template", async () => {
    await call({ parameters: [{ name: "id" }] }, { input: { id } })
    expect(seen.at(-1)?.url).toBe(`/?id=${LONG}`)
    await call({ headers: [{ name: "content-type", value: "application/x-www-form-urlencoded" }], body: [{ name: "id" }] }, { input: { id } })
    expect(seen.at(-1)?.body).toBe(`id=${LONG}`)
    await call({ url: `${far.url}/things/{{ id }}`, bodyTemplate: '{"id": {{ id }}, "all": {{ ids | tojson }}}' }, { input: { id, ids: [id] } })
    expect(seen.at(-1)).toEqual({ url: `/things/${LONG}`, body: `{"id": ${LONG}, "all": [${LONG}]}` })
  })

  test("in a dry run, which shows the request that would be sent", async () => {
    const { body } = await call({ body: [{ name: "id" }] }, { input: { id }, dryRun: true })
    expect(body.body).toBe(`{"id":${LONG}}`)
  })
})

describe("a request body with such numbers", () => {
  test("is rejected if the field needs a number with fewer digits", async () => {
    const { status, body } = await call({}, { input: {}, timeoutMs: id })
    expect([status, body.errors]).toEqual([422, [{ pointer: "/timeoutMs", message: "must be integer, with fewer digits." }]])
  })

  test.each([
    ['{"input":{"id":12345678901234567890,"__proto__":{"a":1}}}', 400],
    [`{"input":{"id":${"[".repeat(5_000)}1e5${"]".repeat(5_000)}}}`, 422],
    [`\uFEFF{"input":{"id":12345678901234567890}}`, 200],
    ['{"input":{"id":12345678901234567890}', 400],
  ])("is parsed by the same rules as any other body: %.40s", async (text, status) => {
    const created = await hub.call("POST", "/v1/connectors", {
      name: `c${++made}`,
      type: "http",
      config: { url: far.url, method: "POST", body: [{ name: "id" }] },
    })
    const headers = { authorization: `Bearer ${hub.key}`, "content-type": "application/json" }
    const answer = await fetch(`${hub.url}/v1/connectors/${created.body.id}/call`, { method: "POST", headers, body: text })
    expect(answer.status, await answer.text()).toBe(status)
  })
})
