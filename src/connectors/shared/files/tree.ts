import { breathe } from "../../../core/breathe.ts"
import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { comparePaths } from "./listing.ts"
import type { FileEntry, FilePage, FileStore, SkippedEntry } from "./store.ts"

/** An entry of a folder: a file, a folder, or something else, which is skipped. Names contain no slash. */
export type TreeEntry = { readonly name: string } & (
  | { readonly kind: "file"; readonly mark: string; readonly bytes: number }
  | { readonly kind: "folder" }
  | { readonly kind: "other"; readonly reason: string }
)

/**
 * Reads all entries of a folder, in any order. The path of the folder is "" or ends with a slash. Returns undefined if the folder does not exist, and the
 * reason if it cannot be listed.
 */
export type ReadFolder = (folder: string, call: Call) => Promise<readonly TreeEntry[] | Pick<SkippedEntry, "reason" | "hides"> | undefined>

/** Entries per page. */
const PAGE = 1_000
/** The number of unfinished listings that can continue without reading their folders again. */
const KEPT = 4
/** Entries of folders that one listing holds in memory, over all levels, and those that are prepared before other work is served. */
export const MOST_HELD = 200_000
const PART = 10_000
/** Folders with longer paths are skipped, so that the listing of an endless tree ends. */
const LONGEST = 4_096

/** The listing of a store whose folders are read one by one. It holds the entries of one folder per level in memory. */
export function listTree(readFolder: ReadFolder): FileStore["list"] {
  const walks = new Map<string, Walk>()
  return async (prefix, { after, page }, call): Promise<FilePage> => {
    const keyOf = (path: string | undefined): string => JSON.stringify([prefix, path])
    const walk = (page === undefined ? undefined : walks.get(keyOf(page))) ?? new Walk(readFolder, prefix, page ?? after)
    walks.delete(keyOf(page))
    const { files, ended } = await walk.next(call)
    const next = ended ? undefined : files.at(-1)?.path
    if (next === undefined) return { files }
    walks.set(keyOf(next), walk)
    for (const key of walks.keys()) if (walks.size > KEPT) walks.delete(key)
    return { files, next }
  }
}

interface Level {
  readonly folder: string
  readonly entries: readonly Named[]
  at: number
}

type Named = TreeEntry & {
  /** The UTF-8 bytes of the name, with a slash for a folder, as one character each. Sorted by it, entries give whole paths in the order of their bytes. */
  readonly key: string
}

class Walk {
  readonly #readFolder: ReadFolder
  readonly #prefix: string
  readonly #levels: Level[] = []
  #after: string | undefined
  #begun = false

  constructor(readFolder: ReadFolder, prefix: string, after: string | undefined) {
    this.#readFolder = readFolder
    this.#prefix = prefix
    this.#after = after
  }

  async next(call: Call): Promise<{ readonly files: readonly (FileEntry | SkippedEntry)[]; readonly ended: boolean }> {
    const files: (FileEntry | SkippedEntry)[] = []
    const give = (entry: FileEntry | SkippedEntry | undefined): void => {
      if (entry === undefined || !this.#isBehind(entry.path)) return
      // All later entries come after it.
      this.#after = undefined
      files.push(entry)
    }
    if (!this.#begun) give(await this.#enter(this.#prefix.slice(0, this.#prefix.lastIndexOf("/") + 1), call))
    this.#begun = true
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.entries[level.at++]
      if (entry === undefined) this.#levels.pop()
      else if (entry.kind === "folder") {
        const folder = `${level.folder}${entry.name}/`
        if (this.#leadsTo(folder)) give(await this.#enter(folder, call))
      } else {
        const path = level.folder + entry.name
        if (path.startsWith(this.#prefix)) give(entry.kind === "file" ? { path, mark: entry.mark, bytes: entry.bytes } : { path, reason: entry.reason })
      }
      if (files.length >= PAGE) return { files, ended: false }
    }
    return { files, ended: true }
  }

  /** Descends into a folder. Returns the folder as a skipped entry if it cannot be listed. */
  async #enter(folder: string, call: Call): Promise<SkippedEntry | undefined> {
    if (folder.length > LONGEST) {
      const reason = `Its path is longer than ${LONGEST} characters.`
      return { path: folder, reason, hides: new PlatformError("response_invalid", `The folder ${folder.slice(0, 200)}… is nested too deeply to be listed.`) }
    }
    const found = await this.#readFolder(folder, call)
    if (found === undefined) return undefined
    if ("reason" in found) return { path: folder, ...found }
    if (found.length + this.#levels.reduce((held, { entries }) => held + entries.length, 0) > MOST_HELD)
      throw new PlatformError(
        "response_too_large",
        `The folder ${folder} and those above it have more than ${MOST_HELD} entries; move files into other folders.`,
      )
    const named: Named[] = []
    for (const [index, entry] of found.entries()) {
      named.push({ ...entry, key: Buffer.from(entry.kind === "folder" ? `${entry.name}/` : entry.name).toString("latin1") })
      if (index % PART === PART - 1) await breathe()
    }
    named.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    // Names that are not UTF-8 can look the same; they are skipped together.
    this.#levels.push({ folder, entries: named.filter(({ key }, index) => key !== named[index - 1]?.key), at: 0 })
    return undefined
  }

  /** Whether a folder can contain files that are still to be listed. */
  #leadsTo(folder: string): boolean {
    if (!folder.startsWith(this.#prefix) && !this.#prefix.startsWith(folder)) return false
    return this.#after === undefined || this.#after.startsWith(folder) || comparePaths(folder, this.#after) > 0
  }

  #isBehind(path: string): boolean {
    return this.#after === undefined || comparePaths(path, this.#after) > 0
  }
}
