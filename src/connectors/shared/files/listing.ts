import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { FileEntry, FileStore, SkippedEntry } from "./store.ts"

/**
 * Lists all files below a prefix, page by page, after a path, and the entries that the store skips. Throws if the store does
 * not list its paths in order.
 */
export async function* entriesBelow(store: FileStore, prefix: string, after: string | undefined, call: Call): AsyncGenerator<FileEntry | SkippedEntry> {
  let previous = after
  let page: string | undefined
  do {
    const { files, next } = await store.list(prefix, { after, page }, call)
    for (const file of files) {
      if (previous !== undefined && comparePaths(file.path, previous) <= 0)
        throw new PlatformError(
          "response_invalid",
          `The store lists ${file.path} after ${previous}, which is out of order, so its files cannot be read one by one.`,
        )
      previous = file.path
      yield file
    }
    if (next !== undefined && next === page)
      throw new PlatformError("response_invalid", "The store's list of files leads to the same page again and again, so it is not known which files there are.")
    page = next
  } while (page !== undefined)
}

export const isSkipped = (entry: FileEntry | SkippedEntry): entry is SkippedEntry => "reason" in entry

/** The same without the skipped entries. Throws the error of a folder that cannot be listed if `mayHide` says that it can contain wanted files. */
export async function* filesBelow(
  store: FileStore,
  prefix: string,
  after: string | undefined,
  call: Call,
  mayHide: (path: string) => boolean = () => true,
): AsyncGenerator<FileEntry> {
  for await (const entry of entriesBelow(store, prefix, after, call)) {
    if (!isSkipped(entry)) yield entry
    else if (entry.hides !== undefined && mayHide(entry.path)) throw entry.hides
  }
}

/** Compares paths by their UTF-8 bytes, as object stores do; JavaScript's own order differs for characters beyond 16 bits. */
export const comparePaths = (one: string, other: string): number => (one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other)))
