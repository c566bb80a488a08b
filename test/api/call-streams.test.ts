import { beforeEach, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"
import { until } from "../support/waiting.ts"

const NDJSON = { accept: "application/x-ndjson" }
/** The pages that the server has sent and the requests that it has seen, where it waits, and how it fails. */
const IDLE = { pages: 0, requests: 0, left: 0, last: 3, waitsAt: 0, failsAt: 0, busyAt: 0, refusesAt: 0, emptyAt: 0, perPage: 2, filling: "" }
const far = { ...IDLE, go: (): void => undefined }

const api = use(() =>
  listenHttp(async (request, response) => {
    const page = Number(new URL(request.url ?? "/", "http://x").searchParams.get("page") ?? "1")
    far.pages = page
    far.requests++
    response.once("close", () => {
      if (!response.writableFinished) far.left = page
    })
    if (page === far.waitsAt)
      await new Promise<void>((resolve) => {
        far.go = resolve
      })
    const status = page === far.failsAt ? 500 : page === far.busyAt ? 503 : page === far.refusesAt ? 401 : 200
    far.busyAt = status === 503 ? 0 : far.busyAt
    const many = page > far.last || page === far.emptyAt ? 0 : far.perPage
    const records = Array.from({ length: many }, (_, index) => ({ id: (page - 1) * far.perPage + index + 1, filling: far.filling }))
    const wrapped = request.url?.startsWith("/wrapped") === true
    const body = status !== 200 ? { error: "broken" } : wrapped ? { items: records, next: page < far.last ? page + 1 : null } : records
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

beforeEach(() => Object.assign(far, IDLE))

let made = 0
async function connector(config: object = {}, more: object = {}): Promise<string> {
  const paging = { kind: "page", parameter: "page", maxPages: 10_000 }
  const { status, text, body } = await hub.call("POST", "/v1/connectors", {
    name: `paged-${++made}`,
    type: "http",
    config: { url: `${api.url}/items`, paging, retries: 0, ...config },
    ...more,
  })
  expect(status, text).toBe(201)
  return body.name as string
}
const call = (name: string, body: object = {}) => hub.call("POST", `/v1/connectors/${name}/call`, body, { headers: NDJSON })
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const audited = async (name: string) =>
  (await hub.call("GET", "/v1/audit?limit=100")).body.data.find(
    (entry: { action: string; target: { name: string } }) => entry.action === "connector.call" && entry.target.name === name,
  )?.details

async function reader(name: string) {
  const response = await fetch(`${hub.url}/v1/connectors/${name}/call`, {
    method: "POST",
    headers: { authorization: `Bearer ${hub.key}`, "content-type": "application/json", ...NDJSON },
    body: "{}",
  })
  expect(response.status).toBe(200)
  return response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
}

describe("a call as NDJSON", () => {
  it("returns the records of all pages, and is audited with its requests", async () => {
    const name = await connector()
    const { text, headers } = await call(name)
    expect(headers.get("content-type")).toBe("application/x-ndjson")
    expect(linesOf(text).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await audited(name)).toMatchObject({ ok: true, requests: 4 })
  })

  it("returns each page as it arrives", async () => {
    far.waitsAt = 3
    const from = await reader(await connector())
    let text = ""
    const more = async (): Promise<boolean> => {
      const { done, value } = await from.read()
      text += new TextDecoder().decode(value)
      return !done
    }
    while (!text.includes('"id":4')) await more()
    expect(text).not.toContain('"id":5')
    expect(
      await until(
        5_000,
        () => far.pages,
        (pages) => pages === 3,
      ),
    ).toBe(3)
    far.go()
    while (await more());
    expect(linesOf(text)).toHaveLength(6)
  })

  it("does not request a page until the reader has room for it", async () => {
    Object.assign(far, { last: 400, perPage: 10, filling: "x".repeat(10_000) })
    const from = await reader(await connector())
    let [taken, most] = [0, 0]
    for (let next = await from.read(); !next.done; next = await from.read()) {
      taken += next.value.length
      most = Math.max(most, far.pages - Math.floor(taken / 100_000))
      // The reader is slower than the server: it makes a request for each piece.
      await hub.call("GET", "/v1/me")
    }
    expect(taken).toBeGreaterThan(40_000_000)
    // The buffers of the hub and of the kernel hold some pages of 100 kB; without a limit, nearly all 400 would be requested.
    expect(most).toBeLessThan(150)
  })

  it("requests no further page if the reader disconnects between two pages", async () => {
    Object.assign(far, { last: 10_000, perPage: 10, filling: "x".repeat(10_000) })
    const name = await connector()
    const from = await reader(name)
    await from.read()
    await from.cancel()
    expect(await until(5_000, () => audited(name), Boolean)).toMatchObject({ ok: false, code: "cancelled" })
    // The entry is written when the call has ended, so no request follows it.
    const then = far.requests
    expect(then).toBeLessThan(1_000)
    await hub.call("GET", "/v1/me")
    expect(far.requests).toBe(then)
  })

  it("cancels the pending page if the reader disconnects", async () => {
    far.waitsAt = 2
    const name = await connector()
    const from = await reader(name)
    expect(new TextDecoder().decode((await from.read()).value)).toContain('"id":2')
    expect(
      await until(
        5_000,
        () => far.pages,
        (pages) => pages === 2,
      ),
    ).toBe(2)
    await from.cancel()
    expect(await until(5_000, () => audited(name), Boolean)).toMatchObject({ ok: false, code: "cancelled" })
    expect(
      await until(
        5_000,
        () => far.left,
        (page) => page === 2,
      ),
    ).toBe(2)
    far.go()
  })

  it("retries a page that may be retried, and counts the request", async () => {
    far.busyAt = 2
    const name = await connector({ retries: 1 })
    expect(linesOf((await call(name)).text).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await audited(name)).toMatchObject({ ok: true, requests: 5 })
  })

  it("stops all use of credentials that are rejected on a later page", async () => {
    far.refusesAt = 2
    const name = await connector({ auth: { kind: "bearer", token: "token-of-the-test" } })
    expect(linesOf((await call(name)).text).at(-1)).toMatchObject({ $error: { status: 502, code: "auth_failed" } })
    const { status, body } = await call(name)
    expect([status, body.code, far.requests]).toEqual([409, "credentials_refused", 2])
  })

  it("ends with the error after the received records if a later page fails", async () => {
    far.failsAt = 3
    const name = await connector()
    const lines = linesOf((await call(name)).text)
    expect(lines.slice(0, -1).map(({ id }) => id)).toEqual([1, 2, 3, 4])
    expect(lines.at(-1)).toMatchObject({ $error: { code: "remote_failed", requestId: expect.any(String) } })
    expect(await audited(name)).toMatchObject({ ok: false, code: "remote_failed" })
  })

  it("is an ordinary error if the first page fails, the input is wrong, or the connector does not exist", async () => {
    far.failsAt = 1
    const name = await connector()
    const failed = await call(name)
    expect([failed.status, failed.body.code]).toEqual([502, "remote_failed"])
    expect(await audited(name)).toMatchObject({ ok: false, code: "remote_failed" })
    const wrong = await call(name, { input: { nothing: 1 } })
    const same = await hub.call("POST", `/v1/connectors/${name}/call`, { input: { nothing: 1 } })
    expect([wrong.status, wrong.body.code, wrong.body.detail]).toEqual([same.status, same.body.code, same.body.detail])
    expect((await call("no-such")).status).toBe(404)
  })

  it("is an ordinary error if only pages without records precede the failure", async () => {
    Object.assign(far, { emptyAt: 1, failsAt: 2 })
    const paging = { kind: "cursor", parameter: "page", cursor: "next" }
    const name = await connector({ url: `${api.url}/wrapped`, records: "items", paging })
    const { status, body } = await call(name)
    expect([status, body.code]).toEqual([502, "remote_failed"])
    far.failsAt = 3
    const lines = linesOf((await call(name)).text)
    expect(lines.map(({ id, $error }) => id ?? ($error as { code: string }).code)).toEqual([3, 4, "remote_failed"])
  })

  it("counts each page against the connector's limit", async () => {
    const name = await connector({}, { limits: { requests: 2, perMs: 600_000 } })
    const lines = linesOf((await call(name, { timeoutMs: 1_000 })).text)
    expect(lines.slice(0, -1).map(({ id }) => id)).toEqual([1, 2, 3, 4])
    expect(lines.at(-1)).toMatchObject({ $error: { code: "rate_limited" } })
    expect(far.pages).toBe(2)
  })

  it("is one line for a single record and for a dry run", async () => {
    Object.assign(far, { last: 1, perPage: 1 })
    const name = await connector({ paging: { kind: "none" } })
    expect(linesOf((await call(name)).text)).toEqual([{ id: 1, filling: "" }])
    expect(linesOf((await call(name, { dryRun: true })).text)).toEqual([{ method: "GET", url: `${api.url}/items`, headers: expect.any(Object) }])
  })

  it("accepts no Idempotency-Key, because streams are not kept", async () => {
    const { status, body } = await hub.call("POST", `/v1/connectors/${await connector()}/call`, {}, { headers: { ...NDJSON, "idempotency-key": "k" } })
    expect([status, body.code]).toEqual([422, "request_invalid"])
    expect(body.detail).toContain("streamed")
  })
})
