import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { databricks } from "../../src/connectors/databricks.ts"
import type { Batch } from "../../src/core/streams.ts"
import { startWorkspace } from "../fixtures/databricks.ts"
import { collect } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"
import { withSession } from "./context.ts"

const workspace = use(() => startWorkspace())

const ID = "01ef0000-0000-1000-8000-000000000000"
const query = (options: Parameters<typeof withSession>[3] = {}): Promise<Batch[]> =>
  withSession({ connector: databricks }, workspace.config, (session) => collect(session.query("SELECT 1", [])), options)
const json =
  (body: object) =>
  (response: ServerResponse): void =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
const columns = [{ name: "c", position: 0, type_name: "STRING", type_text: "STRING" }]
const done = (result: object, manifest: object = {}) =>
  json({ statement_id: ID, status: { state: "SUCCEEDED" }, manifest: { total_chunk_count: 1, schema: { columns }, ...manifest }, result })
const linked = (more: object = {}) => ({
  external_links: [
    { chunk_index: 0, row_count: 2, external_link: `https://${workspace.storage}/x`, expiration: new Date(Date.now() + 900_000).toISOString(), ...more },
  ],
})
const stored =
  (text: string, status = 200) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, { "content-type": "application/json" }).end(text)

describe("an answer that no workspace gives", () => {
  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["no JSON", (response) => void response.writeHead(200).end("<html>"), /not JSON/],
    ["no id", json({ status: { state: "SUCCEEDED" } }), /no statement id/],
    ["an id that is a path", json({ statement_id: "../../x", status: { state: "RUNNING" } }), /no statement id/],
    ["a chunk that comes again", done({ data_array: [["1"]], next_chunk_index: 0 }, { total_chunk_count: 9 }), /names chunk 0 behind chunk 0/],
    ["a chunk beyond the last one", done({ data_array: [["1"]], next_chunk_index: 1 }), /names chunk 1 behind chunk 0 of 1/],
    ["fewer chunks than it has", done({ data_array: [["1"]] }, { total_chunk_count: 3 }), /ends with chunk 0 of 3/],
    ["cells that are objects", done({ data_array: "x" }), /rows in a form of their own/],
    ["columns without a type", done({ data_array: [] }, { schema: { columns: [{ name: "c" }] } }), /a column without a name or a type/],
    ["a redirect", (response) => void response.writeHead(302, { location: "https://elsewhere.example/x" }).end(), /redirect/],
  ])("%s is refused", async (_, answer, says) => {
    workspace.server.failNext(/statements$/, answer)
    const error = await failure(query())
    expect(error).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says) })
  })

  test.each<[string, object, string, RegExp]>([
    ["fewer rows than it promises", {}, '[["1"]]', /has 1 rows in a chunk of 2/],
    ["more rows than it promises", {}, '[["1"],["2"],["3"]]', /has 3 rows in a chunk of 2/],
    ["a text that is cut off", {}, '[["1"],["2"]', /ends in the middle/],
    ["numbers", {}, "[[1],[2]]", /form of their own/],
    ["a page", {}, "<html></html>", /ends in the middle/],
    ["a header of our login", { http_headers: { Authorization: "Basic x" } }, "[]", /asks for the header Authorization/],
    ["a header of the host", { http_headers: { Host: "x" } }, "[]", /asks for the header Host/],
    ["plain HTTP", { external_link: "http://storage.example/x" }, "[]", /not https/],
    ["no link", { external_link: 7 }, "[]", /no link/],
  ])("a link with %s is refused", async (_, more, text, says) => {
    workspace.server.failNext(/blob/, stored(text))
    workspace.server.failNext(/statements$/, done(linked(more)))
    const error = await failure(query())
    expect(error).toMatchObject({ code: "response_invalid", message: expect.stringMatching(says) })
    // What was not asked for is not left for the next test.
    workspace.server.forget()
  })

  test("several links in one answer are read in their order, and each ends with its own rows", async () => {
    const [first] = linked({ row_count: 1 }).external_links
    const links = (second: number) => ({ external_links: [first, { ...first, chunk_index: 1, row_count: second }] })
    workspace.server.failNext(/blob/, stored('[["1"]]'), stored('[["2"],["3"]]'))
    workspace.server.failNext(/statements$/, done(links(2), { total_chunk_count: 2 }))
    expect((await query()).flatMap(({ rows }) => rows)).toEqual([["1"], ["2"], ["3"]])
    workspace.server.failNext(/blob/, stored('[["1"]]'), stored('[["2"],["3"]]'))
    workspace.server.failNext(/statements$/, done(links(3), { total_chunk_count: 2 }))
    expect(await failure(query())).toMatchObject({ code: "response_invalid", message: expect.stringMatching(/has 2 rows in a chunk of 3/) })
  })

  test("a storage that redirects, fails or breaks off is an error, and its link is not told", async () => {
    for (const [answer, code] of [
      [(response: ServerResponse) => void response.writeHead(302, { location: "https://169.254.169.254/" }).end(), "remote_failed"],
      [stored("<Error>sig=abc</Error>", 500), "remote_failed"],
      [
        (response: ServerResponse) => {
          response.writeHead(200, { "content-length": "1000" }).write('[["1"],')
          setImmediate(() => response.destroy())
        },
        "connection_lost",
      ],
    ] as const) {
      workspace.server.failNext(/blob/, answer)
      workspace.server.failNext(/statements$/, done(linked({ external_link: `https://${workspace.storage}/x?sig=abc` })))
      const error = await failure(query())
      expect(error.code).toBe(code)
      expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain("sig=")
    }
  })

  test("a result without end is read as it comes, and ends with the reader", async () => {
    const half = (response: ServerResponse): void => {
      response.writeHead(200)
      response.write("[")
      const more = (): void => {
        while (!response.destroyed && response.write(`["${"x".repeat(1_000)}"],`));
        if (!response.destroyed) response.once("drain", more)
      }
      more()
    }
    workspace.server.failNext(/blob/, half)
    workspace.server.failNext(/statements$/, done(linked({ row_count: 1_000_000_000 })))
    const batches = await query({ maxRows: 10_000, batchRows: 1_000 })
    expect(batches.flatMap(({ rows }) => rows)).toHaveLength(10_000)
  })

  test("a cell without end is refused before it fills the memory", async () => {
    workspace.server.failNext(/blob/, (response) => {
      response.writeHead(200)
      response.write('[["')
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", more)
      }
      more()
    })
    workspace.server.failNext(/statements$/, done(linked()))
    expect(await failure(query())).toMatchObject({ code: "response_too_large" })
  })
})
