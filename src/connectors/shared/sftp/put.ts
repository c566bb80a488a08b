import { randomUUID } from "node:crypto"
import type { Stats } from "ssh2"
import { PlatformError } from "../../../core/errors.ts"
import type { Lease } from "../../../core/lease.ts"
import type { Root } from "./root.ts"
import { AHEAD, markOf, PIECE, type Wire } from "./wire.ts"

/** Whether a name is that of an incomplete file. */
export const isUnfinished = (name: string): boolean => /^\.jackfield-[0-9a-f-]{36}\.part$/.test(name)

/** Writes a file under a temporary name and renames it once it is complete. If the write fails, the file is deleted, unless the server cannot be reached. */
export async function putFile(wire: Wire, root: Root, path: string, bytes: AsyncIterable<Buffer>, lease: Lease): Promise<{ mark: string; bytes: number }> {
  const slash = path.lastIndexOf("/")
  const folder = await root.make(path.slice(0, Math.max(0, slash)))
  const unfinished = `${folder}/.jackfield-${randomUUID()}.part`
  const remove = async (): Promise<void> => void (await wire.ask({ to: "write", path: unfinished }, (sftp, done) => sftp.unlink(unfinished, done)))
  const lift = lease.beforeCutOff(remove)
  try {
    const written = await writeAll(wire, unfinished, bytes)
    await rename(wire, unfinished, `${folder}/${path.slice(slash + 1)}`)
    return written
  } catch (error) {
    await remove().catch(() => undefined)
    throw error
  } finally {
    lift()
  }
}

async function writeAll(wire: Wire, path: string, bytes: AsyncIterable<Buffer>): Promise<{ mark: string; bytes: number }> {
  const doing = { to: "write", path } as const
  const handle = await wire.get<Buffer>(doing, (sftp, done) => sftp.open(path, "wx", done))
  try {
    const ahead: Promise<void>[] = []
    let at = 0
    for await (const part of bytes)
      for (let from = 0; from < part.length; from += PIECE) {
        if (ahead.length >= AHEAD) await ahead.shift()
        const [piece, place] = [part.subarray(from, from + PIECE), at]
        const next = wire.ask(doing, (sftp, done) => sftp.write(handle, piece, 0, piece.length, place, done))
        next.catch(() => undefined)
        ahead.push(next)
        at += piece.length
      }
    await Promise.all(ahead)
    await wire.offered(doing, (sftp, done) => sftp.ext_openssh_fsync(handle, done))
    const stats = await wire.get<Stats>(doing, (sftp, done) => sftp.fstat(handle, done))
    if (stats.size !== at) throw new PlatformError("remote_failed", `The server stored ${stats.size} of ${at} bytes of ${path}; its disk may be full.`)
    return { mark: markOf(stats), bytes: at }
  } finally {
    wire.leave(handle, doing)
  }
}

/** Renames a file. An existing file is replaced atomically if the server supports it; the rename of SFTP 3 itself fails then. */
async function rename(wire: Wire, from: string, to: string): Promise<void> {
  const doing = { to: "replace", path: to } as const
  if (await wire.offered(doing, (sftp, done) => sftp.ext_openssh_rename(from, to, done))) return
  await wire.ask(doing, (sftp, done) => sftp.rename(from, to, done))
}
