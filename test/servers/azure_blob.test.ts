import { beforeAll, describe, expect, test } from "vitest"
import { originOf } from "../../src/connectors/azure_blob/container.ts"
import { azureBlob } from "../../src/connectors/azure_blob.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { startBlobs } from "../fixtures/azure_blob.ts"
import { column } from "../fixtures/fixture.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { use } from "../support/use.ts"

const server = use(() => startBlobs())
const run = <T>(container: string, work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> =>
  withSession({ connector: azureBlob }, { ...server.config, container, streams: "file", writes: "csv", ...more }, work, options)
const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const batch = (rows: readonly (readonly Value[])[]): Batch => ({ columns: [column("id", "integer"), column("name", "string")], rows })
const FOLDERS = { streams: "folder" }

/** Names that a URL, a signature or XML could change, and letters of both cases. */
const ODD = [
  "a b.csv",
  "a+b.csv",
  "a%20b.csv",
  "ü/日本.csv",
  "q?x=1&y#z.csv",
  "it's (1)!*.csv",
  "<&>.csv",
  "Upper/B.csv",
  "lower/a.csv",
  "semi;colon,comma.csv",
]

describe("files of odd names", () => {
  beforeAll(async () => {
    await server.makeContainer("odd-names")
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

test("a read of a folder goes on behind any of its files", async () => {
  await server.makeContainer("going-on")
  const keys = Array.from({ length: 30 }, (_, index) => `all/${String(index).padStart(5, "0")}.csv`)
  for (const [index, key] of keys.entries()) await server.put("going-on", key, `id\n${index}\n`)
  const batches = await run("going-on", (session) => collect(session.read(stream("all/"))), FOLDERS, { batchRows: 1 })
  expect(batches.map(({ rows }) => rows[0]?.[0])).toEqual(keys.map((_, index) => index))
  for (const at of [0, 13, 29]) {
    const rest = await run("going-on", (session) => rowsOf(session.read(stream("all/"), { after: batches[at]?.cursor })), FOLDERS)
    expect(rest.map(({ id }) => id)).toEqual(keys.map((_, index) => index).slice(at + 1))
  }
})

describe("rows that are written", () => {
  beforeAll(() => server.makeContainer("written"))

  test("of more than a block are one file, in their order", async () => {
    const long = "x".repeat(100_000)
    const rows = Array.from({ length: 400 }, (_, index) => [index, `${index}${long}`])
    await run("written", (session) => session.write(stream("large/"), batch(rows), { mode: "append" }), FOLDERS, { deadlineMs: 120_000 })
    const read = await run("written", (session) => rowsOf(session.read(stream("large/"))), FOLDERS, { deadlineMs: 120_000 })
    expect(read.map(({ id, name }) => [id, name])).toEqual(rows)
  })

  test("under a commit come once", async () => {
    const commit = { run: "r", part: "p", sequence: 0 }
    const write = () => run("written", (session) => session.write(stream("once/"), batch([[1, "x"]]), { mode: "append", commit }), FOLDERS)
    expect(await write()).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await write()).toEqual({ written: 1, rejected: [], skipped: 0, already: true })
    expect(await run("written", (session) => rowsOf(session.read(stream("once/"))), FOLDERS)).toHaveLength(1)
  })
})

test("a read fails when its file is replaced meanwhile", async () => {
  await server.makeContainer("replaced")
  await server.put("replaced", "a.csv", `id\n${Array.from({ length: 100 }, (_, index) => index).join("\n")}\n`)
  const [first] = await run("replaced", (session) => collect(session.read(stream("a.csv"))), {}, { batchRows: 10 })
  await server.put("replaced", "a.csv", "id\n1\n")
  const error = await failure(run("replaced", (session) => collect(session.read(stream("a.csv"), { after: first?.cursor }))))
  expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/a\.csv was changed or replaced/)])
})

describe("a refusal names its cause and the next step", () => {
  beforeAll(() => server.makeContainer("refusals"))

  test("a container that is not there", async () => {
    const error = await failure(run("no-such-container", (session) => session.test()))
    expect([error.code, error.message]).toEqual(["database_not_found", expect.stringMatching(/ContainerNotFound.*check the container's name/)])
  })

  test("a signature that may only read", async () => {
    const auth = { kind: "sas", sas: server.sas("refusals", "r") }
    const error = await failure(run("refusals", (session) => session.test(), { auth }))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/AuthorizationPermissionMismatch.*Storage Blob Data Reader/)])
  })

  // The vendor says AuthenticationFailed here, and its emulator this.
  test("a signature for another container", async () => {
    const auth = { kind: "sas", sas: server.sas("elsewhere", "rl") }
    const error = await failure(run("refusals", (session) => session.test(), { auth }))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/AuthorizationFailure.*give the login its rights/)])
  })
})

test.each([
  [{ account: "mystorage", endpoint: { kind: "standard", cloud: "public" } }, "https://mystorage.blob.core.windows.net"],
  [{ account: "mystorage", endpoint: { kind: "standard", cloud: "china" } }, "https://mystorage.blob.core.chinacloudapi.cn"],
  [{ account: "mystorage", endpoint: { kind: "custom", url: "https://blobs.example.com:444/" } }, "https://blobs.example.com:444"],
])("%j is at %s", (settings, origin) => expect(originOf(settings as never)).toBe(origin))
