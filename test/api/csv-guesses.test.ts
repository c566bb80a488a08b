import { gzipSync, zstdCompressSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { startHub } from "../support/hub.ts"
import { listenHttp } from "../support/loopback.ts"
import { use } from "../support/use.ts"

const hub = use(() => startHub({ JACKFIELD_EGRESS_ALLOW: "127.0.0.0/8" }))
/** The server's answer. */
const remote = { body: Buffer.alloc(0) as Buffer, headers: {} as Record<string, string> }
const server = use(() => listenHttp((_request, response) => void response.writeHead(200, remote.headers).end(remote.body)))

let made = 0
async function connector(source: object, more: object = {}): Promise<string> {
  const name = `guess-${++made}`
  const { status, body } = await hub.call("POST", "/v1/connectors", { name, type: "csv", config: { source, ...more } })
  expect(status, JSON.stringify(body)).toBe(201)
  return name
}
async function uploaded(body: string | Buffer, more: object = {}): Promise<string> {
  const answer = await fetch(`${hub.url}/v1/uploads?name=x.csv`, { method: "POST", headers: { authorization: `Bearer ${hub.key}` }, body: body as string })
  return connector({ kind: "upload", upload: ((await answer.json()) as { id: string }).id }, more)
}
const served = (body: string | Buffer, headers: Record<string, string> = {}, more: object = {}): Promise<string> => {
  Object.assign(remote, { body: Buffer.from(body as string), headers })
  return connector({ kind: "url", url: `http://127.0.0.1:${server.port}/x.csv` }, more)
}
const test = async (name: string) => (await hub.call("POST", `/v1/connectors/${name}/test`, {})).body
const discover = async (name: string) => (await hub.call("POST", `/v1/connectors/${name}/discover`, {})).body
const rows = async (name: string, more = "") => (await hub.call("GET", `/v1/connectors/${name}/rows?stream=${encodeURIComponent('["x.csv"]')}${more}`)).body
const columnsIn = (stream: { columns: { name: string; type: string }[] }) => stream.columns.map(({ name, type }) => `${name} ${type}`)

describe("a file is read correctly", () => {
  it.each<[string, string | Buffer, string[], unknown[][]]>([
    [
      "years as names",
      "region,2023,2024\nEMEA,10,20\nAPAC,5,6\n",
      ["region string", "2023 integer", "2024 integer"],
      [
        ["EMEA", 10, 20],
        ["APAC", 5, 6],
      ],
    ],
    [
      "no header, all text",
      "00123,01/31/2024\n00124,02/28/2024\n",
      ["column_1 string", "column_2 string"],
      [
        ["00123", "01/31/2024"],
        ["00124", "02/28/2024"],
      ],
    ],
    [
      "Excel's sep= line",
      "sep=;\r\nid;name\r\n1;Ada\r\n2;Bo\r\n",
      ["id integer", "name string"],
      [
        [1, "Ada"],
        [2, "Bo"],
      ],
    ],
    [
      "notes above the header",
      "Report: Sales\nGenerated: 2024-01-01\n\nid,name,total\n1,Ada,3\n2,Bo,4\n",
      ["id integer", "name string", "total integer"],
      [
        [1, "Ada", 3],
        [2, "Bo", 4],
      ],
    ],
    [
      "a trailing delimiter in rows",
      "a,b,c\n1,2,3,\n4,5,6,\n",
      ["a integer", "b integer", "c integer"],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ["gzip in gzip", gzipSync(gzipSync("a,b\n1,2\n")), ["a integer", "b integer"], [[1, 2]]],
    ["gzip in zstd", zstdCompressSync(gzipSync("a,b\n1,2\n")), ["a integer", "b integer"], [[1, 2]]],
    [
      "notes and a header in windows-1252",
      Buffer.from("Bericht für Köln\nid;größe\n1;2\n3;4\n", "latin1"),
      ["id integer", "größe integer"],
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("%s: preview, catalog and the preview by the catalog agree", async (_, body, columns, values) => {
    const name = await uploaded(body)
    const valuesOf = async () => {
      const answer = await rows(name)
      return answer.rows.map((row: Record<string, unknown>) => answer.columns.map((column: { name: string }) => row[column.name]))
    }
    expect(await valuesOf()).toEqual(values)
    const catalog = await discover(name)
    expect(catalog).toMatchObject({ complete: true, counts: { total: 1 } })
    expect(columnsIn(catalog.streams[0])).toEqual(columns)
    expect(await valuesOf()).toEqual(values)
  })

  it("with a stray byte: the line is rejected by name, and the other lines are correct", async () => {
    const name = await uploaded(Buffer.concat([Buffer.from("id,name\n1,Zürich\n2,Łódź\n3,x"), Buffer.from([0xfc]), Buffer.from("y\n4,日本\n")]))
    expect((await test(name)).server).toMatchObject({
      details: { encoding: "utf-8" },
      guesses: expect.arrayContaining([expect.objectContaining({ setting: "encoding", taken: "utf-8" })]),
      warnings: expect.arrayContaining([
        expect.stringMatching(/^1 of the first 4 records is rejected; the first one, line 4, has bytes that are not utf-8\.$/),
      ]),
    })
    const catalog = await discover(name)
    expect(catalog).toMatchObject({ complete: false, skipped: [{ path: ["x.csv", "line 4"], reason: "has bytes that are not utf-8." }] })
    expect(catalog.streams[0].guesses).toContainEqual(expect.objectContaining({ setting: "encoding", taken: "utf-8", alternative: expect.any(String) }))
    expect((await rows(name)).rows.map((row: { name: string }) => row.name)).toEqual(["Zürich", "Łódź", "日本"])
  })

  it("with bytes that are undefined in windows-1252: the line is rejected", async () => {
    const name = await uploaded(Buffer.from("id,name\n1,Köln\n2,a\u0081b\n", "latin1"), { encoding: "windows-1252" })
    expect((await rows(name)).rejected.records).toEqual([{ line: 3, lastLine: 3, reason: "has bytes that are not windows-1252." }])
  })

  it.each([
    ["a NUL", "id,name\n1,Ada\u0000\n2,Bo\n", [{ id: 2, name: "Bo" }], 1],
    [
      "a Ctrl-Z",
      "id,name\n1,Ada\n2,Bo\n\u001a",
      [
        { id: 1, name: "Ada" },
        { id: 2, name: "Bo" },
      ],
      undefined,
    ],
  ])("with %s in a few bytes", async (_, body, wanted, rejected) => {
    const name = await uploaded(body)
    expect((await test(name)).ok).toBe(true)
    const answer = await rows(name)
    expect([answer.rows, answer.rejected?.count]).toEqual([wanted, rejected])
  })
})

describe("a guess is data", () => {
  it("in tests and catalogs, with its alternative, and disappears once the setting is fixed", async () => {
    const name = await uploaded("code,name\nA,Ada\nB,Bo\n")
    const guess = { setting: "header", taken: "yes", alternative: "no", message: expect.stringContaining("a guess") }
    const report = await test(name)
    expect(report.server.guesses).toEqual([guess])
    expect(report.server.warnings).toEqual([report.server.guesses[0].message])
    const stream = (await discover(name)).streams[0]
    expect(stream.guesses).toEqual([guess])
    expect((await hub.call("GET", `/v1/connectors/${name}/catalog`)).body.streams[0].guesses).toEqual([guess])
    await hub.call("PATCH", `/v1/connectors/${name}`, { config: { header: "no" } })
    expect((await test(name)).server).not.toHaveProperty("guesses")
    expect((await discover(name)).streams[0]).not.toHaveProperty("guesses")
    expect((await rows(name)).rowCount).toBe(3)
  })

  it("and the encoding is no longer a guess once all bytes have proven to be UTF-8", async () => {
    const name = await uploaded(`id,name\n${"1,a\n".repeat(70_000)}`)
    expect((await test(name)).server.guesses).toEqual([expect.objectContaining({ setting: "encoding", alternative: "windows-1252" })])
    expect((await discover(name)).streams[0]).not.toHaveProperty("guesses")
  })
})

describe("a test fails", () => {
  it.each([
    ["a login page", "<!DOCTYPE html>\n<html>\n<head><title>Sign in</title></head>\n</html>\n", "HTML"],
    ["an error in XML", '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n', "XML"],
    ["JSON", '[{"id":1,"name":"Ada"},\n{"id":2,"name":"Bo"}]\n', "JSON"],
    ["RTF", "{\\rtf1\\ansi a,b\\par}\n", "RTF"],
    ["HTML in UTF-16", Buffer.from("\uFEFF<html><body>x</body></html>", "utf16le"), "HTML"],
    ["HTML in gzip", gzipSync("<html><body>x</body></html>"), "HTML"],
  ])("for %s, and so do discovery and reads", async (_, body, says) => {
    const name = await uploaded(body)
    const error = { code: "response_invalid", message: expect.stringContaining(says) }
    expect(await test(name)).toMatchObject({ ok: false, error })
    expect(await discover(name)).toMatchObject({ code: "response_invalid", detail: expect.stringContaining(says) })
    expect(await rows(name)).toMatchObject({ code: "response_invalid", detail: expect.stringContaining(says) })
  })

  it.each([
    ["text/html; charset=utf-8", "HTML"],
    ["application/json", "JSON"],
  ])("for a file that the server declares as %s, unless that is ignored", async (type, says) => {
    const name = await served("id,name\n1,Ada\n", { "content-type": type })
    expect(await test(name)).toMatchObject({
      ok: false,
      error: { code: "response_invalid", message: expect.stringMatching(new RegExp(`Content-Type.*${says}`)) },
    })
    expect(await rows(name)).toMatchObject({ code: "response_invalid" })
    expect((await test(await served("id,name\n1,Ada\n", { "content-type": type }, { contentType: "ignored" }))).ok).toBe(true)
  })

  it("also for a declared page that is compressed", async () => {
    const name = await served(gzipSync("please sign in\n"), { "content-type": "text/html", "content-encoding": "gzip" })
    expect(await test(name)).toMatchObject({ ok: false, error: { message: expect.stringContaining("HTML") } })
  })

  it.each([
    ["rows with a different number of fields", "a,b,c\n1,2\n3,4\n", {}],
    ["no value fits a fixed type", "a,b\nx,1\ny,2\n", { columns: [{ name: "a", type: "integer" }] }],
    ["an encoding that fits no line", Buffer.from("ä,ö\nü,ß\n", "latin1"), { encoding: "utf-8", header: "no" }],
  ])("if every record is rejected: %s", async (_, body, more) => {
    const report = await test(await uploaded(body, more))
    expect(report).toMatchObject({ ok: false, error: { code: "response_invalid", message: expect.stringMatching(/is rejected: line \d/) } })
  })

  it("and so does a read if a type is fixed for a missing column", async () => {
    const name = await uploaded("id,zip\n1,007\n", { columns: [{ name: "zpi", type: "text" }] })
    const says = expect.stringMatching(/no column zpi.*it has id, zip/)
    expect(await test(name)).toMatchObject({ ok: false, error: { code: "config_invalid", message: says } })
    expect(await discover(name)).toMatchObject({ code: "config_invalid", detail: says })
    expect(await rows(name)).toMatchObject({ code: "config_invalid", detail: says })
  })
})

describe("a file without rows", () => {
  it("has columns, before and after discovery", async () => {
    const name = await uploaded("id,name,total\n")
    const names = async () => (await rows(name)).columns.map((column: { name: string }) => column.name)
    expect(await names()).toEqual(["id", "name", "total"])
    await discover(name)
    expect(await names()).toEqual(["id", "name", "total"])
    const chosen = await rows(name, `&columns=${encodeURIComponent('["total","id"]')}`)
    expect(chosen.columns.map((column: { name: string }) => column.name)).toEqual(["total", "id"])
  })

  it("rejects a selection of missing columns, before and after discovery", async () => {
    const name = await uploaded("id,name\n")
    const wrong = () => rows(name, `&columns=${encodeURIComponent('["zpi"]')}`)
    const refused = { status: 422, code: "request_invalid", detail: expect.stringMatching(/no column zpi; it has id, name/) }
    expect(await wrong()).toMatchObject(refused)
    await discover(name)
    expect(await wrong()).toMatchObject(refused)
  })
})
