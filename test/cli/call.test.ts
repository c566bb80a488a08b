import { beforeAll, describe, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { jackfieldAt, json, problem } from "../support/jackfield.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

let fails = 0
const far = use(() =>
  listenHttp(async (request, response) => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString()
    response.writeHead(fails-- > 0 ? 503 : 200, { "content-type": "application/json" }).end(JSON.stringify({ url: request.url, body }))
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
const run = jackfieldAt(hub)
beforeAll(async () => {
  const config = {
    ...{ url: `${far.url}/users/{{ id }}`, method: "PUT", bodyTemplate: '{"n": {{ n }}}' },
    auth: { kind: "bearer", token: "call-canary" },
  }
  expect((await hub.call("POST", "/v1/connectors", { name: "api", type: "http", config })).status).toBe(201)
})

test("call accepts inputs as text, as JSON or from a file, and prints the number of requests", async () => {
  fails = 1
  const ran = await run(["connectors", "call", "api", "--input", "-", "--set", "id=a/b", "--set-json", "n=[1]"], { stdin: '{"id": "x", "n": 2}' })
  expect([ran.code, json(ran)]).toEqual([0, { url: "/users/a%2Fb", body: '{"n": [1]}' }])
  expect(ran.stderr).toMatch(/2 requests, retried after 503/)
  const whole = json(await run(["connectors", "call", "api", "--set", "id=1", "--set", "n=2", "--json"]))
  expect(whole).toMatchObject({ output: { body: '{"n": "2"}' }, requests: 1, retries: [] })
})

test("a dry run sends nothing and hides the token; inputs are listed; faults are reported", async () => {
  const dry = json(await run(["connectors", "call", "api", "--set", "id=1", "--set", "n=2", "--dry-run"]))
  expect(dry).toMatchObject({ method: "PUT", url: expect.stringMatching(/\/users\/1$/), headers: { authorization: "Bearer [secret]" } })
  expect((await run(["connectors", "inputs", "api"])).stdout).toMatch(/id +url +required\s+n +body +required/)
  const lacking = await run(["connectors", "call", "api", "--json"])
  expect([lacking.code, problem(lacking).errors?.map(({ pointer }) => pointer)]).toEqual([1, ["/input/id", "/input/n"]])
  for (const wrong of [
    ["--set", "id"],
    ["--set-json", "n={"],
    ["--input", "-"],
    ["--timeout", "9999"],
  ])
    expect((await run(["connectors", "call", "api", ...wrong])).code).toBe(2)
})

describe("call --ndjson", () => {
  let failsAt = 0
  const pages = use(() =>
    listenHttp((request, response) => {
      const page = Number(new URL(request.url ?? "/", "http://x").searchParams.get("page"))
      const records = page > 3 ? [] : [{ id: page }]
      response.writeHead(page === failsAt ? 500 : 200, { "content-type": "application/json" }).end(JSON.stringify(records))
    }),
  )
  beforeAll(async () => {
    const config = { url: pages.url, paging: { kind: "page", parameter: "page" }, retries: 0 }
    expect((await hub.call("POST", "/v1/connectors", { name: "paged", type: "http", config })).status).toBe(201)
  })

  test("prints one record per line, and fails after the received records if a page fails", async () => {
    const ran = await run(["connectors", "call", "paged", "--ndjson"])
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, '{"id":1}\n{"id":2}\n{"id":3}\n', ""])
    failsAt = 3
    const broken = await run(["connectors", "call", "paged", "--ndjson"])
    expect([broken.code, broken.stdout]).toEqual([1, '{"id":1}\n{"id":2}\n'])
    expect(broken.stderr).toContain("answers 500")
    failsAt = 1
    expect(await run(["connectors", "call", "paged", "--ndjson"])).toMatchObject({ code: 1, stdout: "" })
    expect((await run(["connectors", "call", "paged", "--ndjson", "--json"])).code).toBe(2)
  })
})
