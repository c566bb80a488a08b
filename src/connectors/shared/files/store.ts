import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { ByteSource } from "./source.ts"

/** One file of a listing. */
export interface FileEntry {
  readonly path: string
  readonly mark: string
  readonly bytes?: number | undefined
  /** The open file, if the store had to open it to list it. Its reader disposes of it. */
  readonly source?: ByteSource
}

/** An entry of a listing that is not read: a link, a device, or a folder that cannot be listed, whose path ends with a slash. */
export interface SkippedEntry {
  readonly path: string
  readonly reason: string
  /** The error for reads that may miss files because of it; absent if no file can be missed. */
  readonly hides?: PlatformError
}

export interface FilePage {
  readonly files: readonly (FileEntry | SkippedEntry)[]
  /** The next page, in the store's own terms. Absent on the last page. */
  readonly next?: string | undefined
}

/** Where a page of a listing begins: after a path, or where the previous page ended. */
export interface ListFrom {
  readonly after?: string | undefined
  readonly page?: string | undefined
}

/** A store of files by path: a bucket, a container, a folder on a server. */
export interface FileStore {
  /**
   * One page of the files whose path begins with `prefix`. Paths are in the order of their UTF-8 bytes, which lets readers
   * handle millions of them in flat memory.
   */
  list(prefix: string, from: ListFrom, call: Call): Promise<FilePage>
  /** Opens one file; `stream_not_found` if it does not exist. The source returns the bytes of the version in its mark, or fails. */
  open(path: string, call: Call): Promise<ByteSource>
  /** Stores a whole file: nothing is visible at its path until all bytes are stored. */
  put?(path: string, bytes: AsyncIterable<Buffer>, call: Call): Promise<{ readonly mark: string; readonly bytes: number }>
}

/** A store of one file, which must be opened before its name and mark are known. */
export function oneFile(open: (call: Call) => Promise<ByteSource>): FileStore {
  return {
    async list(_prefix, _from, call) {
      const source = await open(call)
      return { files: [{ path: source.name, mark: source.mark, bytes: source.bytes, source }] }
    },
    async open(path, call) {
      const source = await open(call)
      if (source.name === path) return source
      await source[Symbol.asyncDispose]()
      throw new PlatformError("stream_not_found", `The connector reads only the file ${JSON.stringify([source.name])}; take the path from its catalog.`)
    },
  }
}
