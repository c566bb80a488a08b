import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { PlatformError } from "../core/errors.ts"
import { type BackupHeader, type Frame, FrameOrder, isHeader, type TableEnd } from "./backup-order.ts"

/**
 * The format of a backup: the magic line, then frames, each a type byte, a length (32 bits, big-endian) and that many
 * bytes. `H` is the header, `T` starts a table, `D` holds bytes of its rows (PostgreSQL's binary COPY), `E` ends the
 * table, and `Z` ends the file with the SHA-256 of every byte before it. All frames except `D` are JSON.
 */
export const MAGIC = "jackfield backup 1\n"
const MOST = 1_048_576

/** Writes the frames of a backup one after another; each waits until the one before is written to the file. */
export class BackupWriter {
  readonly #file: FileHandle
  readonly #hash = createHash("sha256")
  bytes = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  async begin(header: BackupHeader): Promise<void> {
    await this.#write(Buffer.from(MAGIC))
    await this.#json("H", header)
  }

  /** Writes the rows of one table, whose bytes `rows` yields; `counted` returns their number afterwards. */
  async table(name: string, rows: AsyncIterable<Buffer>, counted: () => number): Promise<TableEnd> {
    await this.#json("T", { name })
    const hash = createHash("sha256")
    let bytes = 0
    for await (const chunk of rows) {
      hash.update(chunk)
      bytes += chunk.length
      for (let at = 0; at < chunk.length; at += MOST) await this.#frame("D", chunk.subarray(at, at + MOST))
    }
    const end = { name, rows: counted(), bytes, sha256: hash.digest("hex") }
    await this.#json("E", end)
    return end
  }

  /** Ends the file; returns the SHA-256 of everything before the end. */
  async finish(): Promise<string> {
    const sha256 = this.#hash.copy().digest("hex")
    await this.#json("Z", { sha256 })
    return sha256
  }

  async #json(type: string, value: unknown): Promise<void> {
    await this.#frame(type, Buffer.from(JSON.stringify(value)))
  }

  async #frame(type: string, payload: Buffer): Promise<void> {
    const head = Buffer.alloc(5)
    head.write(type, 0, "latin1")
    head.writeUInt32BE(payload.length, 1)
    await this.#write(Buffer.concat([head, payload]))
  }

  async #write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes)
    this.bytes += bytes.length
    await this.#file.writeFile(bytes)
  }
}

/**
 * Reads a backup and verifies it on the way: fails with PlatformError `backup_invalid` as soon as anything is
 * missing, changed, superfluous or out of order.
 */
export async function* readBackup(path: string): AsyncGenerator<Frame> {
  const order = new FrameOrder()
  for await (const frame of frames(path)) {
    if (!order.takes(frame)) throw broken(path, "does not contain what its header says")
    yield frame
  }
}

async function* frames(path: string): AsyncGenerator<Frame> {
  const hash = createHash("sha256")
  const source = new Source(path)
  const magic = await source.take(MAGIC.length)
  if (magic?.toString("latin1") !== MAGIC) throw broken(path, "is not a hub backup that this version can read")
  hash.update(magic)
  let rows = createHash("sha256")
  let bytes = 0
  for (;;) {
    const head = await source.take(5)
    const length = head?.readUInt32BE(1) ?? 0
    const payload = head === undefined || length > 64 * MOST ? undefined : await source.take(length)
    if (head === undefined || payload === undefined) throw broken(path, "is truncated")
    const type = head.toString("latin1", 0, 1)
    const whole = type === "Z" ? hash.digest("hex") : ""
    if (type !== "Z") hash.update(head).update(payload)
    if (type === "D") {
      rows.update(payload)
      bytes += payload.length
      yield { type, bytes: payload }
    } else if (type === "H") {
      const header = parse<unknown>(path, payload)
      if (!isHeader(header)) throw broken(path, "does not begin with a valid backup header")
      yield { type, header }
    } else if (type === "T") {
      rows = createHash("sha256")
      bytes = 0
      yield { type, name: parse<{ name?: string } | null>(path, payload)?.name ?? "" }
    } else if (type === "E") {
      const end = parse<TableEnd | null>(path, payload)
      if (end === null || !Number.isSafeInteger(end.rows)) throw broken(path, "has been changed")
      if (end.bytes !== bytes || end.sha256 !== rows.digest("hex")) throw broken(path, `has been changed within the table ${end.name}`)
      yield { type, end }
    } else if (type === "Z") {
      if (parse<{ sha256?: string } | null>(path, payload)?.sha256 !== whole) throw broken(path, "has been changed")
      if ((await source.take(1)) !== undefined) throw broken(path, "continues after its end")
      yield { type }
      return
    } else throw broken(path, "has been changed")
  }
}

const broken = (path: string, how: string, cause?: unknown): PlatformError =>
  new PlatformError("backup_invalid", `${path} ${how}; make a new backup, or copy this one again. Nothing was changed.`, { cause })

function parse<T>(path: string, payload: Buffer): T {
  try {
    return JSON.parse(payload.toString("utf8")) as T
  } catch (cause) {
    throw broken(path, "has been changed", cause)
  }
}

/** Reads a file in pieces of the requested length; undefined if the file ends before. */
class Source {
  readonly #path: string
  readonly #chunks: AsyncIterator<Buffer>
  #rest = Buffer.alloc(0)

  constructor(path: string) {
    this.#path = path
    this.#chunks = createReadStream(path, { highWaterMark: MOST })[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  async take(length: number): Promise<Buffer | undefined> {
    while (this.#rest.length < length) {
      const next = await this.#chunks.next().catch((cause: unknown) => {
        throw broken(this.#path, "cannot be read", cause)
      })
      if (next.done === true) return undefined
      this.#rest = Buffer.concat([this.#rest, next.value])
    }
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}
