import { chmodSync, readdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import { sftp } from "../../src/connectors/sftp.ts"
import { comparePaths } from "../../src/connectors/shared/files/listing.ts"
import type { Session } from "../../src/core/session.ts"
import type { Batch, Discovered, Stream } from "../../src/core/streams.ts"
import type { Value } from "../../src/core/values.ts"
import { withSession } from "../conformance/context.ts"
import { column } from "../fixtures/fixture.ts"
import { makeFolder, putFile, putLink } from "../fixtures/sftp/place.ts"
import { collect, rowsOf } from "../support/batches.ts"
import { failure } from "../support/failure.ts"
import { keepFolder } from "../support/keeper.ts"
import { SERVER_NAME } from "../support/lease.ts"
import { giveToServer } from "../support/servers/account.ts"
import { use } from "../support/use.ts"
import { openssh } from "./openssh.ts"

const server = use(() => openssh.start())

/** Work in a folder of the server's own. */
const run = <T>(folder: string, work: (session: Session) => Promise<T>, more: object = {}, options: object = {}): Promise<T> => {
  const { port, hostKey, user, privateKey } = server
  const config = { host: SERVER_NAME, port, hostKey, user, auth: { kind: "key", privateKey }, folder: join(server.folder, folder) }
  return withSession({ connector: sftp }, { ...config, ...more }, work, options)
}
const stream = (path: string): Stream => ({ path: [path], kind: "file", columns: [], key: [] })
const batch = (rows: readonly (readonly Value[])[]): Batch => ({ columns: [column("id", "integer"), column("name", "string")], rows })
const put = (folder: string, path: string, content: string | Buffer): void => putFile(server, join(folder, path), content)
const discovered = async (folder: string, more: object = {}) => {
  const found: Discovered[] = await run(folder, (session) => collect(session.discover()), more)
  const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
  return { names: found.flatMap((each) => ("stream" in each ? [each.stream.path[0]] : [])), skipped }
}
const ids = async (folder: string, path: string, more: object = {}, options: object = {}) =>
  (await run(folder, (session) => rowsOf(session.read(stream(path))), more, options)).map(({ id }) => id)

describe("files of odd names", () => {
  const ODD = [
    "a b.csv",
    "a*b?.csv",
    "a\nb.csv",
    "a/b.csv",
    "a.csv",
    "a-b/c.csv",
    "a0.csv",
    "\u{10000}.csv",
    "\uffee.csv",
    "日本/ü.csv",
    "-rf.csv",
    "'\"\\.csv",
  ]
  beforeAll(() => {
    for (const [index, path] of ODD.entries()) put("odd", path, `id\n${index}\n`)
    writeFileSync(Buffer.concat([Buffer.from(join(server.folder, "odd/latin-")), Buffer.from([0xe9]), Buffer.from(".csv")]), "id\n1\n")
  })

  test("are found in the order of their bytes, and those that are not UTF-8 are skipped with a reason", async () => {
    const { names, skipped } = await discovered("odd")
    expect(names).toEqual([...ODD].sort(comparePaths))
    expect(skipped).toEqual([{ path: ["latin-\ufffd.csv"], reason: expect.stringMatching(/not UTF-8/) }])
  })

  test("are read, each its own bytes", async () => {
    for (const [index, path] of ODD.entries()) expect([path, await ids("odd", path)]).toEqual([path, [index]])
  })
})

test("a folder of 10,000 files is read whole and in order, and by slices", async () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `${String(index).padStart(5, "0")}.ndjson`)
  makeFolder(server, "many/all")
  for (const [index, name] of names.entries()) writeFileSync(join(server.folder, "many/all", name), `{"id":${index}}\n`)
  const all = names.map((_, index) => index)
  const options = { deadlineMs: 120_000 }
  expect(await ids("many", "all/", { streams: "folder" }, options)).toEqual(all)
  const last = async (session: Session) => {
    const { slices } = await session.slices(stream("all/"), { kind: "all" }, 100)
    const [slice] = slices.slice(-1)
    if (slice === undefined) throw new Error("there are no slices")
    return [slices.length, (await rowsOf(session.read(stream("all/"), { slice }))).map(({ id }) => id)]
  }
  const [slices, some] = await run("many", last, { streams: "folder" }, options)
  expect([slices, some]).toEqual([expect.any(Number), all.slice(-(some as readonly unknown[]).length)])
  expect(slices).toBeGreaterThan(50)
}, 240_000)

