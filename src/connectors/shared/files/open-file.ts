import type { Call } from "../../../core/call.ts"
import { PlatformError } from "../../../core/errors.ts"
import { type Compression, decompressed } from "./compression.ts"
import type { Format, OpenTable } from "./format.ts"
import { binaryFormatOf, textFormatOf } from "./known-formats.ts"
import type { Layout } from "./layout.ts"
import type { ByteSource } from "./source.ts"
import type { FileStore } from "./store.ts"

/** The maximum number of columns that a message names. */
const SHOWN = 30

/** The parts of an open client that the verbs of a file type use. */
export interface FileClient {
  readonly store: FileStore
  readonly layout: Layout
  /** The formats that can be read. A single format is used for every file, whether or not the file looks like it. */
  readonly formats: readonly Format[]
  /** How discovery finds the columns: `values` reads every file to its end, `heads` reads the first part of some files. */
  readonly survey: "values" | "heads"
  /** How files are written; absent if they cannot be written. */
  readonly output?: { readonly format: Format; readonly compression: Compression }
}

/** An open file of a known format. */
export interface OpenFile extends AsyncDisposable {
  readonly path: string
  readonly mark: string
  readonly bytes: number | undefined
  readonly format: Format["name"]
  /** "none", "gzip", "zstd", or "gzip in zstd" for a file that is compressed twice. */
  readonly compression: string
  readonly table: OpenTable
}

/** Opens a file by its path, or by the source that the store's listing has opened already. */
export async function openFile({ store, formats, layout }: FileClient, path: string, call: Call, listed?: ByteSource): Promise<OpenFile> {
  const raw = listed ?? (await store.open(path, call))
  try {
    const { source, compressions } = await decompressed(raw)
    if (source.head.length === 0) throw new PlatformError("response_invalid", `The file ${path} is empty; it must have at least a header or a record.`)
    const format = formatOf(formats, source.head, path)
    const table = await format.open(source)
    if (layout.per === "one") assertColumns(table, path)
    const compression = compressions.length === 0 ? "none" : compressions.toReversed().join(" in ")
    return { path, mark: raw.mark, bytes: raw.bytes, format: format.name, compression, table, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() }
  } catch (error) {
    await raw[Symbol.asyncDispose]()
    throw error
  }
}

/** Rejects options that name columns that the file lacks, because a mistyped name would otherwise be ignored silently. */
function assertColumns({ missing = [], columns }: OpenTable, path: string): void {
  const [name] = missing
  if (name === undefined) return
  const shown = columns.slice(0, SHOWN).map((column) => column.name)
  const more = columns.length > SHOWN ? ` and ${columns.length - SHOWN} more` : ""
  throw new PlatformError("config_invalid", `The file ${path} has no column ${name}, whose type the connector fixes; it has ${shown.join(", ")}${more}.`, {
    faults: missing.map((each) => ({ pointer: "/config/columns", message: `There is no column ${each}.` })),
  })
}

function formatOf(formats: readonly Format[], head: Buffer, path: string): Format {
  const [only] = formats
  if (only !== undefined && formats.length === 1) return only
  const [best] = formats.map((format) => ({ format, likely: format.looksLike(head, path) })).sort((one, other) => other.likely - one.likely)
  if (best !== undefined && best.likely >= 0.5) return best.format
  const other = binaryFormatOf(head) ?? textFormatOf(head.toString("utf8", 0, 65_536), false)
  if (other !== undefined) throw new PlatformError("response_invalid", `The file ${path} cannot be read: it is ${other}.`)
  throw new PlatformError(
    "response_invalid",
    `The file ${path} does not look like any of the formats that this connector reads: ${formats.map(({ name }) => name).join(", ")}.`,
  )
}
