import { expect, test } from "vitest"
import { collect } from "../../../../test/support/batches.ts"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { comparePaths, entriesBelow, filesBelow, isSkipped } from "./listing.ts"
import type { FileStore } from "./store.ts"
import { listTree, type TreeEntry } from "./tree.ts"

const call = {} as Call

/** A tree of the paths; `read` notes the folders that were read. A path that ends with `@` is a link, a folder `x!/` may not be listed. */
function treeOf(paths: readonly string[], read: string[] = []): FileStore {
  const list = listTree(async (folder) => {
    read.push(folder)
    const hides = new PlatformError("permission_denied", `${folder} may not be listed.`)
    if (folder.endsWith("!/")) return { reason: hides.message, hides }
    const entries = new Map<string, TreeEntry>()
    for (const path of paths.filter((each) => each.startsWith(folder)).map((each) => each.slice(folder.length))) {
      const [name = "", ...more] = path.split("/")
      if (more.length > 0) entries.set(name, { name, kind: "folder" })
      else entries.set(name, name.endsWith("@") ? { name, kind: "other", reason: "A link." } : { name, kind: "file", mark: path, bytes: 1 })
    }
    return [...entries.values()].reverse()
  })
  return { list, open: () => Promise.reject(new Error("not opened here")) }
}

const listed = async (store: FileStore, prefix = "", after?: string): Promise<string[]> => {
  const out: string[] = []
  for await (const { path } of entriesBelow(store, prefix, after, call)) out.push(path)
  return out
}

/** Names around the slash in the order of bytes, and characters whose order differs in UTF-16. */
const PATHS = [
  "a/b.csv",
  "a.csv",
  "a-b/c.csv",
  "a0.csv",
  "a/b/c.csv",
  "a/b-c.csv",
  "a!x.csv",
  "\u{10000}.csv",
  "\uffee.csv",
  "é.csv",
  "é/z.csv",
  "z/\n.csv",
  "Z.csv",
]
const SORTED = [...PATHS].sort(comparePaths)

test("paths come in the order of their bytes as a whole, whatever their folders are", async () => {
  expect(await listed(treeOf(PATHS))).toEqual(SORTED)
})

test("a listing goes on behind any path, there or not, and keeps to any prefix", async () => {
  for (const after of [...PATHS, "a", "a/", "a/b", "a/b/", "b", "~"])
    expect([after, await listed(treeOf(PATHS), "", after)]).toEqual([after, SORTED.filter((path) => comparePaths(path, after) > 0)])
  for (const prefix of ["a", "a/", "a/b", "a/b/", "z/", "é", "nothing/here/"])
    expect([prefix, await listed(treeOf(PATHS), prefix)]).toEqual([prefix, SORTED.filter((path) => path.startsWith(prefix))])
})

test("only folders that can hold wanted files are read, each of them once over all pages", async () => {
  const many = Array.from({ length: 2_500 }, (_, index) => `b/${String(index).padStart(5, "0")}`)
  const read: string[] = []
  expect(await listed(treeOf([...many, "a/x", "c/y"], read), "b/")).toEqual(many)
  expect(read).toEqual(["b/"])
  read.length = 0
  expect(await listed(treeOf([...many, "a/x", "c/y"], read), "", "b/02400")).toEqual([...many.slice(2_401), "c/y"])
  expect(read).toEqual(["", "b/", "c/"])
})

test("a page is given again to a reader who comes late, or twice", async () => {
  const many = Array.from({ length: 3_500 }, (_, index) => String(index).padStart(5, "0"))
  const store = treeOf(many)
  const { next } = await store.list("", {}, call)
  const pages = await Promise.all(Array.from({ length: 6 }, () => store.list("", { page: next }, call)))
  for (const { files } of pages) expect(files.map(({ path }) => path)).toEqual(many.slice(1_000, 2_000))
})

test("skipped entries are listed in order, and a folder that cannot be listed stops only the reads that may miss its files", async () => {
  const store = treeOf(["a/x.csv", "a@", "b!/y.csv", "c/z.csv"])
  const entries = []
  for await (const entry of entriesBelow(store, "", undefined, call)) entries.push(isSkipped(entry) ? [entry.path, entry.reason] : entry.path)
  expect(entries).toEqual(["a/x.csv", ["a@", "A link."], ["b!/", "b!/ may not be listed."], "c/z.csv"])
  await expect(collect(filesBelow(store, "", undefined, call))).rejects.toMatchObject({ code: "permission_denied" })
  const rest = await collect(filesBelow(store, "", undefined, call, (folder) => folder !== "b!/"))
  expect(rest.map(({ path }) => path)).toEqual(["a/x.csv", "c/z.csv"])
})

test("names that a server gives twice are listed once, and a tree without an end has one", async () => {
  const twice: FileStore = {
    ...treeOf([]),
    list: listTree(async () => [1, 2].map(() => ({ name: "a\ufffd", kind: "other", reason: "Its name is not UTF-8." }))),
  }
  expect(await listed(twice)).toEqual(["a\ufffd"])
  const deep: FileStore = { ...treeOf([]), list: listTree(async () => [{ name: "deeper".repeat(40), kind: "folder" }]) }
  const [last] = (await listed(deep)).slice(-1)
  expect(last?.length).toBeGreaterThan(4_096)
  await expect(collect(filesBelow(deep, "", undefined, call))).rejects.toMatchObject({ code: "response_invalid" })
})

test("folders within folders that together hold too many entries are refused", async () => {
  const entries: TreeEntry[] = Array.from({ length: 80_000 }, (_, index) => ({ name: `f${index}`, kind: "file", mark: "1", bytes: 1 }))
  const list = listTree(async () => [{ name: "a", kind: "folder" }, ...entries])
  const store: FileStore = { list, open: () => Promise.reject(new Error("not opened here")) }
  await expect(listed(store)).rejects.toMatchObject({ code: "response_too_large", message: expect.stringMatching(/more than 200000 entries; move files/) })
})
