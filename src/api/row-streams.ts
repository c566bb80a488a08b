import { Readable } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { Batch, Cursor } from "../core/streams.ts"
import { csvHeader, toCsv, toNdjson } from "../hub/base/encode.ts"
import type { AnswerType } from "./accept.ts"
import { asPlatformError, problemOf } from "./problem.ts"
import { atReadersPace, type Sent, sendStream } from "./sending.ts"

/** How the document describes rows that are streamed. */
export const ROW_MEDIA = {
  "application/x-ndjson":
    'One row per line, as a JSON object by column. A record of a file that is not a row is a line `{"$rejected": …}`. A stream that fails ends with a line `{"$error": Problem, "cursor"?: …}`. A column of one of these names has one more `$`.',
  "text/csv":
    "A header and one line per row. CSV has no place for an error: a stream that fails, or meets a record that is not a row, ends as a broken connection.",
} as const

export interface RowStreamOptions {
  /** A line with the cursor after each batch that has one (NDJSON alone). */
  readonly cursors?: boolean | undefined
  /** Leave out the records that are not rows, where the answer cannot show them (CSV). */
  readonly skipRejected?: boolean | undefined
}

/**
 * Waits for the first batch, so that a refused read is an ordinary error, then streams at the caller's pace, for as long
 * as rows come and are taken.
 */
export async function sendRows(
  request: FastifyRequest,
  reply: FastifyReply,
  type: Exclude<AnswerType, "application/json">,
  batches: AsyncGenerator<Batch>,
  options: RowStreamOptions = {},
): Promise<Sent> {
  const all = begun(await batches.next(), batches)
  const csv = type === "text/csv"
  const lines = csv ? csvLines(all, options) : ndjsonLines(all, request.id, options)
  // What is wrong with the first batch is an ordinary error too.
  const texts = begun(await lines.next(), lines)
  const body = Readable.from(atReadersPace(reply, texts), { objectMode: false, highWaterMark: 256 * 1024 })
  // A CSV that breaks ends as a broken connection: it has no line that could say so.
  body.once("error", (error) => {
    if (!request.raw.destroyed) request.log.warn({ err: error }, "a streamed answer broke off")
    reply.raw.destroy(error)
  })
  return sendStream(reply, csv ? "text/csv; charset=utf-8" : type, body)
}

/** The same items, the first of which was taken already. */
async function* begun<T>(first: IteratorResult<T>, items: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    for (let next = first; next.done !== true; next = await items.next()) yield next.value
  } finally {
    await items.return(undefined)
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`

async function* ndjsonLines(batches: AsyncIterable<Batch>, requestId: string, { cursors = false }: RowStreamOptions): AsyncGenerator<string> {
  let cursor: Cursor | undefined
  try {
    for await (const batch of batches) {
      const own = [...(batch.rejected ?? []).map(($rejected) => ({ $rejected })), ...(cursors && batch.cursor !== undefined ? [{ $cursor: batch.cursor }] : [])]
      const text = toNdjson(batch) + own.map(lineOf).join("")
      if (text !== "") yield text
      cursor = batch.cursor
    }
  } catch (error) {
    yield lineOf({ $error: problemOf(asPlatformError(error), requestId), ...(cursor === undefined ? {} : { cursor }) })
  }
}

async function* csvLines(batches: AsyncIterable<Batch>, { skipRejected = false }: RowStreamOptions): AsyncGenerator<string> {
  let header: string | undefined
  for await (const batch of batches) {
    const own = csvHeader(batch.columns)
    if (header !== undefined && header !== own) throw otherColumns()
    const rejected = batch.rejected?.[0]
    if (rejected !== undefined && !skipRejected) throw notARow(rejected)
    const text = (header === undefined ? own : "") + toCsv(batch)
    header = own
    if (text !== "") yield text
  }
}

const otherColumns = (): PlatformError =>
  new PlatformError("response_invalid", "A later record has other columns than the CSV's header; name the columns that are wanted, or read NDJSON.")

function notARow({ line, reason }: { readonly line: number; readonly reason: string }): PlatformError {
  const message = `The record at line ${line} is not a row (${reason}), which CSV cannot show; read NDJSON to see all such records, or add skipRejected=true.`
  return new PlatformError("response_invalid", message)
}