describe("what is no file of the folder", () => {
  beforeAll(() => {
    put("links", "in/a.csv", "id\n1\n")
    putFile(server, "outside.csv", "id\n666\n")
    makeFolder(server, "outside")
    putLink(server, "links/out.csv", join(server.folder, "outside.csv"))
    putLink(server, "links/out", join(server.folder, "outside"))
    putLink(server, "links/relative.csv", "../outside.csv")
    putLink(server, "links/here.csv", "in/a.csv")
    putLink(server, "links/gone.csv", "nothing.csv")
  })

  test("links are skipped with a reason, and not followed", async () => {
    const { names, skipped } = await discovered("links")
    expect(names).toEqual(["in/a.csv"])
    expect(skipped.map(({ path }) => path[0])).toEqual(["gone.csv", "here.csv", "out", "out.csv", "relative.csv"])
    expect(skipped[0]?.reason).toMatch(/symbolic link/)
  })

  test.each(["out.csv", "relative.csv", "../outside.csv", "in/../../outside.csv", "out/../../outside.csv"])("%s leads out, and is not read", async (path) => {
    const error = await failure(run("links", (session) => collect(session.read(stream(path)))))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/leads outside the connector's folder/)])
  })

  test("a link that stays in the folder is read by its own path; one to nothing is not there", async () => {
    expect(await ids("links", "here.csv")).toEqual([1])
    expect((await failure(ids("links", "gone.csv"))).code).toBe("stream_not_found")
  })

  test.each(["out/", "out/new/deep/"])("nothing is written, and no folder made, through a link that leads out: %s", async (path) => {
    const error = await failure(run("links", (session) => session.write(stream(path), batch([[1, "x"]]), { mode: "append" }), { streams: "folder" }))
    expect(error.message).toMatch(/leads outside the connector's folder/)
    expect(readdirSync(join(server.folder, "outside"))).toEqual([])
  })

  test("a pipe is skipped with a reason, and opening it does not hang", async () => {
    const { execFileSync } = await import("node:child_process")
    put("pipes", "a.csv", "id\n1\n")
    execFileSync("mkfifo", [join(server.folder, "pipes/b.csv")])
    const { names, skipped } = await discovered("pipes")
    expect([names, skipped]).toEqual([["a.csv"], [{ path: ["b.csv"], reason: "It is a device, a pipe or a socket." }]])
    expect(await failure(ids("pipes", "b.csv"))).toMatchObject({ code: "stream_not_found", message: expect.stringMatching(/^b\.csv is not a file/) })
  })
})

describe("what the user may not do is said with the command that allows it", () => {
  beforeAll(() => {
    put("rights", "open/a.csv", "id\n1\n")
    put("rights", "open/shut/b.csv", "id\n2\n")
    put("rights", "secret.csv", "id\n3\n")
    makeFolder(server, "rights/fixed")
    for (const [path, mode] of [
      ["open/shut", 0o000],
      ["secret.csv", 0o000],
      ["fixed", 0o555],
    ] as const)
      chmodSync(join(server.folder, "rights", path), mode)
  })

  test("discovery and the test name a folder that may not be listed, and a file that may not be read", async () => {
    const { names, skipped } = await discovered("rights")
    expect(names).toEqual(["open/a.csv"])
    expect(skipped.map(({ path, reason }) => [path[0], reason.replace(server.folder, "…")])).toEqual([
      ["open/shut/", expect.stringMatching(/may not list ….*chmod g\+rx '…?.*\/rights\/open\/shut\/?'/)],
      ["secret.csv", expect.stringMatching(/may not read .*chmod g\+r '.*\/rights\/secret\.csv'/)],
    ])
    const { warnings } = await run("rights", (session) => session.test(), { files: "open/shut/**" })
    expect(warnings?.[0]).toMatch(/may not list .*open\/shut/)
  })

  test("rows of a folder below which something may not be listed are not read as if they were all", async () => {
    expect(await ids("rights", "open/", { streams: "folder" })).toEqual([1])
    chmodSync(join(server.folder, "rights/open/shut"), 0o755)
    renameSync(join(server.folder, "rights/open/shut"), join(server.folder, "rights/open/day=1"))
    expect(await ids("rights", "open/", { streams: "folder" })).toEqual([1, 2])
    chmodSync(join(server.folder, "rights/open/day=1"), 0o000)
    expect((await failure(ids("rights", "open/", { streams: "folder" }))).message).toMatch(/may not list .*open\/day=1/)
  })

  test("a folder that may not be written into", async () => {
    const error = await failure(run("rights", (session) => session.write(stream("fixed/"), batch([[1, "x"]]), { mode: "append" }), { streams: "folder" }))
    expect([error.code, error.message]).toEqual(["permission_denied", expect.stringMatching(/may not write .*chmod g\+wx '.*\/rights\/fixed'\.$/)])
    expect(error.remedies[0]?.title).toMatch(/permissions wx on/)
  })
})

describe("rows that are written", () => {
  test.each([
    ["csv", "none", /^csv$/],
    ["ndjson", "gzip", /^ndjson\.gz$/],
    ["json", "zstd", /^json\.zst$/],
  ])("as %s with %s are read again, and nothing else is left", async (writes, compression, extension) => {
    const config = { streams: "folder", writes, compression }
    const [at, rows] = [
      `made-${writes}/below/`,
      [
        [1, 'a,b\n"c"'],
        [2, ""],
        [3, null],
      ],
    ]
    const report = await run("written", (session) => session.write(stream(at), batch(rows), { mode: "append" }), { ...config, folder: server.folder })
    expect(report).toEqual({ written: 3, rejected: [], skipped: 0 })
    expect(await run("", (session) => rowsOf(session.read(stream(at))), config)).toEqual(rows.map(([id, name]) => ({ id, name })))
    const names = readdirSync(join(server.folder, at))
    expect(names.map((name) => name.replace(/^jackfield\.[^.]+\./, ""))).toEqual([expect.stringMatching(extension)])
  })

  test("of 20 MB are seen whole or not at all", async () => {
    makeFolder(server, "whole/large")
    const rows = Array.from({ length: 200 }, (_, index) => [index, `${index}${"x".repeat(100_000)}`])
    const seen: string[] = []
    const watching = setInterval(() => seen.push(...readdirSync(join(server.folder, "whole/large")).filter((name) => !name.startsWith("."))), 1)
    await run("whole", (session) => session.write(stream("large/"), batch(rows), { mode: "append" }), { streams: "folder" }, { deadlineMs: 60_000 })
    clearInterval(watching)
    const [name = "", ...more] = readdirSync(join(server.folder, "whole/large"))
    expect([more, new Set(seen).size <= 1]).toEqual([[], true])
    expect(readFileSync(join(server.folder, "whole/large", name)).length).toBeGreaterThan(20_000_000)
    expect(await ids("whole", "large/", { streams: "folder" }, { deadlineMs: 60_000 })).toEqual(rows.map(([id]) => id))
  })

  test("under a commit come once, also from several writers at a time", async () => {
    const write = (sequence: number) => (session: Session) =>
      session.write(stream("once/"), batch([[sequence, "x"]]), { mode: "append", commit: { run: "r", part: "p", sequence } })
    const config = { streams: "folder", folder: server.folder }
    expect(await run("", write(0), config)).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await run("", write(0), config)).toEqual({ written: 1, rejected: [], skipped: 0, already: true })
    await Promise.all([run("", write(1), config), run("", write(1), config), run("", write(1), config)])
    expect(await ids("", "once/", config)).toEqual([0, 1])
    expect(await run("", (session) => session.committed(stream("once/"), { run: "r", part: "p" }), config)).toBe(1)
  })

  test("are not read while their file has no name yet", async () => {
    put("unfinished", "a.csv", "id\n1\n")
    put("unfinished", `.jackfield-${crypto.randomUUID()}.part`, "id\n2")
    const { names, skipped } = await discovered("unfinished")
    expect([names, skipped.map(({ reason }) => reason)]).toEqual([["a.csv"], [expect.stringMatching(/left behind by an interrupted write/)]])
  })
})

