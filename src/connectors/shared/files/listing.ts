import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { FileEntry, FileStore } from "./store.ts"

/** Lists all files below a prefix, page by page, after a path. Throws if the store does not list its paths in order. */
export async function* filesBelow(store: FileStore, prefix: string, after: string | undefined, call: Call): AsyncGenerator<FileEntry> {
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
    page = next
  } while (page !== undefined)
}

/** Compares paths by their UTF-8 bytes, as object stores do; JavaScript's own order differs for characters beyond 16 bits. */
export const comparePaths = (one: string, other: string): number => (one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other)))
