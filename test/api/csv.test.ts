import { gzipSync, zstdCompressSync } from "node:zlib"
import { beforeAll, describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

let other: { id: string; key: string }
/** The server's answer at `/x.csv`, and the number of requests. */
const remote = { body: Buffer.alloc(0) as Buffer, asked: 0, sent: 0, endless: false }

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
beforeAll(async () => {
  other = await hub.workspace("other")
})
const server = use(() =>
  listenHttp((_request, response) => {
    remote.asked++
    remote.sent = 0
    if (!remote.endless) return void response.end(remote.body)
    const more = (): void => {
      while (!response.destroyed && response.write(remote.body)) remote.sent += remote.body.length
    }
    response.on("drain", more).on("error", () => undefined)
    more()
  }),
)

async function upload(body: string | Buffer, name = "orders.csv", key = hub.key): Promise<string> {
  const answer = await fetch(`${hub.url}/v1/uploads?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: body as string,
  })
  return ((await answer.json()) as { id: string }).id
}
let made = 0
async function connector(source: object, more: object = {}): Promise<string> {
  const name = `file-${++made}`
  const { status, body } = await hub.call("POST", "/v1/connectors", { name, type: "csv", config: { source, ...more } })
  expect(status, JSON.stringify(body)).toBe(201)
  return name
}
const uploaded = async (body: string | Buffer, more: object = {}, name?: string) => connector({ kind: "upload", upload: await upload(body, name) }, more)
const rows = async (name: string, limit = 20, file = "orders.csv") =>
  (await hub.call("GET", `/v1/connectors/${name}/rows?limit=${limit}&stream=${encodeURIComponent(JSON.stringify([file]))}`)).body
const discover = async (name: string) => (await hub.call("POST", `/v1/connectors/${name}/discover`, {})).body

const TABLE = 'id,name,at\n1,"Zoë, Ltd",2026-01-01\n2,,2026-01-02\n3,"",2026-01-03\n'
const WANTED = [
  { id: 1, name: "Zoë, Ltd", at: "2026-01-01" },
  { id: 2, name: null, at: "2026-01-02" },
  { id: 3, name: "", at: "2026-01-03" },
]

describe("an uploaded file", () => {
  it("is tested, discovered completely and previewed", async () => {
    const name = await uploaded(TABLE)
    const test = (await hub.call("POST", `/v1/connectors/${name}/test`, {})).body
    expect(test).toMatchObject({
      ok: true,
      server: { product: "CSV file", details: { encoding: "utf-8", delimiter: "comma", header: true, columns: 3, file: "orders.csv" } },
    })
    const catalog = await discover(name)
    expect(catalog).toMatchObject({ complete: true, counts: { total: 1, streams: 1, skipped: 0 } })
    expect(catalog.streams[0]).toMatchObject({ path: ["orders.csv"], kind: "file", estimatedRows: 3, comment: expect.stringContaining("3 rows, 0 rejected") })
    expect((await rows(name)).rows).toEqual(WANTED)
    expect(await rows(name, 2)).toMatchObject({ rowCount: 2, truncated: true, rows: WANTED.slice(0, 2) })
  })

  it.each<[string, Buffer]>([
    ["gzip", gzipSync(TABLE)],
    ["zstd, in two frames", Buffer.concat([zstdCompressSync(TABLE.slice(0, 20)), zstdCompressSync(TABLE.slice(20))])],
    ["UTF-16", Buffer.from(`\uFEFF${TABLE}`, "utf16le")],
    ["windows-1252 with semicolons and CR", Buffer.from(TABLE.replaceAll("\n", "\r").replaceAll(",", ";").replace("Zoë; Ltd", "Zoë, Ltd"), "latin1")],
  ])("is read the same way as %s", async (_, bytes) => {
    expect((await rows(await uploaded(bytes))).rows).toEqual(WANTED)
  })

  it("reports the place and the reason of every record that is not a row, in preview and catalog: lines = rows + rejected", async () => {
    const long = "x".repeat(3_000_000)
    const text = `a,b\n1,2\n3\n4,5,6\n7,"8\n9,10\n11,\u0000\n12,${long}\n13,14\n\n15,16\n`
    const name = await uploaded(text)
    const wanted = [
      [3, "has 1 field, and the file has 2 columns."],
      [4, "has 3 fields, and the file has 2 columns."],
      [5, "opens a quote that is never closed."],
      [7, "has a NUL character."],
      [8, "is longer than 1 MiB."],
    ] as const
    const answer = await rows(name)
    expect(answer.rows.map((row: { a: unknown }) => row.a)).toEqual([1, 9, 13, 15])
    expect(answer.rejected).toEqual({ count: 5, records: wanted.map(([line, reason]) => ({ line, lastLine: line, reason })) })
    const catalog = await discover(name)
    expect(catalog).toMatchObject({ complete: false, counts: { total: 6, streams: 1, skipped: 5, byKind: { file: 1, "rejected record": 5 } } })
    expect(catalog.skipped).toEqual(wanted.map(([line, reason]) => ({ path: ["orders.csv", `line ${line}`], reason, remedies: [] })))
    expect(catalog.streams[0].estimatedRows).toBe(4)
  })

  it("has types that fit all of its values, not only the first ones", async () => {
    const text = `n,zip\n${Array.from({ length: 60_000 }, (_, index) => `${index},${index}\n`).join("")}x,007\n`
    const name = await uploaded(text)
    expect((await rows(name, 1)).columns.map((each: { type: string }) => each.type)).toEqual(["integer", "integer"])
    const columns = (await discover(name)).streams[0].columns.map((each: { type: string }) => each.type)
    expect(columns).toEqual(["string", "string"])
    expect((await rows(name, 1)).rows).toEqual([{ n: "0", zip: "0" }])
  })

  it("keeps a fixed type, and reports the values that do not fit it", async () => {
    const name = await uploaded("n,m\n1,1\nx,2\n", {
      columns: [
        { name: "n", type: "integer" },
        { name: "m", type: "text" },
      ],
    })
    const wanted = { line: 3, lastLine: 3, reason: expect.stringContaining("no integer in the column n") }
    expect(await rows(name)).toMatchObject({ rows: [{ n: 1, m: "1" }], rejected: { count: 1, records: [wanted] } })
    expect((await discover(name)).skipped).toEqual([
      { path: ["orders.csv", "line 3"], reason: expect.stringContaining("no integer in the column n"), remedies: [] },
    ])
  })

  it("that is not CSV fails the test, which names its format", async () => {
    for (const [bytes, says] of [
      [Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 8]), "Excel"],
      [Buffer.from(Array.from({ length: 4_000 }, (_, index) => (index * 7) % 32)), "binary"],
      [Buffer.alloc(0), "empty"],
      [gzipSync(TABLE).subarray(0, 30), "compression"],
    ] as const) {
      const report = (await hub.call("POST", `/v1/connectors/${await uploaded(bytes)}/test`, {})).body
      expect(report).toMatchObject({ ok: false, error: { code: "response_invalid", message: expect.stringContaining(says) } })
    }
  })

  it("cannot be removed while a connector reads it, but can be removed afterwards", async () => {
    const id = await upload(TABLE)
    const name = await connector({ kind: "upload", upload: id })
    expect((await hub.call("GET", `/v1/uploads/${id}`)).body.usedBy).toEqual([name])
    const refused = (await hub.call("DELETE", `/v1/uploads/${id}`)).body
    expect(refused).toMatchObject({ status: 409, code: "in_use", usedBy: [name], detail: expect.stringContaining(name) })
    await hub.call("PATCH", `/v1/connectors/${name}`, { config: { source: { kind: "upload", upload: await upload("a,b\n1,2\n") } } })
    expect((await hub.call("DELETE", `/v1/uploads/${id}`)).status).toBe(204)
  })

  it("of another workspace, or with an unknown id, cannot be read", async () => {
    const theirs = await upload(TABLE, "theirs.csv", other.key)
    for (const id of [theirs, crypto.randomUUID(), "x"]) {
      const source = { kind: "upload", upload: id }
      const refused = (await hub.call("POST", "/v1/connectors", { name: "stolen", type: "csv", config: { source } })).body
      expect(refused).toMatchObject({ status: 422, code: "config_invalid", errors: [{ pointer: "/config/source/upload" }] })
    }
    const report = (await hub.call("POST", "/v1/connectors/test", { type: "csv", config: { source: { kind: "upload", upload: theirs } } })).body
    expect(report).toMatchObject({ ok: false, error: { code: "not_found" } })
  })
})

