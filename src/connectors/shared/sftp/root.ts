import { PlatformError } from "../../../core/errors.ts"
import type { Wire } from "./wire.ts"

/** The folder of a connector on the server. Paths of files are relative to it. */
export class Root {
  readonly #wire: Wire
  readonly #begin: string

  constructor(wire: Wire, folder: string) {
    this.#wire = wire
    this.#begin = folder.endsWith("/") ? folder : `${folder}/`
  }

  /** Converts a path to that on the server. */
  at(path: string): string {
    if (path.split("/").some((part) => part === "." || part === "..") || path.includes("\0")) throw outside(path)
    return `${this.#begin}${path}`
  }

  /** The path on the server with symbolic links resolved; fails if it lies outside the folder. */
  async find(path: string): Promise<string> {
    const asked = this.at(path)
    const real = await this.#wire.get<string>({ to: "read", path: asked }, (sftp, done) => sftp.realpath(asked, done))
    if (`${real}/` === this.#begin || real.startsWith(this.#begin)) return real
    throw outside(path)
  }

  /** The path of a folder on the server, which is created if it does not exist. */
  async make(folder: string): Promise<string> {
    if (await this.#isThere(folder)) return await this.find(folder)
    const path = `${await this.make(folder.slice(0, Math.max(0, folder.lastIndexOf("/"))))}/${folder.slice(folder.lastIndexOf("/") + 1)}`
    try {
      await this.#wire.ask({ to: "make", path }, (sftp, done) => sftp.mkdir(path, done))
    } catch (error) {
      // Another writer may have created it.
      if (!(await this.#isThere(folder))) throw error
    }
    return path
  }

  async #isThere(folder: string): Promise<boolean> {
    try {
      return (await this.#wire.stat(this.at(folder))).isDirectory()
    } catch (error) {
      if (error instanceof PlatformError && error.code === "stream_not_found") return false
      throw error
    }
  }
}

const outside = (path: string): PlatformError =>
  new PlatformError("permission_denied", `The path ${JSON.stringify(path)} leads outside the connector's folder; use a path inside it.`)
