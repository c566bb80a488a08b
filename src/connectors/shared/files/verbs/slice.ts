import { createHash } from "node:crypto"
import { PlatformError } from "../../../../core/errors.ts"
import type { Slice, Stream } from "../../../../core/streams.ts"
import type { Position } from "../format.ts"
import { shortMark } from "../marks.ts"
import type { FileEntry } from "../store.ts"

/** A slice that is a part of one version of a file; without `start` from its beginning, without `end` to its end. */
export interface FilePart {
  readonly kind: "part"
  readonly path: string
  readonly mark: string
  readonly start?: Position
  readonly end?: Position
}

/** A slice that is a run of whole files in the order of their paths; `digest` covers their paths and marks. */
export interface FileRun {
  readonly kind: "run"
  readonly first: string
  readonly last: string
  readonly files: number
  readonly digest: string
}

export function idOf(part: FilePart | FileRun): string {
  if (part.kind === "part") return JSON.stringify(["part", part.path, part.mark, part.start ?? null, part.end ?? null])
  return JSON.stringify(["run", part.first, part.last, part.files, part.digest])
}

/** Decodes a slice; `request_invalid` for a slice that the hub did not create. */
export function sliceOf({ id }: Slice, { path }: Stream): FilePart | FileRun {
  let parts: unknown
  try {
    parts = JSON.parse(id)
  } catch (error) {
    throw notASlice(path, error)
  }
  const [kind, one, two, three, four] = Array.isArray(parts) && parts.length === 5 ? (parts as unknown[]) : []
  if (typeof one !== "string" || typeof two !== "string") throw notASlice(path)
  if (kind === "part") return { kind, path: one, mark: two, ...(three === null ? {} : { start: three }), ...(four === null ? {} : { end: four }) }
  if (kind !== "run" || typeof three !== "number" || typeof four !== "string") throw notASlice(path)
  return { kind, first: one, last: two, files: three, digest: four }
}

export const notASlice = (path: readonly string[], cause?: unknown): PlatformError =>
  new PlatformError("request_invalid", `The slice does not belong to ${path.join(".")}; request the stream's slices again.`, {
    faults: [{ pointer: "/slice", message: "This is not a slice of this stream." }],
    cause,
  })

const BITS = 128

/** A digest of files that does not depend on their order, so that the digests of two runs add up to the digest of both. */
export class Digest {
  files = 0
  #sum = 0n

  add({ path, mark }: Pick<FileEntry, "path" | "mark">): void {
    this.files++
    const hash = createHash("sha256")
      .update(JSON.stringify([path, shortMark(mark)]))
      .digest("hex")
    this.#sum = BigInt.asUintN(BITS, this.#sum + BigInt(`0x${hash.slice(0, BITS / 4)}`))
  }

  /** The digest of both runs. */
  with(other: Digest): Digest {
    const both = new Digest()
    both.files = this.files + other.files
    both.#sum = BigInt.asUintN(BITS, this.#sum + other.#sum)
    return both
  }

  get text(): string {
    return this.#sum.toString(16)
  }
}
