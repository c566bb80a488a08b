import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Guess, RejectedRecord } from "../../../../core/streams.ts"
import type { Column } from "../../../../core/values.ts"
import { joinedColumns } from "../columns.ts"
import { ColumnFacts, settled } from "../kinds.ts"
import { type FileClient, openFile } from "../open-file.ts"
import type { FileEntry } from "../store.ts"

/** The number of files that a discovery by heads opens per stream for the columns: the first ones and the last one. */
export const LOOKED_AT = 20

/** The result of examining a file. */
export interface Looked {
  readonly columns: readonly Column[]
  readonly described: string
  readonly warnings: readonly string[]
  readonly guesses: readonly Guess[]
  /** Present if the whole file was read. */
  readonly rows?: number
}

/** Examines one file, by all of its values or by its head. Yields the records that are not rows. */
export async function* look(client: FileClient, entry: FileEntry, call: Call): AsyncGenerator<readonly RejectedRecord[], Looked> {
  await using file = await openFile(client, entry.path, call, entry.source)
  const { columns, warnings, guesses, described } = file.table
  const said = { warnings, guesses, described: file.compression === "none" ? described : `${described}, compressed with ${file.compression}` }
  return client.survey === "values" ? { ...said, ...(yield* file.table.survey()) } : { ...said, columns }
}

/** The reason why a file is left out of its stream; undefined for an error that is not the file's own. */
export const leftOut = (error: unknown): string | undefined =>
  error instanceof PlatformError && (error.code === "response_invalid" || error.code === "stream_not_found" || error.code === "permission_denied")
    ? error.message
    : undefined

/** Collects the facts about a stream, file by file, in memory that does not grow with the number of files. */
export class StreamSurvey {
  readonly name: string
  files = 0
  bytes = 0
  /** The number of files that were opened, and of those that were left out. */
  looked = 0
  skipped = 0
  rows = 0
  rejected = 0
  first: Looked | undefined
  /** The last file that was not opened. */
  waiting: FileEntry | undefined
  #columns: readonly Column[] | undefined
  readonly #partitions = new Map<string, ColumnFacts>()

  constructor(name: string) {
    this.name = name
  }

  count(entry: FileEntry, partitions: readonly { readonly name: string; readonly value: string | null }[]): void {
    this.files++
    this.bytes += entry.bytes ?? 0
    for (const { name, value } of partitions) {
      const facts = this.#partitions.get(name) ?? new ColumnFacts()
      facts.join(value)
      this.#partitions.set(name, facts)
    }
  }

  add(looked: Looked): void {
    this.first ??= looked
    this.rows += looked.rows ?? 0
    this.#columns = this.#columns === undefined ? looked.columns : joinedColumns(this.#columns, looked.columns)
  }

  /** The columns of the files, then those of their partition folders; a folder's value takes precedence over a file's own. */
  columns(): Column[] {
    const own = (this.#columns ?? []).filter(({ name }) => !this.#partitions.has(name))
    return settled([...own, ...[...this.#partitions].map(([name, facts]) => facts.column(name))])
  }
}
