import type { FileEntryWithStats, Stats } from "ssh2"
import { PlatformError } from "../../../core/errors.ts"
import type { Lease } from "../../../core/lease.ts"
import { type ByteSource, fileChanged, PastEnd } from "../files/source.ts"
import type { FileStore } from "../files/store.ts"
import { listTree, type TreeEntry } from "../files/tree.ts"
import { isUnfinished, putFile } from "./put.ts"
import { Root } from "./root.ts"
import { AHEAD, markOf, PIECE, type Wire } from "./wire.ts"

/** The files of a folder. */
export function filesOf(wire: Wire, folder: string, lease: Lease): FileStore {
  const root = new Root(wire, folder)
  return {
    list: listTree(async (below) => {
      try {
        return (await wire.names(root.at(below))).map(entryOf)
      } catch (error) {
        if (!(error instanceof PlatformError) || below === "") throw error
        if (error.code === "stream_not_found") return undefined
        if (error.code === "permission_denied") return { reason: error.message, hides: error }
        throw error
      }
    }),
    open: (path) => openFile(wire, root, path),
    put: (path, bytes) => putFile(wire, root, path, bytes, lease),
  }
}

function entryOf({ filename: name, attrs }: FileEntryWithStats): TreeEntry {
  if (name === "" || /[/\0]/.test(name)) throw new PlatformError("response_invalid", "The server lists a file whose name is empty or contains a slash.")
  const other = (reason: string): TreeEntry => ({ name, kind: "other", reason })
  if (name.includes("\ufffd")) return other("Its name is not UTF-8; rename it.")
  if (attrs.isSymbolicLink()) return other("It is a symbolic link; its target is read under its own path if it is inside the folder.")
  if (attrs.isDirectory()) return { name, kind: "folder" }
  if (!attrs.isFile()) return other("It is a device, a pipe or a socket.")
  if (isUnfinished(name)) return other("It is being written, or was left behind by an interrupted write; delete it if it remains.")
  return { name, kind: "file", mark: markOf(attrs), bytes: attrs.size }
}

/** Opens a file. All of its bytes are read through one handle, so that a file renamed over it in the meantime changes nothing. */
async function openFile(wire: Wire, root: Root, path: string): Promise<ByteSource> {
  const asked = root.at(path)
  const [real, found] = await Promise.all([root.find(path), wire.stat(asked)])
  const doing = { to: "read", path: real } as const
  if (!found.isFile()) throw new PlatformError("stream_not_found", `${path} is not a file; discover again, and take the path from the catalog.`)
  const handle = await wire.get<Buffer>(doing, (sftp, done) => sftp.open(real, "r", done))
  const look = (): Promise<Stats> => wire.get<Stats>(doing, (sftp, done) => sftp.fstat(handle, done))
  const stats = await look().catch((error: unknown) => {
    wire.leave(handle, doing)
    throw error
  })
  const [mark, bytes] = [markOf(stats), stats.size]
  let asksAgain = false
  const piece = async (from: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; ) {
      asksAgain ||= at > 0
      const got = await wire.ask<number>(doing, (sftp, done) => sftp.read(handle, buffer, at, length - at, from + at, done))
      if (got === undefined || got === 0) throw fileChanged(path)
      at += got
    }
    return buffer
  }
  async function* open(from = 0, to = bytes): AsyncGenerator<Buffer> {
    if (from > bytes) throw new PastEnd(`${path} has ${bytes} bytes, fewer than ${from}.`)
    const end = Math.min(to, bytes)
    const ahead: Promise<Buffer>[] = []
    let after: Promise<Stats> | undefined
    let at = from
    for (let given = 0; after === undefined || ahead.length > 0; given++) {
      // Only a few requests at first, because the reader may want only the beginning.
      for (; at < end && ahead.length < Math.min(AHEAD, given + 4); at += PIECE) ahead.push(quietly(piece(at, Math.min(PIECE, end - at))))
      // A server handles requests for one file in order, so this request describes the file after its last bytes were read.
      if (at >= end) after ??= quietly(look())
      const first = await ahead.shift()
      if (first !== undefined) yield first
    }
    if (markOf(asksAgain ? await look() : await after) !== mark) throw fileChanged(path)
  }
  return { name: path, mark, bytes, ranges: true, open, [Symbol.asyncDispose]: async () => wire.leave(handle, doing) }
}

/** Returns its argument; a later failure is not reported as unhandled if the reader has left. */
function quietly<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}
