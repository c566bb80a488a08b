import type { Call } from "../../../../core/call.ts"
import { PlatformError } from "../../../../core/errors.ts"
import type { Cursor, ReadOptions, Slice, Stream } from "../../../../core/streams.ts"
import { notACursor } from "../../cursors.ts"
import type { Position } from "../format.ts"
import { noStream } from "../layout.ts"
import { comparePaths } from "../listing.ts"
import { type Place, placeOf, shortMark } from "../marks.ts"
import { type FileClient, type OpenFile, openFile } from "../open-file.ts"
import { fileChanged, PastEnd } from "../source.ts"
import type { FileEntry } from "../store.ts"
import { Digest, type FilePart, type FileRun, notASlice, sliceOf } from "./slice.ts"
import { streamFiles } from "./stream-files.ts"

/** A file of a stream, and the part of it to read. */
export interface OpenPart {
  readonly file: OpenFile
  readonly start?: Position
  readonly end?: Position
  readonly after?: Position
}

/** Opens the files of a stream one after the other: all, those of a slice, or those that remain after a cursor. */
export async function* partsOf(client: FileClient, stream: Stream, slice: Slice | undefined, cursor: Cursor | undefined, call: Call): AsyncGenerator<OpenPart> {
  const name = client.layout.nameOf(stream)
  const part = slice === undefined ? undefined : sliceOf(slice, stream)
  const place = cursor === undefined ? undefined : placeOf(cursor, stream)
  const reader = new Parts(client, stream, name, call)
  if (client.layout.per !== "folder" || part?.kind === "part") yield* reader.inFile(part?.kind === "part" ? part : { path: name }, place)
  else yield* reader.inFolder(part, place)
}

/** Passes the items on. Rejects a cursor or a slice that points past the end of its file, because the hub did not create it. */
export async function* placed<T>(from: Stream, { slice, after }: ReadOptions, items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    if (!(error instanceof PastEnd) || (slice ?? after) === undefined) throw error
    throw after === undefined ? notASlice(from.path, error) : notACursor(from, error)
  }
}

class Parts {
  readonly #client: FileClient
  readonly #stream: Stream
  readonly #name: string
  readonly #call: Call

  constructor(client: FileClient, stream: Stream, name: string, call: Call) {
    this.#client = client
    this.#stream = stream
    this.#name = name
    this.#call = call
  }

  /** A part of one file; fails if the slice or the cursor belongs to another file or version. */
  async *inFile(part: Pick<FilePart, "path"> & Partial<FilePart>, place: Place | undefined): AsyncGenerator<OpenPart> {
    if (this.#client.layout.per !== "one" && !this.#has(part.path)) throw notASlice(this.#stream.path)
    if (place !== undefined && place.path !== part.path) throw notACursor(this.#stream)
    await using file = await openFile(this.#client, part.path, this.#call)
    if (part.mark !== undefined && part.mark !== shortMark(file.mark)) throw fileChanged(part.path)
    const { start, end } = part
    if ([start, end].some((position) => position !== undefined && !file.table.isPosition(position))) throw notASlice(this.#stream.path)
    const within = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
    if (place?.position !== null) yield { file, ...within, ...this.#after(file, place) }
    else this.#after(file, place)
  }

  /** The files of a folder's stream, or of a run of its files. */
  async *inFolder(run: FileRun | undefined, place: Place | undefined): AsyncGenerator<OpenPart> {
    if (place !== undefined) {
      if (!this.#has(place.path) || (run !== undefined && !isWithin(place.path, run))) throw notACursor(this.#stream)
      yield* this.#rest(place)
    }
    const digest = new Digest()
    let none = true
    // A run is listed from its beginning, so that a change to any of its files is noticed.
    for await (const entry of streamFiles(this.#client, this.#name, run === undefined ? place?.path : undefined, this.#call)) {
      if (run !== undefined && comparePaths(entry.path, run.last) > 0) break
      if (run !== undefined && comparePaths(entry.path, run.first) < 0) continue
      none = false
      digest.add(entry)
      if (place === undefined || comparePaths(entry.path, place.path) > 0) yield* this.#whole(entry)
    }
    if (none && run === undefined && place === undefined) throw noStream(this.#stream.path)
    if (run !== undefined && (run.files !== digest.files || run.digest !== digest.text)) throw fileChanged(this.#name)
  }

  async *#whole(entry: FileEntry): AsyncGenerator<OpenPart> {
    await using file = await openFile(this.#client, entry.path, this.#call, entry.source)
    if (entry.mark !== file.mark) throw fileChanged(entry.path)
    yield { file }
  }

  /** The rest of a cursor's file. A file that was read to its end may have been deleted since. */
  async *#rest(place: Place): AsyncGenerator<OpenPart> {
    let file: OpenFile
    try {
      file = await openFile(this.#client, place.path, this.#call)
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "stream_not_found") throw error
      if (place.position === null) return
      throw fileChanged(place.path, error)
    }
    await using opened = file
    const after = this.#after(opened, place)
    if (place.position !== null) yield { file: opened, ...after }
  }

  /** The cursor's position in its file, which must not have changed. */
  #after({ mark, path, table }: OpenFile, place: Place | undefined): { readonly after?: Position } {
    if (place === undefined) return {}
    if (place.position !== null && !table.isPosition(place.position)) throw notACursor(this.#stream)
    if (place.mark !== shortMark(mark)) throw fileChanged(path)
    return { after: place.position }
  }

  #has(path: string): boolean {
    return this.#client.layout.has(path) && this.#client.layout.streamOf(path) === this.#name
  }
}

const isWithin = (path: string, { first, last }: FileRun): boolean => comparePaths(path, first) >= 0 && comparePaths(path, last) <= 0