describe("a file at a URL", () => {
  const at = (more: object = {}) => connector({ kind: "url", url: `http://127.0.0.1:${server.port}/x.csv`, ...more })

  it("is requested once by each test, discovery and preview, and read no further than necessary", async () => {
    remote.body = Buffer.from(TABLE)
    const name = await at()
    const asked = async (work: () => Promise<unknown>): Promise<number> => {
      remote.asked = 0
      await work()
      return remote.asked
    }
    expect(await asked(() => hub.call("POST", `/v1/connectors/${name}/test`, {}))).toBe(1)
    expect(await asked(() => discover(name))).toBe(1)
    expect(await asked(async () => expect((await rows(name, 20, "x.csv")).rows).toEqual(WANTED))).toBe(1)
  })

  it("that never ends is tested and previewed from its beginning, and discovered until the deadline", async () => {
    remote.body = Buffer.from(`a,b\n${"1,2\n".repeat(10_000)}`)
    remote.endless = true
    const name = await at()
    expect((await hub.call("POST", `/v1/connectors/${name}/test`, {})).body.ok).toBe(true)
    expect(await rows(name, 5, "x.csv")).toMatchObject({ rowCount: 5, truncated: true })
    expect(remote.sent).toBeLessThan(50_000_000)
    const late = (await hub.call("POST", `/v1/connectors/${name}/discover`, { timeoutMs: 1_000 })).body
    expect(late).toMatchObject({ status: 504, code: "timed_out" })
    remote.endless = false
  })

  it("that is a gzip bomb is rejected", async () => {
    remote.body = gzipSync(Buffer.alloc(400 * 1_048_576, `1,${"x".repeat(4_000)}\n`))
    expect(remote.body.length).toBeLessThan(2_000_000)
    const name = await at()
    expect((await hub.call("POST", `/v1/connectors/${name}/test`, {})).body.ok).toBe(true)
    expect(await discover(name)).toMatchObject({ status: 502, code: "response_too_large" })
  })

  it("has no path other than its name", async () => {
    remote.body = Buffer.from(TABLE)
    expect(await rows(await at(), 20, "y.csv")).toMatchObject({ status: 404, code: "stream_not_found", detail: expect.stringContaining('["x.csv"]') })
  })
})
