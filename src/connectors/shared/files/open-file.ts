import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { type Compression, decompressed } from "./compression.ts"
import type { Format, OpenTable } from "./format.ts"
import type { Layout } from "./layout.ts"
import type { ByteSource } from "./source.ts"
import type { FileStore } from "./store.ts"

/** What the verbs of a type of files need of its open client. */
export interface FileClient {
  readonly store: FileStore
  readonly layout: Layout
  /** Those that are read; the only one is not asked whether a file looks like it. */
  readonly formats: readonly Format[]
  /** How discovery learns the columns: `values` reads every file to its end, `heads` looks at the first part of some files. */
  readonly survey: "values" | "heads"
  /** How files are written; absent: they are not. */
  readonly output?: { readonly format: Format; readonly compression: Compression }
}

/** A file that was opened and recognised. */
export interface OpenFile extends AsyncDisposable {
  readonly path: string
  readonly mark: string
  readonly bytes: number | undefined
  readonly format: Format["name"]
  readonly compression: Compression
  readonly table: OpenTable
}

/** Opens a file by its path, or by the source that the store's listing has opened already. */
export async function openFile({ store, formats }: FileClient, path: string, call: Call, listed?: ByteSource): Promise<OpenFile> {
  const raw = listed ?? (await store.open(path, call))
  try {
    const { source, compression } = await decompressed(raw)
    if (source.head.length === 0) throw new PlatformError("response_invalid", `The file ${path} is empty; a file has at least a header or a record.`)
    const format = formatOf(formats, source.head, path)
    const table = await format.open(source)
    return { path, mark: raw.mark, bytes: raw.bytes, format: format.name, compression, table, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() }
  } catch (error) {
    await raw[Symbol.asyncDispose]()
    throw error
  }
}

function formatOf(formats: readonly Format[], head: Buffer, path: string): Format {
  const [only] = formats
  if (only !== undefined && formats.length === 1) return only
  const [best] = formats.map((format) => ({ format, likely: format.looksLike(head, path) })).sort((one, other) => other.likely - one.likely)
  if (best !== undefined && best.likely >= 0.5) return best.format
  throw new PlatformError("response_invalid", `The file ${path} looks like none of ${formats.map(({ name }) => name).join(", ")}, which this connector reads.`)
}
