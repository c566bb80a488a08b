import { describe, expect, test } from "vitest"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const TOKEN = "tok_9f8E7d6C5b4A39281706"

/** A stand-in that repeats everything that it receives. */
const far = use(() =>
  listenHttp((request, response) => {
    if (request.url?.startsWith("/fail")) response.writeHead(500).end("a".repeat(61 * 1024))
    else
      response.writeHead(200, { "content-type": "application/json" }).end(
        JSON.stringify({
          items: [
            { id: 1, got: request.headers.authorization, env: "production" },
            { id: 2, got: `x${TOKEN}`, env: "production" },
          ],
        }),
      )
  }),
)
const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))

let made = 0
async function connector(config: object, token = TOKEN): Promise<string> {
  const { status, body } = await hub.call("POST", "/v1/connectors", {
    name: `c${++made}`,
    type: "http",
    config: { url: far.url, auth: { kind: "bearer", token }, records: "items", ...config },
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id as string
}

describe("a random secret that the remote system repeats", () => {
  const rows = [
    { id: 1, got: "Bearer [secret]", env: "production" },
    { id: 2, got: "x[secret]", env: "production" },
  ]

  test("is hidden in the answer to a call, which reports it", async () => {
    const id = await connector({})
    const { status, body } = await hub.call("POST", `/v1/connectors/${id}/call`, { input: {} })
    expect([status, body.output, body.hidden]).toEqual([200, rows, 2])
  })

  test("is hidden in streamed records, whose last line reports it", async () => {
    const id = await connector({})
    const { text } = await hub.call("POST", `/v1/connectors/${id}/call`, { input: {} }, { headers: { accept: "application/x-ndjson" } })
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([...rows, { $hidden: 2 }])
  })

  test("is hidden in rows as a page, as NDJSON and as CSV, and in the catalog", async () => {
    const id = await connector({})
    const path = `/v1/connectors/${id}/rows?stream=${encodeURIComponent('["records"]')}`
    const discovered = await hub.call("POST", `/v1/connectors/${id}/discover`, {})
    expect(JSON.stringify(discovered.body)).not.toContain(TOKEN)
    const stream = encodeURIComponent(JSON.stringify((discovered.body.streams as { path: string[] }[] | undefined)?.[0]?.path ?? ["records"]))
    const page = await hub.call("GET", `/v1/connectors/${id}/rows?stream=${stream}`)
    expect([page.body.rows, page.body.hidden], path).toEqual([rows, 2])
    const lines = await hub.call("GET", `/v1/connectors/${id}/rows?stream=${stream}`, undefined, { headers: { accept: "application/x-ndjson" } })
    expect(lines.text.trim().split("\n").at(-1)).toBe('{"$hidden":2}')
    const csv = await hub.call("GET", `/v1/connectors/${id}/rows?stream=${stream}`, undefined, { headers: { accept: "text/csv" } })
    expect([csv.text.includes("[secret]"), csv.text.includes(TOKEN), csv.text.includes("production")]).toEqual([true, false, true])
  })

  test("is not hidden if it is a common word", async () => {
    const id = await connector({}, "production")
    const { body } = await hub.call("POST", `/v1/connectors/${id}/call`, { input: {} })
    expect([body.output[0].env, body.hidden]).toEqual(["production", undefined])
  })
})

test("an error that repeats a long secret of identical letters is returned", async () => {
  const id = await connector({ url: `${far.url}/fail` }, "a".repeat(4_000))
  const { status, body } = await hub.call("POST", `/v1/connectors/${id}/call`, { input: {} })
  expect([status, body.code]).toEqual([502, "remote_failed"])
  expect(JSON.stringify(body)).not.toContain("aaaaaaaa")
})
