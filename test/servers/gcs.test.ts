import type { ServerResponse } from "node:http"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { gcs } from "../../src/connectors/gcs.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { startGcs } from "../fixtures/gcs.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const server = use(() => startGcs())
const run = <T>(bucket: string, work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: gcs }, { ...server.config, bucket, streams: "file", writes: "csv", ...more }, work, options)
const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const batch = (rows: readonly (readonly Value[])[]): Batch => ({ columns: [column("id", "integer"), column("name", "string")], rows })

/** Names that a URL, JSON or a glob could change. */
const ODD = ["a b.csv", "a+b.csv", "a%20b.csv", "ü/日本.csv", "q?x=1&y#z.csv", "it's (1)!*.csv", '<&>".csv', "a/../b.csv", "//twice.csv"]

describe("files of odd names", () => {
  beforeAll(async () => {
    await server.makeBucket("odd-names")
    for (const [index, key] of ODD.entries()) await server.put("odd-names", key, `id\n${index}\n`)
  })

  test("are found, each under its own name", async () => {
    const found = await run("odd-names", (session) => collect(session.discover()))
    expect(found.flatMap((each) => ("stream" in each ? [each.stream.path[0]] : [])).sort()).toEqual([...ODD].sort())
  })

  test("are read, each its own bytes", async () => {
    for (const [index, key] of ODD.entries())
      expect([key, await run("odd-names", (session) => rowsOf(session.read(stream(key))))]).toEqual([key, [{ id: index }]])
  })
})

test("a listing of several pages is whole, and in the order of its names", { timeout: 120_000 }, async () => {
  await server.makeBucket("many")
  const keys = Array.from({ length: 1_100 }, (_, index) => `all/${String(index).padStart(5, "0")}.csv`)
  for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key, index) => server.put("many", key, `id\n${at + index}\n`)))
  const rows = await run("many", (session) => rowsOf(session.read(stream("all/"))), { streams: "folder" }, { deadlineMs: 120_000 })
  expect(rows.map(({ id }) => id)).toEqual(keys.map((_, index) => index))
})

describe("rows that are written", () => {
  beforeAll(() => server.makeBucket("written"))
  const config = { streams: "folder" }
  const long = "x".repeat(100_000)
  const large = Array.from({ length: 400 }, (_, index) => [index, `${index}${long}`])

  test("of more than a piece are one file, sent by a resumable upload", async () => {
    await run("written", (session) => session.write(stream("large/"), batch(large), { mode: "append" }), config, { deadlineMs: 120_000 })
    const read = await run("written", (session) => rowsOf(session.read(stream("large/"))), config, { deadlineMs: 120_000 })
    expect(read.map(({ id, name }) => [id, name])).toEqual(large)
  })

  test("under a commit come once", async () => {
    const write = () =>
      run("written", (session) => session.write(stream("once/"), batch([[1, "x"]]), { mode: "append", commit: { run: "r", part: "p", sequence: 0 } }), config)
    expect(await write()).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await write()).toEqual({ written: 1, rejected: [], skipped: 0, already: true })
    expect(await run("written", (session) => rowsOf(session.read(stream("once/"))), config)).toHaveLength(1)
  })

  describe("are not said to be stored", () => {
    const answers = (answer: (response: ServerResponse) => void, pattern: RegExp) => server.front.answer(pattern, answer)
    const write = (rows = large) =>
      failure(run("written", (session) => session.write(stream("lost/"), batch(rows), { mode: "append" }), config, { deadlineMs: 120_000 }))

    test.each([
      ["by an upload at another place", /uploadType=resumable/, { location: "https://evil.example/upload" }, 200, /names another place/],
      ["when fewer bytes are there than were sent", /upload_id=/, { range: "bytes=0-99" }, 308, /says that 100 of \d+ bytes/],
    ] as const)("%s", async (_, pattern, headers, status, message) => {
      const undo = answers((response) => response.writeHead(status, headers).end(), pattern)
      expect((await write()).message).toMatch(message)
      undo()
    })

    test("when the answer has another size", async () => {
      const undo = answers(
        (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"generation":"1","size":"1"}'),
        /uploadType=media/,
      )
      expect((await write([[1, "one"]])).message).toMatch(/says that 1 of \d+ bytes are stored/)
      undo()
    })
  })
})

test("a read fails when its file is replaced meanwhile", async () => {
  await server.makeBucket("replaced")
  await server.put("replaced", "a.csv", `id\n${Array.from({ length: 100 }, (_, index) => index).join("\n")}\n`)
  const [first] = await run("replaced", (session) => collect(session.read(stream("a.csv"))), {}, { batchRows: 10 })
  await server.put("replaced", "a.csv", "id\n1\n")
  const error = await failure(run("replaced", (session) => collect(session.read(stream("a.csv"), { after: first?.cursor }))))
  expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/a\.csv was changed or replaced/)])
})

describe("a refusal names its cause and the next step", () => {
  beforeEach(() => server.makeBucket("refusals").catch(() => undefined))

  test.each([
    ["a bucket that is not there", "no-such-bucket", {}, "database_not_found", /check the bucket's name/],
    ["a token without the scope", "refusals", { scope: "https://www.googleapis.com/auth/bigquery" }, "permission_denied", /scope|role Storage Object Viewer/],
    ["a token that is none", "refusals", { auth: { kind: "oauth_token", token: "ya29.none" } }, "auth_failed", /check the key or the token/],
  ])("%s", async (_, bucket, { scope, ...more }: { scope?: string; auth?: object }, code, message) => {
    const auth = scope === undefined ? {} : { auth: { kind: "oauth_token", token: server.front.tokens.make("a@b.iam.gserviceaccount.com", [scope]) } }
    const error = await failure(run(bucket, (session) => session.test(), { ...more, ...auth }))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })
})
