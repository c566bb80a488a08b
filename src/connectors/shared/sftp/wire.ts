import type { FileEntryWithStats, SFTPWrapper, Stats } from "ssh2"
import { PlatformError } from "../../../core/errors.ts"
import { MOST_HELD } from "../files/tree.ts"
import { type Doing, refusal } from "./refusals.ts"

type Done<T> = (error: Error | null | undefined, value?: T) => void

const EOF = 1
/** The maximum number of simultaneous requests for the entries of a folder, and of entries of a folder. */
const READDIRS = 8
const MOST_NAMES = MOST_HELD

/** Bytes per request, which every server accepts, and the maximum number of simultaneous requests for a file. */
export const PIECE = 32_768
export const AHEAD = 32

/** The version of a file, as far as SFTP 3 reports it: its size and the second of its last change. */
export const markOf = ({ size, mtime }: Pick<Stats, "size" | "mtime">): string => `${size}-${mtime}`

/** An SFTP session. Its errors are those of `refusal`. */
export class Wire {
  readonly sftp: SFTPWrapper
  readonly #user: string
  #over = false

  constructor(sftp: SFTPWrapper, user: string) {
    this.sftp = sftp
    this.#user = user
    // Without a listener, a violation of the protocol would end the process. ssh2 also fails all requests then.
    sftp.on("error", () => undefined)
    sftp.once("close", () => {
      this.#over = true
    })
  }

  /** Sends one request and returns its response; undefined at the end of a file or folder. */
  ask<T = void>(doing: Doing, send: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const done: Done<T> = (error, value) => {
        if (error === null || error === undefined) resolve(value)
        else if (Reflect.get(error, "code") === EOF) resolve(undefined)
        else reject(refusal(error, doing, this.#user))
      }
      if (this.#over) return done(new Error("The session has ended."))
      try {
        send(this.sftp, done)
      } catch (error) {
        // ssh2 throws if the connection is closed.
        done(error as Error)
      }
    })
  }

  /** The same for a request that always has a response. */
  async get<T>(doing: Doing, send: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    const answer = await this.ask(doing, send)
    if (answer === undefined) throw new PlatformError("response_invalid", `The server sent an empty response to the request to ${doing.to} ${doing.path}.`)
    return answer
  }

  /** Sends a request of an extension. Returns false if the server does not support the extension; ssh2 sends nothing then. */
  async offered(doing: Doing, send: (sftp: SFTPWrapper, done: Done<void>) => void): Promise<boolean> {
    let sent = false
    await this.ask(doing, (sftp, done) => {
      try {
        send(sftp, done)
        sent = true
      } catch {
        done(null)
      }
    })
    return sent
  }

  async names(path: string): Promise<readonly FileEntryWithStats[]> {
    const doing: Doing = { to: "list", path }
    const handle = await this.get<Buffer>(doing, (sftp, done) => sftp.opendir(path, done))
    const all: FileEntryWithStats[] = []
    try {
      for (let many = 1; all.length <= MOST_NAMES; many = Math.min(READDIRS, many * 2)) {
        const found = await Promise.all(Array.from({ length: many }, () => this.ask<FileEntryWithStats[]>(doing, (sftp, done) => sftp.readdir(handle, done))))
        for (const each of found) for (const name of each ?? []) all.push(name)
        if (found.includes(undefined)) return all
      }
    } finally {
      this.leave(handle, doing)
    }
    throw new PlatformError("response_too_large", `The folder ${path} has more than ${MOST_NAMES} entries; move files into subfolders.`)
  }

  stat(path: string): Promise<Stats> {
    return this.get<Stats>({ to: "read", path }, (sftp, done) => sftp.stat(path, done))
  }

  /** Closes a handle without waiting for the response. */
  leave(handle: Buffer, doing: Doing): void {
    this.ask(doing, (sftp, done) => sftp.close(handle, done)).catch(() => undefined)
  }
}
