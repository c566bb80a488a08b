import * as fs from "node:fs"
import ssh2 from "ssh2"

const { STATUS_CODE, flagsToString } = ssh2.utils.sftp

/** What a server of SFTP does otherwise than one that is well. */
export interface SftpOddities {
  /** Status of a write; undefined writes. */
  readonly failWrites?: (path: string) => number | undefined
  /** The answer to a request for a file's bytes: `whole` unless given, `never` for none, or at most that many bytes. */
  readonly reads?: (path: string, offset: number) => "whole" | "never" | number
  /** Names that are listed besides, in every folder. */
  readonly names?: readonly string[]
}

export interface SftpServing {
  /** Paths of the files that are open now. */
  readonly open: readonly string[]
}

/**
 * Serves the files of this machine by SFTP 3 and ssh2's own server, which has none of OpenSSH's extensions: a rename
 * replaces nothing. Paths are those of the machine.
 */
export function serveSftp(oddities: SftpOddities = {}): { readonly serve: (session: ssh2.SFTPWrapper, client: ssh2.Connection) => void } & SftpServing {
  const open: string[] = []
  const serve = (session: ssh2.SFTPWrapper, client: ssh2.Connection): void => {
    const handles = new Map<number, Handle>()
    let last = 0
    const give = (request: number, handle: Handle): void => {
      const name = Buffer.alloc(4)
      name.writeUInt32BE(++last)
      handles.set(last, handle)
      if (handle.descriptor !== undefined) open.push(handle.path)
      session.handle(request, name)
    }
    const drop = (handle: Handle | undefined): void => {
      if (handle?.descriptor === undefined) return
      fs.closeSync(handle.descriptor)
      open.splice(open.indexOf(handle.path), 1)
    }
    client.once("close", () => {
      for (const handle of handles.values()) drop(handle)
      handles.clear()
    })
    const files = (name: Buffer): Handle => {
      const handle = handles.get(name.length === 4 ? name.readUInt32BE() : 0)
      if (handle === undefined) throw Object.assign(new Error("no such handle"), { code: "EBADF" })
      return handle
    }
    /** Answers with the status of whatever goes wrong. */
    const answer = (request: number, work: () => unknown): void => {
      try {
        const status = work()
        if (typeof status === "number") session.status(request, status)
      } catch (error) {
        session.status(request, statusOf(error))
      }
    }
    session.on("REALPATH", (request, path) => answer(request, () => void session.name(request, [named(path === "." ? "/" : fs.realpathSync(path))])))
    session.on("STAT", (request, path) => answer(request, () => void session.attrs(request, attributes(fs.statSync(path)))))
    session.on("LSTAT", (request, path) => answer(request, () => void session.attrs(request, attributes(fs.lstatSync(path)))))
    session.on("OPEN", (request, path, flags) => answer(request, () => give(request, { path, descriptor: fs.openSync(path, flagsToString(flags) ?? "r") })))
    session.on("FSTAT", (request, name) => answer(request, () => void session.attrs(request, attributes(fs.fstatSync(files(name).descriptor ?? -1)))))
    session.on("READ", (request, name, offset, length) =>
      answer(request, () => {
        const { path, descriptor = -1 } = files(name)
        const how = oddities.reads?.(path, offset) ?? "whole"
        if (how === "never") return undefined
        const bytes = Buffer.alloc(how === "whole" ? length : Math.min(length, how))
        const read = fs.readSync(descriptor, bytes, 0, bytes.length, offset)
        if (read === 0) return STATUS_CODE.EOF
        session.data(request, bytes.subarray(0, read))
        return undefined
      }),
    )
    session.on("WRITE", (request, name, offset, data) =>
      answer(request, () => {
        const { path, descriptor = -1 } = files(name)
        const failed = oddities.failWrites?.(path)
        if (failed === undefined) fs.writeSync(descriptor, data, 0, data.length, offset)
        return failed ?? STATUS_CODE.OK
      }),
    )
    session.on("CLOSE", (request, name) =>
      answer(request, () => {
        drop(files(name))
        handles.delete(name.readUInt32BE())
        return STATUS_CODE.OK
      }),
    )
    session.on("OPENDIR", (request, path) => answer(request, () => give(request, { path, names: [...fs.readdirSync(path), ...(oddities.names ?? [])] })))
    session.on("READDIR", (request, name) =>
      answer(request, () => {
        const { path, names = [] } = files(name)
        const some = names.splice(0, 100)
        if (some.length === 0) return STATUS_CODE.EOF
        session.name(
          request,
          some.map((each) => ({ ...named(each), attrs: attributes(fs.lstatSync(`${path}/${each}`, { throwIfNoEntry: false }) ?? fs.statSync(path)) })),
        )
        return undefined
      }),
    )
    const done = (work: () => void) => (): number => {
      work()
      return STATUS_CODE.OK
    }
    session.on("MKDIR", (request, path) =>
      answer(
        request,
        done(() => fs.mkdirSync(path)),
      ),
    )
    session.on("REMOVE", (request, path) =>
      answer(
        request,
        done(() => fs.unlinkSync(path)),
      ),
    )
    session.on("RENAME", (request, from, to) =>
      answer(request, () => {
        if (fs.existsSync(to)) return STATUS_CODE.FAILURE
        fs.renameSync(from, to)
        return STATUS_CODE.OK
      }),
    )
    session.on("error", () => undefined)
  }
  return { serve, open }
}

interface Handle {
  readonly path: string
  readonly descriptor?: number
  readonly names?: string[]
}

const named = (filename: string): ssh2.FileEntry => ({ filename, longname: filename, attrs: {} as ssh2.Attributes })

const attributes = ({ mode, uid, gid, size, atimeMs, mtimeMs }: fs.Stats): ssh2.Attributes => ({
  ...{ mode, uid, gid, size },
  atime: Math.floor(atimeMs / 1_000),
  mtime: Math.floor(mtimeMs / 1_000),
})

function statusOf(error: unknown): number {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined
  return code === "ENOENT" ? STATUS_CODE.NO_SUCH_FILE : code === "EACCES" || code === "EPERM" ? STATUS_CODE.PERMISSION_DENIED : STATUS_CODE.FAILURE
}
