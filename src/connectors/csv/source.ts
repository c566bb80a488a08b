import { createHash } from "node:crypto"
import { pipeline, Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import type { Dispatcher } from "undici"
import type { Call } from "../../core/call.ts"
import { PlatformError } from "../../core/errors.ts"
import { asUtf8 } from "./encoding.ts"
import type { CsvConfig } from "./fields.ts"
import { type Format, formatOf } from "./format.ts"
import { download } from "./url.ts"

export interface Client {
  readonly config: CsvConfig
  readonly dispatcher: Dispatcher
}

/** A file that was opened and looked at: what it is, and its text from an offset on. To be read once, to its end or not. */
export interface OpenFile {
  readonly name: string
  /** The same for the same bytes; "" when nobody says. */
  readonly mark: string
  readonly format: Format
  readonly gzip: boolean
  /** Its text as UTF-8. */
  text(from?: number): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** What a format is told by. */
const SAMPLE_BYTES = 262_144
/** A gzip that becomes more than this, and more than 200 times itself, is a bomb. */
const FREE_BYTES = 256 * 1_048_576
const MOST_RATIO = 200

/** Opens the file by its bytes' source: an upload of the caller's workspace, or a URL, asked once. */
export async function openFile(client: Client, call: Call): Promise<OpenFile> {
  const { source } = client.config
  if (source.kind === "upload") {
    const { name, sha256, read } = await call.upload(source.upload)
    return look({ name, mark: sha256, read }, client.config)
  }
  const { mark, bytes } = await call.stage("auth", () => download(source, client.dispatcher, call.signal))
  return look({ name: nameIn(new URL(source.url)), mark: mark === "" ? "" : createHash("sha256").update(mark).digest("hex"), read: () => bytes }, client.config)
}

/** The last part of the path, or the host. */
function nameIn(url: URL): string {
  const last = url.pathname.split("/").findLast((part) => part !== "") ?? ""
  try {
    return decodeURIComponent(last).replaceAll("\u0000", "").slice(0, 255) || url.hostname
  } catch {
    return last.slice(0, 255)
  }
}

interface Bytes {
  readonly name: string
  readonly mark: string
  read(from?: number): AsyncIterable<Buffer>
}

async function look(bytes: Bytes, config: CsvConfig): Promise<OpenFile> {
  const plain = unzipped(bytes.read())
  const iterator = plain.data[Symbol.asyncIterator]()
  const close = async (): Promise<void> => void (await iterator.return?.(undefined))
  try {
    const parts: Buffer[] = []
    let [length, whole] = [0, false]
    while (length < SAMPLE_BYTES && !whole) {
      const next = await iterator.next()
      if (next.done === true) whole = true
      else {
        parts.push(next.value)
        length += next.value.length
      }
    }
    if (length === 0) throw new PlatformError("response_invalid", `The file ${bytes.name} is empty; send one with at least a header.`)
    const head = Buffer.concat(parts, length)
    const format = await formatOf(head.subarray(0, SAMPLE_BYTES), whole && length <= SAMPLE_BYTES, config)
    const { encoding } = format
    const gzip = plain.gzip()
    async function* all(): AsyncGenerator<Buffer> {
      yield head
      while (true) {
        const next = await iterator.next()
        if (next.done === true) return
        yield next.value
      }
    }
    const text = (from = 0): AsyncIterable<Buffer> => {
      // Bytes of the file are bytes of the text: an upload is entered in its middle.
      if (from > length && config.source.kind === "upload" && !gzip && encoding.name === "utf-8") return bytes.read(encoding.bom + from)
      return behind(asUtf8(all(), encoding), from)
    }
    return { name: bytes.name, mark: bytes.mark, format, gzip, text, close }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

async function* behind(text: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  let left = from
  for await (const part of text) {
    if (left < part.length) yield part.subarray(left)
    left = Math.max(0, left - part.length)
  }
}

/** The bytes, decompressed when they begin as gzip does (RFC 1952, 2.3.1). */
function unzipped(bytes: AsyncIterable<Buffer>): { readonly data: AsyncGenerator<Buffer>; gzip(): boolean } {
  let gzip = false
  async function* data(): AsyncGenerator<Buffer> {
    const iterator = bytes[Symbol.asyncIterator]()
    try {
      const parts: Buffer[] = []
      let next = await iterator.next()
      while (next.done !== true && parts.reduce((sum, { length }) => sum + length, 0) + next.value.length < 2) {
        parts.push(next.value)
        next = await iterator.next()
      }
      if (next.done !== true) parts.push(next.value)
      const head = Buffer.concat(parts)
      async function* all(): AsyncGenerator<Buffer> {
        if (head.length > 0) yield head
        for (let more = await iterator.next(); more.done !== true; more = await iterator.next()) yield more.value
      }
      gzip = head[0] === 0x1f && head[1] === 0x8b
      if (gzip) yield* gunzipped(all())
      else yield* all()
    } finally {
      await iterator.return?.()
    }
  }
  return { data: data(), gzip: () => gzip }
}

async function* gunzipped(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [taken, given] = [0, 0]
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const part of bytes) {
      taken += part.length
      yield part
    }
  }
  const gunzip = createGunzip()
  // The error comes out of the loop below; the callback only keeps it from being nobody's.
  pipeline(Readable.from(counted(), { objectMode: true, highWaterMark: 1 }), gunzip, () => undefined)
  for await (const part of gunzip as AsyncIterable<Buffer>) {
    given += part.length
    if (given > FREE_BYTES && given > taken * MOST_RATIO)
      throw new PlatformError("response_too_large", `The file decompresses to more than ${MOST_RATIO} times its size; send it as it is.`)
    yield part
  }
}
