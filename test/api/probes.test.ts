import type { ServerResponse } from "node:http"
import { afterEach, beforeAll, expect, it } from "vitest"
import type { Answer } from "../support/ask.ts"
import { startTestDatabase } from "../support/embedded.ts"
import { nodeOn, startHub, type TestHub } from "../support/hub.ts"
import { listenHttp, listenRaw } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

let editor: string
let waiting: ServerResponse[] = []
let asked = 0

const database = use(() => startTestDatabase())
/** A system that answers only when the test allows it. */
const system = use(() =>
  listenHttp((_request, response) => {
    asked++
    waiting.push(response)
  }),
)
const tarpit = use(() => listenRaw())
const first = use(() => startHub(nodeOn(database)))
const second = use(() => startHub(nodeOn(database)))
beforeAll(async () => {
  editor = (await first.workspace("tested")).key
})
afterEach(() => answerAll())

const answerAll = (): void => {
  for (const each of waiting) each.end("{}")
  waiting = []
}
const make = async (name: string, target = `${system.url}/`, key = first.key): Promise<void> => {
  const { status } = await first.call("POST", "/v1/connectors", { name, type: "http", config: { url: target } }, { key })
  expect(status).toBe(201)
}
const testOf = (hub: TestHub, name: string, key = first.key) => hub.call("POST", `/v1/connectors/${name}/test`, {}, { key })
/** Waits until `count` requests have reached the system, then lets it answer. */
const answerAfter = async (count: number): Promise<void> => {
  await until(
    5_000,
    async () => asked,
    (now) => now >= count,
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  answerAll()
}

it("equal concurrent tests are one probe, and each caller gets the report", async () => {
  await make("shared")
  const before = asked
  const tests = Array.from({ length: 10 }, () => testOf(first, "shared"))
  await answerAfter(before + 1)
  const answers = await Promise.all(tests)
  expect(answers.map(({ body }) => body.ok)).toEqual(Array(10).fill(true))
  expect(asked - before).toBe(1)
  const again = testOf(first, "shared")
  await answerAfter(before + 2)
  expect((await again).body.ok).toBe(true)
})

it("tests of equal unsaved configs also share a probe, and tests of different configs do not", async () => {
  const before = asked
  const unsaved = (config: object) => first.call("POST", "/v1/connectors/test", { type: "http", config })
  const url = `${system.url}/`
  const token = (value: string) => ({ url, auth: { kind: "bearer", token: value } })
  const tests = [unsaved(token("a")), unsaved({ auth: { token: "a", kind: "bearer" }, url }), unsaved(token("b"))]
  await answerAfter(before + 2)
  expect((await Promise.all(tests)).map(({ body }) => body.ok)).toEqual([true, true, true])
  expect(asked - before).toBe(2)
})

it("two nodes share a probe; a test after a change is another probe", async () => {
  await make("over-nodes", `${system.url}/`, editor)
  const before = asked
  const one = testOf(first, "over-nodes", editor)
  await until(
    5_000,
    async () => asked,
    (now) => now > before,
  )
  const two = testOf(second, "over-nodes", editor)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(asked - before).toBe(1)
  await first.call("PATCH", "/v1/connectors/over-nodes", { config: { url: `${system.url}/changed` } }, { key: editor })
  const three = testOf(second, "over-nodes", editor)
  await answerAfter(before + 2)
  expect((await Promise.all([one, two, three])).map(({ body }) => body.ok)).toEqual([true, true, true])
  expect(asked - before).toBe(2)
})

it("a caller who disconnects does not end the others' probe, but the last caller does", async () => {
  await make("left")
  const before = asked
  const leaving = new AbortController()
  const left = fetch(`${first.url}/v1/connectors/left/test`, { method: "POST", headers: { authorization: `Bearer ${first.key}` }, signal: leaving.signal })
  left.catch(() => undefined)
  await until(
    5_000,
    async () => asked,
    (now) => now > before,
  )
  const stays = testOf(first, "left")
  await new Promise((resolve) => setTimeout(resolve, 100))
  leaving.abort()
  await expect(left).rejects.toThrow()
  await answerAfter(before + 1)
  expect((await stays).body.ok).toBe(true)
  expect(asked - before).toBe(1)
  const alone = new AbortController()
  const gone = fetch(`${first.url}/v1/connectors/left/test`, { method: "POST", headers: { authorization: `Bearer ${first.key}` }, signal: alone.signal })
  gone.catch(() => undefined)
  await until(
    5_000,
    async () => asked,
    (now) => now >= before + 2,
  )
  const [last] = waiting
  alone.abort()
  expect(
    await until(
      5_000,
      async () => last?.destroyed,
      (destroyed) => destroyed === true,
    ),
  ).toBe(true)
})

it("operators and other users share a probe, and each sees their own view of it", async () => {
  const env = { JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8:1" }
  const hub = await startHub(env)
  try {
    const viewer = await hub.keyFor("editor")
    await hub.call("POST", "/v1/connectors", { name: "inside", type: "http", config: { url: "http://10.1.2.3:8080/" } })
    const [mine, theirs] = await Promise.all([testOf(hub, "inside", hub.key), testOf(hub, "inside", viewer)])
    expect(mine.body.error).toMatchObject({ code: "egress_denied", stage: "policy", details: { allowWith: expect.stringContaining("10.1.2.3") } })
    expect(theirs.body.error).toMatchObject({ code: "host_unreachable", stage: "connect" })
    expect(theirs.text).not.toMatch(/policy|resolve|private|denied/)
    const metrics = await hub.call("GET", "/metrics", undefined, { key: null })
    expect(metrics.text).toMatch(/^jackfield_probes_shared_total 1$/m)
    expect(metrics.text).toMatch(/^jackfield_probes_total 1$/m)
  } finally {
    await hub.stop()
  }
})

it("a workspace's tests are limited across all nodes and rejected with Retry-After, without an effect on other workspaces", async () => {
  const bounded = await first.workspace("bounded")
  await first.call("PATCH", "/v1/workspaces/bounded", { plan: { tests: { perMinute: 9, concurrency: 3 } } })
  const port = tarpit.port
  const names = Array.from({ length: 12 }, (_, index) => `pit-${index}`)
  for (const name of names) await make(name, `http://127.0.0.1:${port}/`, bounded.key)
  const burst = async (): Promise<Answer[]> =>
    Promise.all(
      names.map((name, index) => (index % 2 === 0 ? first : second).call("POST", `/v1/connectors/${name}/test`, { timeoutMs: 1_500 }, { key: bounded.key })),
    )
  const answers = await burst()
  const made = answers.filter(({ status }) => status === 200)
  const refused = answers.filter(({ status }) => status === 429)
  expect([made.length, refused.length]).toEqual([3, 9])
  expect(made.map(({ body }) => body.error.code)).toEqual(["timed_out", "timed_out", "timed_out"])
  expect(refused[0]?.body.code).toBe("rate_limited")
  expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1)
  // A test's slot is free when it has ended, but the rate limit still applies.
  for (const wanted of [3, 3, 0]) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const next = (await burst()).filter(({ status }) => status === 200)
    expect(next.length).toBe(wanted)
  }
  const late = await first.call("POST", "/v1/connectors/pit-0/test", {}, { key: bounded.key })
  expect([late.status, Number(late.headers.get("retry-after")) > 20]).toEqual([429, true])
  const other = testOf(first, "shared")
  await answerAfter(asked + 1)
  expect((await other).status).toBe(200)
})
