import { setTimeout as pause } from "node:timers/promises"
import { Client } from "undici"
import { beforeAll, describe, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
let limited: { readonly id: string; readonly key: string }
let free: { readonly id: string; readonly key: string }

beforeAll(async () => {
  limited = await hub.workspace("limited")
  free = await hub.workspace("free")
  const { status } = await hub.call("PATCH", `/v1/workspaces/${limited.id}`, { plan: { tests: { perMinute: 1 } } })
  expect(status).toBe(200)
})

let made = 0
const body = (): object => ({ type: "postgres", config: { host: "127.0.0.1", port: 1, user: "x", password: "y", database: `d${++made}` } })
const test429 = (key: string, more: Readonly<Record<string, string>> = {}) => hub.call("POST", "/v1/connectors/test", body(), { key, headers: more })
const again = async (): Promise<number> => {
  const { text } = await hub.call("GET", "/metrics")
  return [...text.matchAll(/^jackfield_http_requests_refused_again_total\{.*\} (\d+)/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}

describe("a request that a limit rejects", () => {
  test("is rejected again without being processed, with the same answer except for the request id", async () => {
    await test429(limited.key)
    const before = await again()
    const answers = await Promise.all(Array.from({ length: 40 }, () => test429(limited.key)))
    const more = await Promise.all(Array.from({ length: 40 }, () => test429(limited.key)))
    expect(new Set([...answers, ...more].map(({ status }) => status))).toEqual(new Set([429]))
    expect(await again()).toBeGreaterThan(before)
    expect(new Set(more.map(({ body: { requestId, ...rest } }) => JSON.stringify({ ...rest, retryAfterSeconds: 0, detail: "" }))).size).toBe(1)
    expect(new Set(more.map(({ body: { requestId } }) => requestId)).size).toBe(40)
    for (const { headers, body: problem } of more) {
      expect(headers.get("x-request-id")).toBe(problem.requestId)
      expect([headers.get("content-type"), Number(headers.get("retry-after")) > 0, headers.get("x-content-type-options")]).toEqual([
        "application/problem+json",
        true,
        "nosniff",
      ])
    }
  })

  test("does not affect other callers, or other requests of the same caller", async () => {
    await test429(limited.key)
    const answers = await Promise.all([test429(limited.key), test429(free.key), hub.call("GET", "/v1/connectors", undefined, { key: limited.key })])
    expect(answers.map(({ status }) => status)).toEqual([429, 200, 200])
  })

  test("is processed again after a moment", async () => {
    await test429(limited.key)
    const before = await again()
    await pause(200)
    expect([(await test429(limited.key)).status, await again()]).toEqual([429, before])
  })
})

describe("an invalid key", () => {
  test("is rejected again without a look-up; the connection stays open, and the body is not read", async () => {
    const client = new Client(hub.url, { pipelining: 4 })
    const before = await again()
    const ask = async (): Promise<number> => {
      const headers = { authorization: "Bearer no-such-key", "content-type": "application/json" }
      const answer = await client.request({
        path: "/v1/connectors",
        method: "POST",
        headers,
        body: JSON.stringify({ name: "x".repeat(30_000) }),
        idempotent: true,
      })
      await answer.body.dump()
      return answer.statusCode
    }
    await ask()
    expect(await Promise.all(Array.from({ length: 12 }, ask))).toEqual(Array.from({ length: 12 }, () => 401))
    expect(await again()).toBeGreaterThan(before)
    await client.close()
  })
})
