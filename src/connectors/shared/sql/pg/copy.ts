import type { Client, Connection, Submittable } from "pg"
import type { ByteFlow } from "../bytes.ts"
import type { PgBound } from "./encode.ts"

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** One line of COPY's text format (PostgreSQL docs, COPY, File Formats). */
export const copyLine = (values: readonly PgBound[]): string =>
  `${values.map((value) => (value === null ? "\\N" : value.replace(/[\\\n\r\t]/g, (char) => ESCAPES[char] ?? char))).join("\t")}\n`

/** The parts of the library's connection that COPY needs. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
  sendCopyFail(reason: string): void
}

/** A COPY as the library runs it: it calls these methods with the server's messages (PostgreSQL docs, 54.2.6). */
class Copy implements Submittable {
  readonly #sql: string
  connection: CopyConnection | undefined
  rows: number | undefined
  ended = false
  error: Error | undefined
  onChange: () => void = () => undefined

  constructor(sql: string) {
    this.#sql = sql
  }

  submit(connection: Connection): void {
    this.connection = connection as CopyConnection
    connection.query(this.#sql)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [, rows] = /^COPY (\d+)$/.exec(text) ?? []
    this.rows = rows === undefined ? undefined : Number(rows)
  }

  handleReadyForQuery(): void {
    this.ended = true
    this.onChange()
  }

  handleError(error: Error): void {
    this.error ??= error
    this.ended = true
    this.onChange()
  }
}

/** Bytes that are buffered for a consumer before the server has to wait. */
const HELD_BYTES = 1_048_576

class CopyOut extends Copy {
  readonly held: Buffer[] = []
  heldBytes = 0

  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    // A copy, because the library reuses the memory of its messages.
    this.held.push(Buffer.from(chunk))
    this.heldBytes += chunk.length
    if (this.heldBytes >= HELD_BYTES) this.connection?.stream.pause()
    this.onChange()
  }

  take(): Buffer {
    const chunk = Buffer.concat(this.held)
    this.held.length = 0
    this.heldBytes = 0
    this.connection?.stream.resume()
    return chunk
  }
}

/** The bytes of a `COPY … TO STDOUT`. If the consumer stops early, the connection is closed, so that no remaining bytes are read as the next statement's. */
export function copyOut(pg: Client, sql: string): ByteFlow {
  const copy = new CopyOut(sql)
  let [begun, ended] = [false, false]
  const stop = (): void => {
    if (begun && !ended) copy.connection?.stream.destroy()
  }
  const bytes = async function* (): AsyncGenerator<Buffer> {
    begun = true
    pg.query(copy)
    try {
      while (true) {
        if (copy.held.length > 0) yield copy.take()
        else if (copy.ended) break
        else
          await new Promise<void>((resolve) => {
            copy.onChange = resolve
          })
      }
      ended = true
      if (copy.error !== undefined) throw copy.error
    } finally {
      stop()
    }
  }
  return { bytes: bytes(), rows: () => copy.rows, stop }
}

class CopyIn extends Copy {
  ready = false

  handleCopyInResponse(): void {
    this.ready = true
    this.onChange()
  }

  /** Waits until the condition holds or the COPY has ended; throws the COPY's error. */
  async until(met: () => boolean): Promise<void> {
    while (!met() && !this.ended)
      await new Promise<void>((resolve) => {
        this.onChange = resolve
      })
    if (this.error !== undefined) throw this.error
  }
}

/** Runs a `COPY … FROM STDIN` with those bytes; returns the server's count of rows. If the source fails, so does the COPY. */
export async function copyIn(pg: Client, sql: string, data: string | AsyncIterable<Buffer>): Promise<number> {
  const copy = pg.query(new CopyIn(sql))
  await copy.until(() => copy.ready)
  const connection = copy.connection as CopyConnection
  const { stream } = connection
  try {
    for await (const chunk of typeof data === "string" ? [Buffer.from(data)] : data) {
      connection.sendCopyFromChunk(chunk)
      if (stream.writableNeedDrain) stream.once("drain", () => copy.onChange())
      await copy.until(() => !stream.writableNeedDrain)
    }
  } catch (error) {
    if (!copy.ended) connection.sendCopyFail("The source of the rows failed.")
    throw error
  }
  connection.endCopyFrom()
  await copy.until(() => false)
  return copy.rows ?? 0
}
