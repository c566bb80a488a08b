import type { Call } from "../../../../core/call.ts"
import type { Slice, Slicing, Stream } from "../../../../core/streams.ts"
import type { Position } from "../format.ts"
import { shortMark } from "../marks.ts"
import { type FileClient, openFile } from "../open-file.ts"
import type { FileEntry } from "../store.ts"
import { Digest, type FilePart, type FileRun, idOf } from "./slice.ts"
import { streamFiles } from "./stream-files.ts"

/**
 * Cuts a stream into runs of whole files, and large files into parts if their format finds safe cuts. The marks of the files
 * are the snapshot: a slice whose files have changed fails, so slices are consistent if every file has a mark.
 */
export async function slices(client: FileClient, from: Stream, most: number, call: Call): Promise<Slicing> {
  const name = client.layout.nameOf(from)
  const { parts, of, consistent } = client.layout.per === "folder" ? await ofFolder(client, name, most, call) : await ofFile(client, name, most, call)
  return { slices: parts.map((part): Slice => ({ id: idOf(part), of })), consistent, async [Symbol.asyncDispose]() {} }
}

interface Cut {
  readonly parts: readonly (FilePart | FileRun)[]
  readonly of: string
  readonly consistent: boolean
}

async function ofFile(client: FileClient, path: string, most: number, call: Call): Promise<Cut> {
  await using file = await openFile(client, path, call)
  const mark = shortMark(file.mark)
  const cuts = most > 1 ? ((await file.table.cuts?.(most)) ?? []) : []
  return { parts: partsBetween(path, mark, cuts), of: mark, consistent: mark !== "" }
}

/** The parts of a file between its cuts. */
const partsBetween = (path: string, mark: string, cuts: readonly Position[]): FilePart[] =>
  [undefined, ...cuts].map((start, index) => ({
    kind: "part",
    path,
    mark,
    ...(start === undefined ? {} : { start }),
    ...(index === cuts.length ? {} : { end: cuts[index] }),
  }))

async function ofFolder(client: FileClient, name: string, most: number, call: Call): Promise<Cut> {
  const runs = new Runs(most)
  const all = new Digest()
  let consistent = true
  for await (const entry of streamFiles(client, name, undefined, call)) {
    runs.add(entry)
    all.add(entry)
    consistent &&= entry.mark !== ""
  }
  const grouped = runs.grouped()
  const parts: (FilePart | FileRun)[] = []
  let left = most - grouped.length
  for (const run of grouped) {
    const wanted = run.digest.files > 1 ? 1 : Math.min(left + 1, Math.floor(run.bytes / Math.max(1, runs.share)))
    const cut = wanted > 1 ? (await ofFile(client, run.first, wanted, call)).parts : []
    if (cut.length > 1) parts.push(...cut)
    else parts.push({ kind: "run", first: run.first, last: run.last, files: run.digest.files, digest: run.digest.text })
    left -= Math.max(0, cut.length - 1)
  }
  return { parts, of: all.text, consistent }
}

interface Run {
  readonly first: string
  readonly last: string
  readonly bytes: number
  readonly digest: Digest
}

/** Builds runs of about the same size from files whose number and sizes are known only at the end, by joining neighbors as more files come. */
class Runs {
  readonly #most: number
  #runs: Run[] = []
  #bytes = 0

  constructor(most: number) {
    this.#most = Math.max(1, most)
  }

  /** The size of each run in bytes if all had the same size. */
  get share(): number {
    return this.#bytes / this.#most
  }

  add(entry: FileEntry): void {
    const digest = new Digest()
    digest.add(entry)
    const bytes = Math.max(1, entry.bytes ?? 1)
    this.#bytes += bytes
    this.#runs.push({ first: entry.path, last: entry.path, bytes, digest })
    // Any two neighbors together exceed the size, so at most 8 times `most` runs remain.
    if (this.#runs.length >= 16 * this.#most) this.#runs = this.#joined(this.#bytes / (4 * this.#most))
  }

  /** Joins the files into at most `most` runs. */
  grouped(): readonly Run[] {
    let size = this.share
    let runs = this.#joined(size)
    while (runs.length > this.#most) {
      size *= 1.25
      runs = this.#joined(size)
    }
    return runs
  }

  /** Joins neighbors while their sum does not exceed a size. */
  #joined(size: number): Run[] {
    const out: Run[] = []
    for (const run of this.#runs) {
      const last = out.at(-1)
      if (last === undefined || last.bytes + run.bytes > size) out.push(run)
      else out[out.length - 1] = { first: last.first, last: run.last, bytes: last.bytes + run.bytes, digest: last.digest.with(run.digest) }
    }
    return out
  }
}
