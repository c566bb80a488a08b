import { PlatformError } from "../../../core/errors.ts"
import type { Stream } from "../../../core/streams.ts"
import { type Glob, globOf } from "./glob.ts"

/** How files become streams: a single file, a stream per file, or a stream per folder. */
export type LayoutSpec = { readonly per: "one" } | { readonly per: "file" | "folder"; readonly glob: string }

/** A folder of the form `name=value` below a stream's folder: a column of all rows of its files. */
export interface Partition {
  readonly name: string
  /** Null for Hive's name of a missing value. */
  readonly value: string | null
}

/** The stream of the files outside any folder. */
const ROOT = "./"
const NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

export class Layout {
  readonly per: LayoutSpec["per"]
  readonly #glob: Glob

  constructor(spec: LayoutSpec) {
    this.per = spec.per
    this.#glob = globOf(spec.per === "one" ? "**" : spec.glob)
  }

  /** The common beginning of all files' paths. */
  get prefix(): string {
    return this.#glob.prefix
  }

  /** Whether a path is one of the connector's files. */
  has(path: string): boolean {
    return !path.endsWith("/") && this.#glob.matches(path)
  }

  /** The name of the stream that a file belongs to: its own path, or that of its folder without partitions and with a slash. */
  streamOf(path: string): string {
    if (this.per !== "folder") return path
    const folders = path.split("/").slice(0, -1)
    const partition = folders.findIndex((folder) => partitionOf(folder) !== undefined)
    const own = partition < 0 ? folders : folders.slice(0, partition)
    return own.length === 0 ? ROOT : `${own.join("/")}/`
  }

  /** The partitions that a file's path names, outermost first. */
  partitionsOf(path: string): Partition[] {
    if (this.per !== "folder") return []
    return path
      .split("/")
      .slice(0, -1)
      .flatMap((folder) => partitionOf(folder) ?? [])
  }

  /** The files of a stream begin with this. */
  prefixOf(stream: string): string {
    const folder = stream === ROOT ? "" : stream
    return folder.length > this.prefix.length ? folder : this.prefix
  }

  /** The only name in a stream's path; `stream_not_found` for a path that is not a stream of these files. */
  nameOf({ path }: Pick<Stream, "path">): string {
    const [name] = path
    const fits = name !== undefined && path.length === 1 && (this.per === "one" || (this.per === "file" ? this.has(name) : name.endsWith("/")))
    if (!fits) throw noStream(path)
    return name
  }
}

export const noStream = (path: readonly string[]): PlatformError =>
  new PlatformError("stream_not_found", `The connector has no files at ${JSON.stringify(path)}; discover again, and take the path from the catalog.`)

function partitionOf(folder: string): Partition | undefined {
  const equals = folder.indexOf("=")
  if (equals <= 0) return undefined
  const value = decoded(folder.slice(equals + 1))
  return { name: decoded(folder.slice(0, equals)), value: value === NO_VALUE ? null : value }
}

/** Hive writes special characters of names and values as `%` and two digits. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
