import { createReadStream } from "node:fs"
import { mkdir, readdir, rename, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { comparePaths } from "../../src/connectors/shared/files/listing.ts"
import { type ByteSource, PastEnd } from "../../src/connectors/shared/files/source.ts"
import type { FileStore } from "../../src/connectors/shared/files/store.ts"
import { PlatformError } from "../../src/core/errors.ts"

/** The files of a folder as a store, listed by pages of `page`; `opened` notes the paths that were opened. */
export function folderStore(root: string, { page: size = 3, opened = [] as string[] } = {}): FileStore {
  const open = async (path: string): Promise<ByteSource> => {
    const facts = await stat(join(root, path), { bigint: true }).catch(() => undefined)
    if (facts?.isFile() !== true) throw new PlatformError("stream_not_found", `There is no file ${path}.`)
    opened.push(path)
    const bytes = Number(facts.size)
    return {
      name: path,
      bytes,
      mark: markOf(facts),
      ranges: true,
      async *open(from = 0, to = bytes) {
        if (from > bytes) throw new PastEnd(`${path} has ${bytes} bytes.`)
        if (from < to) yield* createReadStream(join(root, path), { start: from, end: to - 1 }) as AsyncIterable<Buffer>
      },
      async [Symbol.asyncDispose]() {},
    }
  }
  return {
    async list(prefix, { after = "", page = "" }) {
      const entries = await readdir(root, { recursive: true, withFileTypes: true })
      const paths = entries
        .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .filter((path) => path.startsWith(prefix) && comparePaths(path, after) > 0 && comparePaths(path, page) > 0)
        .sort(comparePaths)
      const files = await Promise.all(
        paths.slice(0, size).map(async (path) => {
          const facts = await stat(join(root, path), { bigint: true })
          return { path, bytes: Number(facts.size), mark: markOf(facts) }
        }),
      )
      return paths.length > size ? { files, next: files.at(-1)?.path } : { files }
    },
    open,
    async put(path, bytes) {
      const parts: Buffer[] = []
      for await (const part of bytes) parts.push(part)
      await writeIn(root, path, Buffer.concat(parts))
      const source = await open(path)
      return { mark: source.mark, bytes: source.bytes ?? 0 }
    },
  }
}

const markOf = (facts: { readonly size: bigint; readonly mtimeNs: bigint }): string => `${facts.size}-${facts.mtimeNs}`

/** Writes a file below a folder, whole or not at all. */
export async function writeIn(root: string, path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  const hidden = join(root, dirname(path), `.${Math.random()}`)
  await writeFile(hidden, content)
  await rename(hidden, join(root, path))
}
