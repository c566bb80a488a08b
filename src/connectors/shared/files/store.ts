import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import type { ByteSource } from "./source.ts"

/** One file of a listing. */
export interface FileEntry {
  readonly path: string
  readonly mark: string
  readonly bytes?: number | undefined
  /** The file, where the store had to open it to list it. Its reader disposes of it. */
  readonly source?: ByteSource
}

/** A place of a listing that is not read: a link, a device, a folder (its path ends with a slash) that may not be listed. */
export interface PassedOver {
  readonly path: string
  readonly reason: string
  /** Present where files may be hidden behind it: a read that would miss them fails with it. */
  readonly hides?: PlatformError
}

export interface FilePage {
  readonly files: readonly (FileEntry | PassedOver)[]
  /** The page that follows, in the store's own words. Absent on the last page. */
  readonly next?: string | undefined
}

/** Where a page of a listing begins: behind a path, or where the page before it ended. */
export interface ListFrom {
  readonly after?: string | undefined
  readonly page?: string | undefined
}

/** A place that holds files by path: a bucket, a container, a folder on a server. */
export interface FileStore {
  /**
   * One page of the files whose path begins with `prefix`. Paths come in the order of their UTF-8 bytes; readers go
   * through millions of them by this order alone, in flat memory.
   */
  list(prefix: string, from: ListFrom, call: Call): Promise<FilePage>
  /** One file; `stream_not_found` when there is none. The source gives the bytes of its mark, or fails. */
  open(path: string, call: Call): Promise<ByteSource>
  /** Stores a file whole: nothing is seen under its path until all bytes are there. */
  put?(path: string, bytes: AsyncIterable<Buffer>, call: Call): Promise<{ readonly mark: string; readonly bytes: number }>
}

/** A store of one file, which has to be opened for its name and mark to be known. */
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
      throw new PlatformError("stream_not_found", `The connector reads the file ${JSON.stringify([source.name])} and no other; take the path from its catalog.`)
    },
  }
}
