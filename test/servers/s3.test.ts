import { beforeAll, describe, expect, test } from "vitest"
import { s3 } from "../../src/connectors/s3.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Discovered, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { ownerOf } from "../fixtures/s3/owner.ts"
import { startStoredFront } from "../fixtures/stored-front.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { use } from "../support/use.ts"
import { versitygw } from "./versitygw.ts"

const gateway = use(() => versitygw.start())
const front = use(() => startStoredFront(gateway))
const owner = () => ownerOf(gateway)

const run = <T>(bucket: string, work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> => {
  const { region, accessKeyId, secretAccessKey } = gateway
  const endpoint = { kind: "custom", url: `https://${SERVER_NAME}:${front.site.secure.port}`, tls: { kind: "verify", ca: front.site.ca } }
  return withSession({ connector: s3 }, { bucket, region, auth: { kind: "access_key", accessKeyId, secretAccessKey }, endpoint, ...more }, work, options)
}
const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const batch = (rows: readonly (readonly Value[])[]): Batch => ({ columns: [column("id", "integer"), column("name", "string")], rows })
const discovered = async (bucket: string, more: object = {}) => {
  const found: Discovered[] = await run(bucket, (session) => collect(session.discover()), more)
  const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
  return { names: found.flatMap((each) => ("stream" in each ? [each.stream.path[0]] : [])), skipped }
}

/** Names that a URL, XML or a glob could change. */
const ODD = ["a b.csv", "a+b.csv", "a%20b.csv", "ü/日本.csv", "q?x=1&y#z.csv", "it's (1)!*.csv", '<&>".csv', "semi;colon,comma.csv", "dir=1/~tilde.csv"]

describe("files of odd names", () => {
  beforeAll(async () => {
    await owner().makeBucket("odd-names")
    for (const [index, key] of ODD.entries()) await owner().put("odd-names", key, `id\n${index}\n`)
  })

  test("are found, each under its own name", async () => {
    const { names, skipped } = await discovered("odd-names")
    expect([[...names].sort(), skipped]).toEqual([[...ODD].sort(), []])
  })

  test("are read, each its own bytes", async () => {
    for (const [index, key] of ODD.entries())
      expect([key, await run("odd-names", (session) => rowsOf(session.read(stream(key))))]).toEqual([key, [{ id: index }]])
  })
})

test("a listing of several pages is whole, and in the order of its names", { timeout: 120_000 }, async () => {
  await owner().makeBucket("many")
  const keys = Array.from({ length: 1_100 }, (_, index) => `all/${String(index).padStart(5, "0")}.csv`)
  for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key, index) => owner().put("many", key, `id\n${at + index}\n`)))
  const rows = await run("many", (session) => rowsOf(session.read(stream("all/"))), { streams: "folder" }, { deadlineMs: 120_000 })
  expect(rows.map(({ id }) => id)).toEqual(keys.map((_, index) => index))
})

describe("rows that are written", () => {
  beforeAll(() => owner().makeBucket("written"))

  test.each([
    ["csv", "none", /^csv$/],
    ["ndjson", "gzip", /^ndjson\.gz$/],
    ["json", "zstd", /^json\.zst$/],
  ])("as %s with %s are read again", async (writes, compression, extension) => {
    const folder = `${writes}-${compression}/`
    const config = { streams: "folder", writes, compression }
    const rows = [
      [1, 'a,b\n"c"'],
      [2, ""],
      [3, null],
    ]
    const report = await run("written", (session) => session.write(stream(folder), batch(rows), { mode: "append" }), config)
    expect(report).toEqual({ written: 3, rejected: [], skipped: 0 })
    expect(await run("written", (session) => rowsOf(session.read(stream(folder))), config)).toEqual(rows.map(([id, name]) => ({ id, name })))
    const [name = ""] = (await discovered("written", { files: `${folder}*` })).names
    expect(name.replace(/^.*jackfield\.[^.]+\./, "")).toMatch(extension)
  })

  test("of more than a part are one file, sent in parts", async () => {
    const long = "x".repeat(100_000)
    const rows = Array.from({ length: 400 }, (_, index) => [index, `${index}${long}`])
    await run("written", (session) => session.write(stream("large/"), batch(rows), { mode: "append" }), { streams: "folder" }, { deadlineMs: 120_000 })
    const { names } = await discovered("written", { files: "large/*" })
    expect(names).toHaveLength(1)
    expect((await owner().get("written", names[0] ?? "")).length).toBeGreaterThan(2 * 16 * 1_048_576)
    const read = await run("written", (session) => rowsOf(session.read(stream("large/"))), { streams: "folder" }, { deadlineMs: 120_000 })
    expect(read.map(({ id, name }) => [id, name])).toEqual(rows)
  })

  test("under a commit come once, also from two writers at a time", async () => {
    const config = { streams: "folder" }
    const write = (sequence: number) =>
      run(
        "written",
        (session) => session.write(stream("once/"), batch([[sequence, "x"]]), { mode: "append", commit: { run: "r", part: "p", sequence } }),
        config,
      )
    expect(await write(0)).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await write(0)).toEqual({ written: 1, rejected: [], skipped: 0, already: true })
    await Promise.all([write(1), write(1), write(1)])
    expect(await run("written", (session) => rowsOf(session.read(stream("once/"))), config)).toHaveLength(2)
    expect(await run("written", (session) => session.committed(stream("once/"), { run: "r", part: "p" }), config)).toBe(1)
  })
})

test("a read fails when its file is replaced meanwhile", async () => {
  await owner().makeBucket("replaced")
  await owner().put("replaced", "a.csv", `id\n${Array.from({ length: 100 }, (_, index) => index).join("\n")}\n`)
  const [first] = await run("replaced", (session) => collect(session.read(stream("a.csv"))), {}, { batchRows: 10 })
  await owner().put("replaced", "a.csv", "id\n1\n")
  const error = await failure(run("replaced", (session) => collect(session.read(stream("a.csv"), { after: first?.cursor }))))
  expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/a\.csv was changed or replaced/)])
})

describe("a refusal names its cause and the next step", () => {
  test.each([
    ["a bucket that is not there", "no-such-bucket", {}, "database_not_found", /NoSuchBucket.*check the bucket's name/],
    ["another region", "refusals", { region: "us-east-2" }, "config_invalid", /is in the region eu-west-1, not in us-east-2; correct Region/],
    [
      "an unknown key",
      "refusals",
      { auth: { kind: "access_key", accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "x".repeat(40) } },
      "auth_failed",
      /provided access key.*check the access key/,
    ],
  ])("%s", async (_, bucket, more, code, message) => {
    if (bucket === "refusals")
      await owner()
        .makeBucket(bucket)
        .catch(() => undefined)
    const error = await failure(run(bucket, (session) => session.test(), more))
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)])
  })
})
