import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { comparePaths } from "./listing.ts"
import type { FileEntry, FilePage, FileStore, PassedOver } from "./store.ts"

/** A name in a folder: a file, a folder, or something that is passed over. Names have no slash. */
export type TreeEntry = { readonly name: string } & (
  | { readonly kind: "file"; readonly mark: string; readonly bytes: number }
  | { readonly kind: "folder" }
  | { readonly kind: "other"; readonly reason: string }
)

/** All names of a folder, whose path is "" or ends with a slash: in any order; undefined when it is not there; why it cannot be listed. */
export type ReadFolder = (folder: string, call: Call) => Promise<readonly TreeEntry[] | Pick<PassedOver, "reason" | "hides"> | undefined>

/** Files and what is passed over, per page. */
const PAGE = 1_000
/** Listings that were left between two pages and can go on without reading their folders again. */
const KEPT = 4
/** Longer paths are passed over: a tree without an end would have them. */
const LONGEST = 4_096

/** The listing of a store whose folders are read one by one. At each time it holds the names of one folder per level. */
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
  /** The name's bytes in UTF-8, a folder's with a slash, one character for each: the order of whole paths is that of these texts. */
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

  async next(call: Call): Promise<{ readonly files: readonly (FileEntry | PassedOver)[]; readonly ended: boolean }> {
    const files: (FileEntry | PassedOver)[] = []
    const give = (entry: FileEntry | PassedOver | undefined): void => {
      if (entry === undefined || !this.#isBehind(entry.path)) return
      // All that follows is behind it.
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

  /** Goes down into a folder; a folder that cannot be listed is returned. */
  async #enter(folder: string, call: Call): Promise<PassedOver | undefined> {
    if (folder.length > LONGEST) {
      const reason = `Its path has more than ${LONGEST} characters.`
      return { path: folder, reason, hides: new PlatformError("response_invalid", `The folder ${folder.slice(0, 200)}… is too deep to be listed.`) }
    }
    const found = await this.#readFolder(folder, call)
    if (found === undefined) return undefined
    if ("reason" in found) return { path: folder, ...found }
    const named = found.map((entry): Named => ({ ...entry, key: Buffer.from(entry.kind === "folder" ? `${entry.name}/` : entry.name).toString("latin1") }))
    named.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    // Names that cannot be told from each other are passed over once.
    this.#levels.push({ folder, entries: named.filter(({ key }, index) => key !== named[index - 1]?.key), at: 0 })
    return undefined
  }

  /** Whether files behind the place where the listing begins can be in a folder. */
  #leadsTo(folder: string): boolean {
    if (!folder.startsWith(this.#prefix) && !this.#prefix.startsWith(folder)) return false
    return this.#after === undefined || this.#after.startsWith(folder) || comparePaths(folder, this.#after) > 0
  }

  #isBehind(path: string): boolean {
    return this.#after === undefined || comparePaths(path, this.#after) > 0
  }
}