describe("a read fails when its file is replaced meanwhile", () => {
  const long = `id\n${Array.from({ length: 100 }, (_, index) => index).join("\n")}\n`
  const other = long.replace("\n99\n", "\n98\n")
  const later = (path: string, content: string): void => {
    put("replaced", path, content)
    utimesSync(join(server.folder, "replaced", path), 1_000_000_000, 1_000_000_000)
  }

  test.each([
    ["by another size", (path: string) => put("replaced", path, "id\n1\n")],
    ["by the same size at another time", (path: string) => later(path, other)],
  ])("%s, between two reads", async (how, replace) => {
    const path = `${how}.csv`
    put("replaced", path, long)
    const [first] = await run("replaced", (session) => collect(session.read(stream(path))), {}, { batchRows: 10 })
    replace(path)
    const error = await failure(run("replaced", (session) => collect(session.read(stream(path), { after: first?.cursor }))))
    expect([error.code, error.message]).toEqual(["query_invalid", expect.stringMatching(/was changed or replaced/)])
  })

  test("or in the middle of one, when it is written over; a file that is renamed over it is another one", async () => {
    const rows = `id,x\n${Array.from({ length: 100_000 }, (_, index) => `${index},${"y".repeat(40)}\n`).join("")}`
    const readAnd = (path: string, change: (full: string) => void) =>
      run("replaced", async (session) => {
        put("replaced", path, rows)
        let seen = 0
        for await (const each of session.read(stream(path))) {
          if (seen === 0) change(join(server.folder, "replaced", path))
          seen += each.rows.length
        }
        return seen
      })
    const cut = await failure(readAnd("cut.csv", (full) => writeFileSync(full, "id,x\n1,2\n")))
    const over = await failure(
      readAnd("over.csv", (full) => {
        writeFileSync(full, rows.replaceAll("y", "z"))
        utimesSync(full, 1_000_000_000, 1_000_000_000)
      }),
    )
    expect([cut.code, over.code]).toEqual(["query_invalid", "query_invalid"])
    const renamed = (full: string): void => {
      writeFileSync(`${full}.new`, "id,x\n1,2\n")
      renameSync(`${full}.new`, full)
    }
    expect(await readAnd("under.csv", renamed)).toBe(100_000)
  })
})

