import { gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

/** Records that together are too large to be evaluated in the hub's own process. */
const recordsOf = (page: number, filling = "ä".repeat(100)) =>
  Array.from({ length: 200 }, (_, index) => ({ id: page * 200 + index, at: { n: page * 200 + index }, filling, $error: "mine" }))
const BOMB = gzipSync(`[${"1,".repeat(5_000_000)}1]`)

const api = use(() =>
  listenHttp((request, response) => {
    const url = new URL(request.url ?? "/", "http://x")
    const page = Number(url.searchParams.get("page") ?? "0")
    response.setHeader("content-type", "application/json")
    if (url.pathname === "/bomb") response.setHeader("content-encoding", "gzip").end(BOMB)
    else if (url.pathname === "/one") response.end(JSON.stringify({ all: recordsOf(0) }))
    else if (url.pathname === "/echo") response.end(JSON.stringify(recordsOf(0).map((record) => ({ ...record, token: request.headers.authorization }))))
    else if (url.pathname === "/wide") response.end(JSON.stringify([Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`m${index}`, index]))]))
    else if (url.pathname === "/huge") response.end(JSON.stringify([{ id: 1, text: "x".repeat(1_100_000) }]))
    else if (url.pathname === "/slow") response.end(JSON.stringify(Array.from({ length: 400 }, (_, index) => [index % 7, "x".repeat(20_000)])))
    else if (url.pathname === "/same") response.end(JSON.stringify(recordsOf(0)))
    // The second page is small enough to be evaluated where it arrives.
    else response.end(JSON.stringify({ ok: true, items: page > 2 ? [] : page === 1 ? [{ id: 200 }] : recordsOf(page), next: page < 2 ? page + 1 : null }))
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

let made = 0
async function connector(path: string, config: object = {}): Promise<string> {
  const { status, text, body } = await hub.call("POST", "/v1/connectors", { name: `large-${++made}`, type: "http", config: { url: api.url + path, ...config } })
  expect(status, text).toBe(201)
  return body.name as string
}
const call = (name: string, accept = "application/json", headers: Readonly<Record<string, string>> = {}, body: object = {}) =>
  hub.call("POST", `/v1/connectors/${name}/call`, body, { headers: { accept, ...headers } })
const linesOf = (text: string) => text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]))
const inLines = (records: readonly object[]) =>
  records.map((record) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name === "$error" ? "$$error" : name, value])))

const PAGED = { records: "items", success: "ok", paging: { kind: "cursor", parameter: "page", cursor: "next" } }
const ALL = [...recordsOf(0), { id: 200 }, ...recordsOf(2)]

describe("a large answer", () => {
  test("is returned like a small one: as a list, one record or lines", async () => {
    const list = await connector("/same")
    const { status, body, headers } = await call(list)
    expect([status, headers.get("content-type"), body.output, body.requests, body.retries]).toEqual([200, "application/json", recordsOf(0), 1, []])
    expect(Object.keys(body)).toEqual(["output", "durationMs", "requests", "retries"])
    expect((await call(await connector("/one"))).body.output).toEqual({ all: recordsOf(0) })
    expect(linesOf((await call(list, "application/x-ndjson")).text)).toEqual(inLines(recordsOf(0)))
  })

  test("is repeated for an Idempotency-Key", async () => {
    const name = await connector("/same")
    const [first, second] = [
      await call(name, "application/json", { "idempotency-key": "large-1" }),
      await call(name, "application/json", { "idempotency-key": "large-1" }),
    ]
    expect([second.headers.get("idempotency-replayed"), second.text]).toEqual(["true", first.text])
  })

  test("of several pages is one list, with small pages in between", async () => {
    const name = await connector("/items", PAGED)
    const { status, text, body } = await call(name)
    expect(status, text).toBe(200)
    expect([body.output, body.requests]).toEqual([ALL, 3])
    expect(linesOf((await call(name, "application/x-ndjson")).text)).toEqual(inLines(ALL))
  })

  test("whose next page is the same page is rejected", async () => {
    const { status, body } = await call(await connector("/same", { paging: { kind: "page", parameter: "page" } }))
    expect([status, body.code, body.detail]).toEqual([502, "response_invalid", expect.stringMatching(/the same page for two positions/)])
  })

  test("with an error status is rejected with the beginning of its body", async () => {
    const { body } = await call(await connector("/items", { ...PAGED, success: "missing" }))
    expect([body.code, body.detail]).toEqual(["remote_failed", expect.stringMatching(/missing is not true: \{"ok":true,"items"/)])
  })

  test("that repeats a secret is returned without it, and reports it", async () => {
    const token = "kQ7xV2pLz9mR4tYb8wN3"
    const name = await connector("/echo", { auth: { kind: "bearer", token } })
    const { body } = await call(name)
    expect([body.hidden, body.output.length, body.output[7].token]).toEqual([200, 200, "Bearer [secret]"])
    const { text } = await call(name, "application/x-ndjson")
    expect(text).not.toContain(token)
    expect(linesOf(text).at(-1)).toEqual({ $hidden: 200 })
  })

  test("of ten million bytes with too many values is rejected", async () => {
    const { status, body } = await call(await connector("/bomb"))
    expect([status, body.code, body.detail]).toEqual([502, "response_too_large", expect.stringMatching(/more than 1,000,000 values/)])
  })
})

describe("a stream of large answers", () => {
  const read = async (name: string, accept = "application/x-ndjson") => {
    const { body } = await hub.call("POST", `/v1/connectors/${name}/discover`, {})
    expect(body.complete, JSON.stringify(body)).toBe(true)
    const [stream] = (await hub.call("GET", `/v1/connectors/${name}/catalog`)).body.streams
    return hub.call("GET", `/v1/connectors/${name}/rows?stream=${encodeURIComponent(JSON.stringify(stream.path))}`, undefined, { headers: { accept } })
  }

  test("returns every record", async () => {
    const { status, text } = await read(await connector("/items", { ...PAGED, key: "id", since: { kind: "parameter", parameter: "since", column: "at.n" } }))
    expect(status, text).toBe(200)
    const lines = linesOf(text)
    expect(lines.map(({ id }) => id)).toEqual(ALL.map(({ id }) => id))
    expect(lines[0]).toEqual(inLines(ALL)[0])
  })

  test.each([
    ["/wide", /more than 5000 different members/],
    ["/huge", /larger than 1 MiB/],
  ])("%s is rejected", async (path, says) => {
    const name = await connector(path)
    const { body } = await hub.call("POST", `/v1/connectors/${name}/discover`, {})
    expect([body.code, body.detail]).toEqual(["response_too_large", expect.stringMatching(says)])
  })
})

test("the deadline stops a running expression, and the error names the expression", async () => {
  const name = await connector("/slow", { records: "sort_by(@, &to_string([to_string(@), to_string(@)]))" })
  const { status, body } = await call(name, "application/json", {}, { timeoutMs: 1_000 })
  expect([status, body.code, body.detail]).toEqual([504, "timed_out", expect.stringMatching(/deadline of the call passed while .*sort_by/)])
})
