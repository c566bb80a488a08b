import type { Call } from "../../../../core/call.ts"
import type { Discovered, RejectedRecord, Stream } from "../../../../core/streams.ts"
import { entriesBelow, isSkipped } from "../listing.ts"
import type { FileClient } from "../open-file.ts"
import type { FileEntry } from "../store.ts"
import { LOOKED_AT, leftOut, look, StreamSurvey } from "./survey.ts"

/** The maximum number of records or files that a catalog names one by one; the others are one entry. */
const NAMED = 1_000
/** The maximum number of files that a discovery by heads opens; streams after them have no columns. */
const MOST_OPENED = 2_000

/** Reads the files once, in memory that does not grow with their number. */
export async function* discover(client: FileClient, call: Call): AsyncGenerator<Discovered> {
  yield* new Discovery(client, call).run()
}

class Discovery {
  readonly #client: FileClient
  readonly #call: Call
  readonly #records = new Skips("record", "read the file to see each of them.")
  readonly #files = new Skips("file", "read the stream to learn why.")
  #streams = 0
  #opened = 0

  constructor(client: FileClient, call: Call) {
    this.#client = client
    this.#call = call
  }

  async *run(): AsyncGenerator<Discovered> {
    const { store, layout } = this.#client
    // The streams that may have further files: in the order of paths, the files of a folder and its subfolders are adjacent.
    const open: StreamSurvey[] = []
    for await (const entry of entriesBelow(store, layout.prefix, undefined, this.#call)) {
      if (isSkipped(entry)) {
        yield* this.#files.add([entry.path], entry.reason)
        continue
      }
      if (!layout.has(entry.path)) continue
      const name = layout.streamOf(entry.path)
      for (let last = open.at(-1); last !== undefined && !isBelow(entry.path, last.name, layout.per); last = open.at(-1)) {
        open.pop()
        yield* this.#close(last)
      }
      const stream = open.find((each) => each.name === name) ?? new StreamSurvey(name)
      if (!open.includes(stream)) open.push(stream)
      yield* this.#take(stream, entry)
    }
    for (const stream of open.reverse()) yield* this.#close(stream)
    yield* this.#records.rest()
    yield* this.#files.rest()
    const byKind = { file: this.#streams, "rejected record": this.#records.entries, "unread file": this.#files.entries }
    const total = Object.values(byKind).reduce((sum, many) => sum + many, 0)
    yield { counted: { total, byKind: Object.fromEntries(Object.entries(byKind).filter(([kind, many]) => kind === "file" || many > 0)) } }
  }

  async *#take(stream: StreamSurvey, entry: FileEntry): AsyncGenerator<Discovered> {
    stream.count(entry, this.#client.layout.partitionsOf(entry.path))
    const all = this.#client.survey === "values"
    if (all || (stream.looked < LOOKED_AT - 1 && this.#opened < MOST_OPENED)) yield* this.#look(stream, entry)
    else stream.waiting = entry
  }

  async *#look(stream: StreamSurvey, entry: FileEntry): AsyncGenerator<Discovered> {
    stream.looked++
    this.#opened++
    const looking = look(this.#client, entry, this.#call)
    try {
      let next = await looking.next()
      for (; next.done !== true; next = await looking.next()) {
        stream.rejected += next.value.length
        for (const record of next.value) yield* this.#records.add([entry.path, linesOf(record)], record.reason)
      }
      stream.add(next.value)
    } catch (error) {
      const reason = this.#client.layout.per === "one" ? undefined : leftOut(error)
      if (reason === undefined) throw error
      stream.skipped++
      yield* this.#files.add([entry.path], reason)
    } finally {
      // Closes the file if the catalog's reader stops early.
      await looking.return(undefined as never)
    }
  }

  /** Reports a stream after its last file. */
  async *#close(stream: StreamSurvey): AsyncGenerator<Discovered> {
    const { waiting } = stream
    if (waiting !== undefined && this.#opened < MOST_OPENED) yield* this.#look(stream, waiting)
    const unread = stream.files - stream.looked
    if (unread > 0)
      yield* this.#files.add([stream.name], `${unread} of its ${stream.files} files were not opened; columns that only they have are not in the catalog.`)
    if (stream.skipped === stream.files) return
    this.#streams++
    yield {
      stream: {
        path: [stream.name],
        kind: "file",
        columns: stream.columns(),
        key: [],
        ...(this.#client.survey === "values" ? { estimatedRows: stream.rows } : {}),
        comment: commentOf(stream, this.#client),
        ...guessesOf(stream),
      },
    }
  }
}

const isBelow = (path: string, stream: string, per: string): boolean => per === "folder" && (stream === "./" || path.startsWith(stream))

const linesOf = ({ line, lastLine }: RejectedRecord): string => (line === lastLine ? `line ${line}` : `lines ${line} to ${lastLine}`)

function commentOf(stream: StreamSurvey, { survey, layout }: FileClient): string {
  const { first, files, looked, skipped, rows, rejected } = stream
  const many = layout.per === "folder" ? [`${files - skipped} files${survey === "heads" && looked < files ? `, ${looked} of them opened` : ""}`] : []
  const counted = survey === "values" ? [`${rows} rows, ${rejected} rejected`] : []
  const said = [first?.described ?? "not opened", ...many, ...counted].join("; ")
  return [`${said}.`, ...(first?.warnings.slice(0, 20) ?? []), ...(first?.guesses.map(({ message }) => message) ?? [])].join(" ")
}

/** The guesses of the first file, because all files of a stream are read with the same settings. */
const guessesOf = ({ first }: StreamSurvey): Pick<Stream, "guesses"> => (first === undefined || first.guesses.length === 0 ? {} : { guesses: first.guesses })

/** The catalog's entries for omitted records or files: the first ones by name, the others together. */
class Skips {
  readonly #what: string
  readonly #advice: string
  #named = 0
  #more = 0
  #firstUnnamed: readonly string[] = []

  constructor(what: string, advice: string) {
    this.#what = what
    this.#advice = advice
  }

  get entries(): number {
    return this.#named + (this.#more > 0 ? 1 : 0)
  }

  *add(path: readonly string[], reason: string): Generator<Discovered> {
    if (this.#named < NAMED) {
      this.#named++
      yield { skipped: { path, reason } }
    } else if (this.#more++ === 0) this.#firstUnnamed = path
  }

  *rest(): Generator<Discovered> {
    const [many, are] = this.#more === 1 ? ["", "is"] : ["s", "are"]
    const path = this.#firstUnnamed.map((part, index, all) => (index === all.length - 1 ? `from ${part}` : part))
    if (this.#more > 0) yield { skipped: { path, reason: `${this.#more} more ${this.#what}${many} ${are} left out; ${this.#advice}` } }
  }
}
