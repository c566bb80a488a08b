import type { Duplex } from "node:stream"
import { Readable } from "node:stream"
import type { QueryOptions, ResultSetHeader } from "mysql2"
import { PlatformError } from "../../../../core/errors.ts"
import type { MysqlLine } from "./pages.ts"

/** The server's response to LOAD DATA: the number of stored rows and of warnings. */
export interface Loaded {
  readonly rows: number
  readonly warnings: number
}

/** The size of a data packet, which is smaller than any server's max_allowed_packet. */
const PACKET_BYTES = 262_144

/**
 * Runs a `LOAD DATA LOCAL INFILE` on a connection that allows it. Whatever file the server requests, it receives those bytes; no file is
 * opened. If the source fails, the statement ends with the rows sent so far, and the caller rolls back.
 */
export async function load({ connection, rested }: MysqlLine, sql: string, bytes: AsyncIterable<Buffer>): Promise<Loaded> {
  rested()
  const { stream } = connection as unknown as { readonly stream: Duplex }
  let data: Readable | undefined
  let over = false
  const end = (): void => {
    over = true
  }
  const infileStreamFactory = (): Readable => {
    data = Readable.from(packets(bytes, stream), { objectMode: false }).once("end", end).once("error", end)
    return data
  }
  let failure: unknown
  let header: ResultSetHeader | undefined
  await new Promise<void>((resolve) => {
    const fail = (error: unknown): void => {
      failure ??= error
      resolve()
    }
    connection.once("error", fail)
    const command = connection.query({ sql, infileStreamFactory } as QueryOptions)
    command.on("result", (result: unknown) => {
      header = result as ResultSetHeader
    })
    command.on("error", fail)
    command.once("end", () => {
      connection.off("error", fail)
      resolve()
    })
  })
  if (data !== undefined && !over) {
    // The server responded before the data ended, and would read the rest of the data as commands.
    data.destroy()
    connection.destroy()
  }
  if (failure !== undefined) throw failure
  if (!over) throw new PlatformError("protocol_invalid", "The server did not read the data of LOAD DATA to its end; check host and port.")
  return { rows: header?.affectedRows ?? 0, warnings: header?.warningStatus ?? 0 }
}

/** Cuts the bytes into packets, at the connection's pace. An empty packet would end the data. */
async function* packets(bytes: AsyncIterable<Buffer>, stream: Duplex): AsyncGenerator<Buffer> {
  for await (const chunk of bytes)
    for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
      if (stream.writableNeedDrain) await drained(stream)
      yield chunk.subarray(at, at + PACKET_BYTES)
    }
}

const drained = (stream: Duplex): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done)
      resolve()
    }
    stream.on("drain", done).on("close", done)
  })
