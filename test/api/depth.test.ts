import { describe, expect, it } from "vitest"
import { startTestDatabase } from "../support/embedded.ts"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const lists = (levels: number) => "[".repeat(levels) + "]".repeat(levels)
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`

const far = use(() =>
  listenHttp((request, response) => {
    const levels = Number(request.url?.slice(1))
    response.setHeader("content-type", levels % 2 === 0 ? "application/json" : "text/plain").end(`{"data":${lists(levels)},"number":1e5}`)
  }),
)
const database = use(() => startTestDatabase())
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

describe("JSON with thousands of nested levels", () => {
  it("is not accepted as a request: 422 on every route, with and without an Idempotency-Key", async () => {
    const requests = (levels: number): [string, string, string][] => [
      ["POST", "/v1/connectors", `{"name":"d","type":"http","config":{"url":"https://a.example/","x":${lists(levels)}}}`],
      ["POST", "/v1/connectors", `{"name":"d","type":"http","config":${objects(levels)}}`],
      ["POST", "/v1/connectors/test", `{"type":"http","config":{"headers":${lists(levels)}}}`],
      ["POST", "/v1/connectors/none/call", `{"input":{"x":${lists(levels)}}}`],
      ["POST", "/v1/connectors/none/query", `{"statement":"select 1","params":[${objects(levels)}]}`],
      ["PATCH", "/v1/connectors/none", `{"config":{"url":${lists(levels)}}}`],
      ["PUT", "/v1/connectors/none/credentials/next", `{"config":{"auth":${objects(levels)}}}`],
      ["POST", "/v1/users", `{"email":${lists(levels)}}`],
    ]
    for (const levels of [201, 5_000, 150_000])
      for (const [method, path, body] of requests(levels))
        for (const headers of [{}, { "idempotency-key": `${levels} ${path} ${body.length}` }]) {
          const answer = await hub.call(method, path, body, { headers })
          expect([path, levels, answer.status, answer.body.code]).toEqual([path, levels, 422, "request_invalid"])
          expect(answer.text.length).toBeLessThan(3_000)
        }
  })

  it("is not accepted as an API's answer", async () => {
    for (const [index, levels] of [6_000, 6_001, 100_000].entries()) {
      const name = `far-${index}`
      await hub.call("POST", "/v1/connectors", { name, type: "http", config: { url: `${far.url}/${levels}`, records: "data" } })
      const answer = await hub.call("POST", `/v1/connectors/${name}/call`, { input: {} })
      expect([levels, answer.status, answer.body.code]).toEqual([levels, 502, "response_invalid"])
    }
  })

  it("is not accepted as a database's value, as JSON or streamed", async () => {
    await hub.call("POST", "/v1/connectors", { name: "rows", type: "postgres", config: database.config })
    const statement = "select (repeat('[', 4000) || repeat(']', 4000))::json as deep"
    const answer = await hub.call("POST", "/v1/connectors/rows/query", { statement })
    expect([answer.status, answer.body.code]).toEqual([502, "response_invalid"])
    const streamed = await hub.call("POST", "/v1/connectors/rows/query", { statement }, { headers: { accept: "application/x-ndjson" } })
    expect(streamed.text).toContain("response_invalid")
  })
})
