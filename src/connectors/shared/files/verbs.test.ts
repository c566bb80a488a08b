import { rm } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { collect } from "../../../../test/support/batches.ts"
import { bytesIn } from "../../../../test/support/byte-sources.ts"
import { folderStore, writeIn } from "../../../../test/support/folder-store.ts"
import { type KeptFolder, keepFolder } from "../../../../test/support/keeper.ts"
import type { Call } from "../../../core/call.ts"
import { type Batch, type Discovered, EVERYTHING, type ReadOptions, type Slice, type Stream } from "../../../core/streams.ts"
import type { Value } from "../../../core/values.ts"
import { csvFormat } from "./csv/format.ts"
import { jsonFormat } from "./json/format.ts"
import { Layout, type LayoutSpec } from "./layout.ts"
import { ndjsonFormat } from "./ndjson/format.ts"
import type { FileClient } from "./open-file.ts"
import { fileVerbs, fileWriteVerbs } from "./verbs.ts"

const verbs = { ...fileVerbs<FileClient>("Files"), ...fileWriteVerbs<FileClient>() }
const call = (more: Partial<Call> = {}): Call =>
  ({
    batchRows: 2,
    signal: new AbortController().signal,
    remainingMs: () => 1e6,
    stage: (_: string, work: () => unknown) => work(),
    log: () => undefined,
    ...more,
  }) as unknown as Call

let folder: KeptFolder
let root: string
beforeEach(() => {
  folder = keepFolder("files")
  root = folder.path
})
afterEach(() => folder.close())

const client = (layout: LayoutSpec, more: Partial<FileClient> = {}): FileClient => ({
  store: folderStore(root),
  layout: new Layout(layout),
  formats: [csvFormat(), ndjsonFormat(), jsonFormat()],
  survey: "heads",
  ...more,
})
const FILES = { per: "file", glob: "**" } as const
const FOLDERS = { per: "folder", glob: "**" } as const
const stream = (path: string, columns: Stream["columns"] = []): Stream => ({ path: [path], kind: "file", columns, key: [] })
const put = (path: string, content: string | Buffer): Promise<void> => writeIn(root, path, content)

const discovered = async (of: FileClient) => {
  const found: Discovered[] = await collect(verbs.discover(of, call()))
  const streams = found.flatMap((each) => ("stream" in each ? [each.stream] : []))
  const skipped = found.flatMap((each) => ("skipped" in each ? [each.skipped] : []))
  const counted = found.flatMap((each) => ("counted" in each ? [each.counted] : []))
  expect(counted.map(({ total }) => total)).toEqual([streams.length + skipped.length])
  return { streams, skipped, counted: counted[0] }
}
const batches = (of: FileClient, from: Stream, more: Partial<ReadOptions> = {}, limits: Partial<Call> = {}): Promise<Batch[]> =>
  collect(verbs.read(of, from, { ...EVERYTHING, ...more }, call(limits)))
const rows = async (of: FileClient, from: Stream, more: Partial<ReadOptions> = {}): Promise<(readonly Value[])[]> =>
  (await batches(of, from, more)).flatMap((batch) => [...batch.rows])

/** Writes two months of orders into partition folders, in all formats and compressions. */
async function orders(): Promise<void> {
  await put("orders/dt=2026-01-01/a.csv", "id,total\n1,1.50\n2,2\n3,3\n")
  await put("orders/dt=2026-01-01/b.ndjson.gz", gzipSync('{"id":4,"total":4}\n{"id":5,"note":"n"}\n'))
  await put("orders/dt=2026-02-01/c.json", '[{"id":6,"total":6.25}]')
  await put("orders/dt=2026-02-01/d.csv.zst", zstdCompressSync("total;id\n7,5;7\n8,5;8\nbad\n"))
}
const ORDERS: (readonly Value[])[] = [
  [1, "1.50", null, "2026-01-01"],
  [2, "2", null, "2026-01-01"],
  [3, "3", null, "2026-01-01"],
  [4, "4", null, "2026-01-01"],
  [5, null, "n", "2026-01-01"],
  [6, "6.25", null, "2026-02-01"],
]

