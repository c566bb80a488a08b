import { PlatformError } from "../../../core/errors.ts"

/** A named sequence of bytes. */
export interface ByteSource extends AsyncDisposable {
  readonly name: string
  /** Identifies the version: equal for equal bytes; "" if the source has no versions. */
  readonly mark: string
  /** The number of bytes, if the source states it. */
  readonly bytes?: number | undefined
  /** The Content-Type that a server gave it. */
  readonly contentType?: string | undefined
  /** Whether a part can be read alone. Without ranges, the bytes before it are read and discarded. */
  readonly ranges: boolean
  /** The bytes from one offset up to another, which is excluded. Rejects with `PastEnd` if there are fewer than `from`. */
  open(from?: number, to?: number): AsyncIterable<Buffer>
}

/** The number of bytes by which a file's compression and format are recognized. */
export const SAMPLE_BYTES = 262_144

/** The source ends before the offset at which reading should start. */
export class PastEnd extends RangeError {}

/** The error for a file that changed while it was read, or between two parts of a read. */
export const fileChanged = (name: string, cause?: unknown): PlatformError =>
  new PlatformError("query_invalid", `The file ${name} was changed or replaced since the read began; read it again from its beginning.`, { cause })

/** A source whose first bytes have been read. `whole`: the head is the whole source. */
export interface Peeked extends ByteSource {
  readonly head: Buffer
  readonly whole: boolean
}

/** Reads the head of a source once; the first `open` continues with the same stream, so that a server gets one request. */
export async function peek(source: ByteSource, most = SAMPLE_BYTES): Promise<Peeked> {
  const stream = source.open()[Symbol.asyncIterator]()
  const { begun, ended } = await beginningOf(stream, most).catch(async (error: unknown) => {
    await source[Symbol.asyncDispose]()
    throw error
  })
  let held = true
  const release = async (): Promise<void> => {
    if (!held) return
    held = false
    await stream.return?.()
  }
  async function* open(from = 0, to?: number): AsyncGenerator<Buffer> {
    if (held && (from <= begun.length || !source.ranges)) {
      held = false
      return yield* section(goOn(begun, stream), from, to)
    }
    await release()
    yield* source.open(from, to)
  }
  const { name, mark, bytes, ranges, contentType } = source
  return {
    ...{ name, mark, bytes, ranges, contentType, open },
    head: begun.subarray(0, most),
    whole: ended && begun.length <= most,
    async [Symbol.asyncDispose]() {
      await release()
      await source[Symbol.asyncDispose]()
    },
  }
}

/** The beginning of a stream: at least this many bytes, if it has them. */
async function beginningOf(stream: AsyncIterator<Buffer>, least: number): Promise<{ readonly begun: Buffer; readonly ended: boolean }> {
  const parts: Buffer[] = []
  for (let length = 0; length < least; ) {
    const next = await stream.next()
    if (next.done === true) return { begun: Buffer.concat(parts), ended: true }
    parts.push(next.value)
    length += next.value.length
  }
  return { begun: Buffer.concat(parts), ended: false }
}

async function* goOn(begun: Buffer, stream: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (begun.length > 0) yield begun
    for (let next = await stream.next(); next.done !== true; next = await stream.next()) yield next.value
  } finally {
    await stream.return?.()
  }
}

/** A part of a stream that can only be read from its beginning. */
export async function* section(stream: AsyncIterable<Buffer>, from: number, to?: number): AsyncGenerator<Buffer> {
  let at = 0
  for await (const part of stream) {
    const begin = Math.max(0, from - at)
    const end = to === undefined ? part.length : Math.min(part.length, to - at)
    if (begin < end) yield part.subarray(begin, end)
    at += part.length
    if (to !== undefined && at >= to) return
  }
  if (at < from) throw new PastEnd(`The bytes end at ${at}, before ${from}.`)
}