describe("a refusal names its cause and the next step", () => {
  test("another host key, with the remedy to pin it", async () => {
    const error = await failure(run("", (session) => session.test(), { hostKey: `SHA256:${"B".repeat(43)}` }))
    expect([error.code, error.message]).toEqual(["host_key_mismatch", expect.stringContaining(server.hostKey)])
    expect(error.remedies).toMatchObject([{ kind: "trust_host_key", pointer: "/hostKey", value: server.hostKey }])
  })

  test("a key that the user does not have", async () => {
    const error = await failure(run("", (session) => session.test(), { user: "somebody-else" }))
    expect([error.code, error.message]).toEqual(["auth_failed", expect.stringMatching(/refused the login; check the user/)])
  })

  test.each(["no-such-folder", "outside.csv"])("no folder: %s", async (folder) => {
    const error = await failure(run(folder, (session) => session.test()))
    expect([error.code, error.message]).toEqual(["database_not_found", expect.stringMatching(/has no folder .*; correct Folder\.$/)])
    expect(error.remedies).toMatchObject([{ pointer: "/folder" }])
  })

  test("the test names the server, its version and the file", async () => {
    const facts = await run("odd", (session) => session.test())
    expect(facts).toMatchObject({ product: "OpenSSH", version: expect.stringMatching(/^9\./), details: { format: "csv" } })
  })
})

test.runIf(process.getuid?.() === 0)("a full disk is an error of the server's, and leaves nothing", async () => {
  const { execFileSync } = await import("node:child_process")
  await using kept = keepFolder("sftp-disk")
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=777", "tmpfs", kept.path])
  try {
    giveToServer(kept.path)
    symlinkSync(kept.path, join(server.folder, "small"))
    const rows = Array.from({ length: 100 }, (_, index) => [index, "x".repeat(100_000)])
    const error = await failure(run("small", (session) => session.write(stream("full/"), batch(rows), { mode: "append" }), { streams: "folder" }))
    expect([error.code, error.message]).toEqual(["remote_failed", expect.stringMatching(/could not write .*: Failure; its disk may be full/)])
    expect(readdirSync(join(kept.path, "full"))).toEqual([])
  } finally {
    execFileSync("umount", [kept.path])
  }
})
