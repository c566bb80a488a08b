import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { valuesOf } from "../../../../test/support/batches.ts"
import { folderStore } from "../../../../test/support/folder-store.ts"
import { type KeptFolder, keepFolder } from "../../../../test/support/keeper.ts"
import type { Call } from "../../../core/call.ts"
import { type Batch, EVERYTHING, type Stream, type WriteOptions } from "../../../core/streams.ts"
import type { Column } from "../../../core/values.ts"
import type { Compression } from "./compression.ts"
import { csvFormat } from "./csv/format.ts"
import type { Format } from "./format.ts"
import { jsonFormat } from "./json/format.ts"
import { Layout } from "./layout.ts"
import { ndjsonFormat } from "./ndjson/format.ts"
import type { FileClient } from "./open-file.ts"
import { fileVerbs, fileWriteVerbs } from "./verbs.ts"

const verbs = { ...fileVerbs<FileClient>("Files"), ...fileWriteVerbs<FileClient>() }
const call = { batchRows: 100, signal: new AbortController().signal, stage: (_: string, work: () => unknown) => work() } as unknown as Call

let folder: KeptFolder
let root: string
beforeEach(() => {
  folder = keepFolder("files")
  root = folder.path
})
afterEach(() => folder.close())

const client = (format: Format = csvFormat(), compression: Compression = "none"): FileClient => ({
  store: folderStore(root),
  layout: new Layout({ per: "folder", glob: "**" }),
  formats: [csvFormat(), ndjsonFormat(), jsonFormat()],
  survey: "values",
  output: { format, compression },
})
const columns: Column[] = [
  { name: "id", type: "integer", nativeType: "integer", nullable: false },
  { name: 'the "name", here', type: "string", nativeType: "text", nullable: true },
]
const TO: Stream = { path: ["out/orders/"], kind: "file", columns, key: [] }
const batch = (...rows: Batch["rows"]): Batch => ({ columns, rows })
const commit = (sequence: number, more: object = {}): WriteOptions => ({ mode: "append", commit: { run: "run-1", part: "0", sequence, ...more } })
const write = (of: FileClient, rows: Batch, options: WriteOptions, to = TO) => verbs.write(of, to, rows, options, call)
const names = async (): Promise<string[]> =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
const written = (of: FileClient) => valuesOf(verbs.read(of, TO, EVERYTHING, call))

describe.each<[string, Format]>([
  ["csv", csvFormat()],
  ["ndjson", ndjsonFormat()],
  ["json", jsonFormat()],
])("batches are written as %s files", (extension, format) => {
  it.each<[Compression, string]>([
    ["none", ""],
    ["gzip", ".gz"],
    ["zstd", ".zst"],
  ])("compressed with %s, that read back equal", async (compression, suffix) => {
    const of = client(format, compression)
    const rows = [
      [1, 'Zoë, "Ltd"'],
      [2, null],
      [3, ""],
      [4, "two\nlines"],
    ] as const
    expect(await write(of, batch(...rows.slice(0, 3)), commit(0))).toEqual({ written: 3, rejected: [], skipped: 0 })
    expect(await write(of, batch(...rows.slice(3)), commit(1))).toEqual({ written: 1, rejected: [], skipped: 0 })
    expect(await names()).toEqual([0, 1].map((sequence) => `jackfield.run-1.0.000000000${sequence}.${extension}${suffix}`))
    expect(await written(of)).toEqual(rows)
  })
})

it("a batch that is written again is recognized by its commit, and nothing is written", async () => {
  const of = client()
  await write(of, batch([1, "a"]), commit(7))
  const before = await readFile(join(root, "out/orders", (await names())[0] ?? ""))
  expect(await write(of, batch([1, "a"]), commit(7))).toEqual({ written: 1, rejected: [], skipped: 0, already: true })
  expect(await names()).toHaveLength(1)
  expect(await readFile(join(root, "out/orders", (await names())[0] ?? ""))).toEqual(before)
})

it("the last sequence number of each run and part can be read, whatever their names", async () => {
  const of = client()
  const odd = { run: "a.b/../c", part: '["part","x",1]' }
  expect(await verbs.committed(of, TO, { run: "run-1", part: "0" }, call)).toBeUndefined()
  for (const sequence of [0, 1, 2, 10]) await write(of, batch([sequence, "a"]), commit(sequence))
  await write(of, batch([1, "a"]), commit(3, { run: "run-1", part: "00" }))
  await write(of, batch([1, "a"]), commit(5, odd))
  expect(await verbs.committed(of, TO, { run: "run-1", part: "0" }, call)).toBe(10)
  expect(await verbs.committed(of, TO, { run: "run-1", part: "00" }, call)).toBe(3)
  expect(await verbs.committed(of, TO, { run: "run", part: "1.0" }, call)).toBeUndefined()
  expect(await verbs.committed(of, TO, odd, call)).toBe(5)
  expect((await names()).every((name) => /^jackfield\.[\w.~-]+\.csv$/.test(name))).toBe(true)
})

it("each batch without a commit gets its own file, and an empty batch gets none", async () => {
  const of = client()
  for (let time = 0; time < 2; time++) await write(of, batch([1, "a"]), { mode: "append" })
  expect(await names()).toHaveLength(2)
  await write(of, batch(), { mode: "append" })
  expect(await names()).toHaveLength(2)
})

it("only the row that the format cannot hold is rejected, and it is counted", async () => {
  const report = await write(client(), batch([1, "a"], [2, "b\u0000"], [3, "c"]), commit(0))
  expect(report).toEqual({ written: 2, rejected: [{ index: 1, reason: 'the "name", here holds a NUL character, which CSV cannot contain.' }], skipped: 0 })
  expect(await written(client())).toEqual([
    [1, "a"],
    [3, "c"],
  ])
})

it.each([["out"], [""], ["/"], ["../"], ["out/../../etc/"], ["out//"], ["./"], ["out/\u0000/"], ["a\\b/"]])(
  "%j is not a folder that can be written to",
  async (path) => {
    await expect(write(client(), batch([1, "a"]), commit(0), { ...TO, path: [path] })).rejects.toMatchObject({ code: "stream_not_found" })
    expect(await names()).toEqual([])
  },
)

it("files do not support upserts, and a type that only reads does not support writes", async () => {
  await expect(write(client(), batch([1, "a"]), { mode: "upsert" })).rejects.toMatchObject({ code: "unsupported" })
  const { output: _, ...reading } = client()
  await expect(write(reading, batch([1, "a"]), commit(0))).rejects.toMatchObject({ code: "unsupported" })
})