describe("a folder is a stream", () => {
  it("with the columns of all of its files and of its partition folders, in any format", async () => {
    await orders()
    await put("orders/dt=2026-02-01/d.csv.zst", zstdCompressSync("total,id\n"))
    await put("people.csv", "id,name\n1,Zoë\n")
    await put("other/deep/x.ndjson", '{"a":1}\n')
    await put("other/y.csv", "b,c\n1,2\n")
    const { streams, skipped } = await discovered(client(FOLDERS))
    expect(skipped).toEqual([])
    expect(streams.map(({ path, columns }) => [path, columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "" : "!"}`)])).toEqual([
      [["orders/"], ["id integer", "total decimal", "note string", "dt date"]],
      [["other/deep/"], ["a integer"]],
      [["other/"], ["b integer", "c integer"]],
      [["./"], ["id integer", "name string"]],
    ])
  })

  it("whose rows come file by file, with the folders' values and the reason for each record that is not a row", async () => {
    await orders()
    const of = client(FOLDERS)
    const all = await batches(of, stream("orders/"))
    expect(all.flatMap((batch) => [...batch.rows]).slice(0, 6)).toEqual(ORDERS)
    expect(all.every((batch) => batch.rows.length <= 2)).toBe(true)
    const rejected = all.flatMap((batch) => batch.rejected ?? [])
    expect(rejected.at(-1)).toMatchObject({ file: "orders/dt=2026-02-01/d.csv.zst", line: 4, lastLine: 4, reason: "has 1 field, and the file has 2 columns." })
  })

  it("that resumes after any batch", async () => {
    await orders()
    const from = stream("orders/")
    const all = await batches(client(FOLDERS), from)
    for (const [index, { cursor }] of all.entries())
      expect(await rows(client(FOLDERS), from, { after: cursor })).toEqual(all.slice(index + 1).flatMap((batch) => batch.rows))
    expect(await batches(client(FOLDERS), from, {}, { maxRows: 3, batchRows: 10 })).toMatchObject([{ rows: ORDERS.slice(0, 3) }])
  })

  it("that fails if the file of a cursor was changed or deleted, unless it was deleted after it was read to its end", async () => {
    await orders()
    const from = stream("orders/")
    const all = await batches(client(FOLDERS), from)
    const [inside, done] = [all[0]?.cursor, all[1]?.cursor]
    await rm(join(root, "orders/dt=2026-01-01/a.csv"))
    await expect(batches(client(FOLDERS), from, { after: inside })).rejects.toMatchObject({
      code: "query_invalid",
      message: expect.stringContaining("a.csv was changed or replaced"),
    })
    expect((await rows(client(FOLDERS), from, { after: done })).slice(0, 3)).toEqual(ORDERS.slice(3))
    await put("orders/dt=2026-01-01/a.csv", "id,total\n9,9\n")
    for (const after of [inside, done])
      await expect(batches(client(FOLDERS), from, { after })).rejects.toMatchObject({ message: expect.stringContaining("a.csv was changed") })
  })

  it("that can be read with some columns of its catalog, in another order", async () => {
    await orders()
    const [found] = (await discovered(client(FOLDERS))).streams
    const picked = ["dt", "note", "id"].flatMap((name) => found?.columns.filter((column) => column.name === name) ?? [])
    expect(picked.map(({ type }) => type)).toEqual(["date", "string", "integer"])
    expect((await rows(client(FOLDERS), stream("orders/", picked))).slice(0, 6)).toEqual(ORDERS.map(([id, , note, dt]) => [dt, note, id]))
  })

  it("that fails by name for a file with a column that the first files lack, if there is no catalog", async () => {
    for (let index = 10; index < 40; index++) await put(`x/${index}.csv`, index === 35 ? "a,b,c\n1,2,3\n" : "a,b\n1,2\n")
    await expect(batches(client(FOLDERS), stream("x/"))).rejects.toMatchObject({
      code: "query_invalid",
      message: expect.stringMatching(/x\/35\.csv has the column c/),
    })
  })

  it("that may have a partition without a value, and fails by name for a value that its column cannot hold", async () => {
    await put("t/n=1/x.csv", "a,b\n1,2\n")
    await put("t/n=__HIVE_DEFAULT_PARTITION__/x.csv", "a,b\n3,4\n")
    const [found] = (await discovered(client(FOLDERS))).streams
    expect(await rows(client(FOLDERS), stream("t/", found?.columns ?? []))).toEqual([
      [1, 2, 1],
      [3, 4, null],
    ])
    await put("t/n=x%20y/x.csv", "a,b\n5,6\n")
    await expect(rows(client(FOLDERS), stream("t/", found?.columns ?? []))).rejects.toMatchObject({
      code: "query_invalid",
      message: expect.stringContaining("the value x y"),
    })
    expect((await discovered(client(FOLDERS))).streams[0]?.columns.at(-1)).toMatchObject({ name: "n", type: "string" })
  })
})

describe("a file is a stream", () => {
  it("of its own, and only if it matches", async () => {
    await orders()
    await put("orders/secret.csv", "a,b\n1,2\n")
    const of = client({ per: "file", glob: "orders/dt=*/*" })
    expect((await discovered(of)).streams.map(({ path }) => path[0])).toEqual([
      "orders/dt=2026-01-01/a.csv",
      "orders/dt=2026-01-01/b.ndjson.gz",
      "orders/dt=2026-02-01/c.json",
      "orders/dt=2026-02-01/d.csv.zst",
    ])
    expect(await rows(of, stream("orders/dt=2026-01-01/a.csv"))).toEqual([
      [1, "1.50"],
      [2, "2"],
      [3, "3"],
    ])
    for (const path of ["orders/secret.csv", "orders/dt=2026-01-01/none.csv", "../x", "orders/"])
      await expect(rows(of, stream(path))).rejects.toMatchObject({ code: "stream_not_found" })
    await expect(rows(of, { ...stream("x"), path: [] })).rejects.toMatchObject({ code: "stream_not_found" })
  })

  it("whose columns fit all of its values, if discovery reads them all", async () => {
    await put("a.csv", `n,at\n${"1,2026-01-01T00:00Z\n".repeat(60_000)}x,\n`)
    await put("b.csv", "n,m\n1,2\n3\n")
    const { streams, skipped } = await discovered(client(FILES, { survey: "values" }))
    expect(streams.map(({ columns, estimatedRows }) => [columns.map(({ type }) => type), estimatedRows])).toEqual([
      [["string", "timestamp"], 60_001],
      [["integer", "integer"], 1],
    ])
    expect(streams[0]?.columns[1]).toMatchObject({ zoned: true })
    expect(skipped).toEqual([{ path: ["b.csv", "line 3"], reason: "has 1 field, and the file has 2 columns." }])
  })

  it("that is skipped with the reason if it cannot be read, while the others are listed", async () => {
    await put("a.csv", "a,b\n1,2\n")
    await put("b.png", Buffer.from("89504e470d0a1a0a", "hex"))
    await put("c.csv", "")
    await put("d.parquet", "PAR1xxxxPAR1")
    await put("e.csv.gz", gzipSync("a,b\n1,2\n").subarray(0, 20))
    const { streams, skipped, counted } = await discovered(client(FILES))
    expect(streams.map(({ path }) => path)).toEqual([["a.csv"]])
    expect(skipped.map(({ path, reason }) => [path[0], reason])).toEqual([
      ["b.png", "The file b.png cannot be read: it is a PNG image."],
      ["c.csv", expect.stringContaining("is empty")],
      ["d.parquet", "The file d.parquet cannot be read: it is a Parquet file."],
      ["e.csv.gz", expect.stringContaining("gzip compression")],
    ])
    expect(counted).toEqual({ total: 5, byKind: { file: 1, "unread file": 4 } })
  })
})

describe("a catalog of many files", () => {
  it("opens the first files and the last one, and reports the number that it did not open", async () => {
    for (let index = 100; index < 150; index++) await put(`x/${index}.csv`, index === 149 ? "a,last\n1,2\n" : index === 130 ? "a,hidden\n1,2\n" : "a,b\n1,2\n")
    const opened: string[] = []
    const { streams, skipped } = await discovered(client(FOLDERS, { store: folderStore(root, { page: 7, opened }) }))
    expect(streams[0]?.columns.map(({ name }) => name)).toEqual(["a", "b", "last"])
    expect(streams[0]?.comment).toContain("50 files, 20 of them opened")
    expect(skipped).toEqual([{ path: ["x/"], reason: "30 of its 50 files were not opened; columns that only they have are not in the catalog." }])
    expect(opened).toHaveLength(20)
  })

  it("names a thousand rejected records and counts the others", async () => {
    await put("a.csv", `a,b\n1,2\n${"x\n".repeat(1_500)}`)
    const { skipped, counted } = await discovered(client(FILES, { survey: "values" }))
    expect(skipped).toHaveLength(1_001)
    expect(skipped.at(-1)).toEqual({ path: ["a.csv", "from line 1003"], reason: "500 more records are left out; read the file to see each of them." })
    expect(counted?.byKind).toEqual({ file: 1, "rejected record": 1_001 })
  })
})

describe("slices", () => {
  const sliceRows = async (of: FileClient, from: Stream, slices: readonly Slice[]) => Promise.all(slices.map((slice) => rows(of, from, { slice })))

  it("of a folder are runs of files, disjoint and complete, and each can be resumed", async () => {
    for (let index = 100; index < 130; index++) await put(`x/${index}.csv`, `a,b\n${`${index},1\n`.repeat(index % 7)}`)
    const from = stream("x/")
    const of = client(FOLDERS)
    const whole = await rows(of, from)
    for (const most of [1, 2, 4, 100]) {
      await using slicing = await verbs.slices(of, from, { kind: "all" }, most, call())
      expect(slicing.slices.length).toBeLessThanOrEqual(most)
      expect(slicing.slices.length).toBeGreaterThan(most / 4)
      expect(slicing.consistent).toBe(true)
      expect((await sliceRows(of, from, slicing.slices)).flat()).toEqual(whole)
    }
    await using slicing = await verbs.slices(of, from, { kind: "all" }, 3, call())
    for (const slice of slicing.slices) {
      const all = await batches(of, from, { slice })
      for (const [index, { cursor }] of all.entries())
        expect(await rows(of, from, { slice, after: cursor })).toEqual(all.slice(index + 1).flatMap((batch) => batch.rows))
    }
    const [first, last] = [slicing.slices[0], slicing.slices.at(-1)]
    const foreign = (await batches(of, from, { slice: last }))[0]?.cursor
    await expect(batches(of, from, { slice: first, after: foreign })).rejects.toMatchObject({ code: "request_invalid", faults: [{ pointer: "/cursor" }] })
  })

  it.each<[string, (path: string) => Promise<void>]>([
    ["a changed file", () => put("x/103.csv", "a,b\n9,9\n")],
    ["a new file", () => put("x/103b.csv", "a,b\n9,9\n")],
    ["a lost file", () => rm(join(root, "x/103.csv"))],
  ])("fail for %s, so that they all show the same moment", async (_, change) => {
    for (let index = 100; index < 110; index++) await put(`x/${index}.csv`, "a,b\n1,2\n")
    const from = stream("x/")
    await using slicing = await verbs.slices(client(FOLDERS), from, { kind: "all" }, 2, call())
    await change(root)
    const results = await Promise.allSettled(slicing.slices.map((slice) => rows(client(FOLDERS), from, { slice })))
    expect(results.map((result) => (result.status === "fulfilled" ? "read" : (result.reason as Error).message))).toEqual([
      expect.stringContaining("was changed"),
      "read",
    ])
  })

  it("of one large file are parts at record boundaries, with lines counted from the beginning of each part", async () => {
    const line = `1,"${"some text, quoted\n".repeat(20)}"\n`
    const many = Math.ceil((70 * 1_048_576) / line.length)
    await put("x/big.csv", `id,text\n${line.repeat(many)}only one\n`)
    await using ofFile = await verbs.slices(client(FILES), stream("x/big.csv"), { kind: "all" }, 4, call())
    expect(ofFile.slices).toHaveLength(2)
    await using slicing = await verbs.slices(client(FOLDERS), stream("x/"), { kind: "all" }, 4, call())
    expect(slicing.slices.map(({ id }) => id)).toEqual(ofFile.slices.map(({ id }) => id))
    let total = 0
    const rejected: unknown[] = []
    for (const slice of slicing.slices)
      for await (const batch of verbs.read(client(FOLDERS), stream("x/"), { ...EVERYTHING, slice }, call({ batchRows: 10_000 }))) {
        total += batch.rows.length
        rejected.push(...(batch.rejected ?? []))
      }
    expect(total).toBe(many)
    expect(rejected).toEqual([
      {
        file: "x/big.csv",
        from: expect.any(Number),
        line: expect.any(Number),
        lastLine: expect.any(Number),
        reason: "has 1 field, and the file has 2 columns.",
      },
    ])
  })

  it("that the hub did not create are rejected, and so are cursors", async () => {
    await orders()
    const [folder, file] = [stream("orders/"), stream("orders/dt=2026-01-01/a.csv")]
    const cursor = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
    const [made] = await batches(client(FILES), file)
    const mark = (JSON.parse(Buffer.from(made?.cursor ?? "", "base64url").toString()) as string[])[1]
    for (const after of [
      "",
      "x",
      cursor(null),
      cursor({}),
      cursor([file.path[0], mark]),
      cursor([file.path[0], mark, "9"]),
      cursor([file.path[0], mark, [-1, 1]]),
      cursor([file.path[0], mark, [9_999_999, 5]]),
      cursor(["../../etc/passwd", "", [0, 1]]),
    ])
      for (const [of, from] of [
        [client(FILES), file],
        [client(FOLDERS), folder],
      ] as const)
        await expect(batches(of, from, { after }), after).rejects.toMatchObject({ code: "request_invalid", faults: [{ pointer: "/cursor" }] })
    const other = cursor(["orders/dt=2026-01-01/b.ndjson.gz", mark, [0, 1]])
    await expect(batches(client(FILES), file, { after: other })).rejects.toMatchObject({ code: "request_invalid" })
    await expect(batches(client(FOLDERS), folder, { after: other })).rejects.toMatchObject({
      code: "query_invalid",
      message: expect.stringContaining("was changed"),
    })
    for (const id of ["", "x", "null", "[]", '["part","../x","",null,null]', '["run",1,2,3,4]', '["part","orders/dt=2026-01-01/a.csv","",null,7]'])
      await expect(batches(client(FILES), file, { slice: { id, of: "" } }), id).rejects.toMatchObject({
        code: id.includes("a.csv") ? "query_invalid" : "request_invalid",
      })
  })
})

describe("bytes", () => {
  it("of a folder pass file by file if all files have one shape, and a file of another shape fails by name", async () => {
    await put("x/1.csv", "a,b\n1,2\n")
    await put("x/2.csv.gz", gzipSync('a,b\n3,"4"\nbad\n'))
    const of = client(FOLDERS)
    const [offer] = await verbs.offers(of, stream("x/"), call())
    expect(offer?.format).toBe("csv")
    const pieces: string[] = []
    const facts: unknown[] = []
    for await (const piece of verbs.readBytes(of, stream("x/"), offer as never, EVERYTHING, call())) {
      pieces.push((await bytesIn(piece.bytes)).toString())
      facts.push([piece.rows(), piece.rejected?.().length, typeof piece.cursor?.()])
    }
    expect([pieces, facts]).toEqual([
      ["1,2\n", '3,"4"\n'],
      [
        [1, 0, "string"],
        [1, 1, "string"],
      ],
    ])
    await put("x/3.csv", "b,a\n1,2\n")
    const all = collect(verbs.readBytes(of, stream("x/"), offer as never, EVERYTHING, call()))
    await expect(all).rejects.toMatchObject({ code: expect.stringMatching(/internal|query_invalid/) })
    const drained = (async () => {
      for await (const piece of verbs.readBytes(of, stream("x/"), offer as never, EVERYTHING, call())) await bytesIn(piece.bytes)
    })()
    await expect(drained).rejects.toMatchObject({ code: "query_invalid", message: expect.stringContaining("x/3.csv") })
  })

  it("are not offered if rows need more than the file's own columns, or fewer", async () => {
    await orders()
    expect(await verbs.offers(client(FOLDERS), stream("orders/"), call())).toEqual([])
    const file = stream("orders/dt=2026-01-01/a.csv", [{ name: "id", type: "integer", nativeType: "integer", nullable: true }])
    expect(await verbs.offers(client(FILES), file, call())).toEqual([])
    expect(await verbs.offers(client(FILES), { ...file, columns: [] }, call())).toHaveLength(1)
    expect(await verbs.offers(client(FILES), stream("orders/dt=2026-02-01/c.json"), call())).toEqual([])
  })
})

describe("a connector test", () => {
  it("describes the first file, names what is wrong with it, or reports that there is none", async () => {
    expect(await verbs.test(client(FILES), call())).toEqual({ product: "Files", details: { files: 0 }, warnings: [expect.stringContaining("No file")] })
    await put("b.csv.gz", gzipSync("a;b\n1;2\n"))
    expect(await verbs.test(client(FILES), call())).toMatchObject({ details: { file: "b.csv.gz", format: "csv", delimiter: "semicolon", compression: "gzip" } })
    await put("a.bin", Buffer.from([1, 2, 3]))
    expect(await verbs.test(client(FILES), call())).toMatchObject({ details: { file: "a.bin" }, warnings: [expect.stringContaining("does not look like any")] })
  })
})
