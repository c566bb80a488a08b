import type { FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { Batch, Cursor } from "../core/streams.ts"
import { csvHeader, toCsv, toNdjson } from "../hub/base/encode.ts"
import type { AnswerType } from "./accept.ts"
import { errorLine } from "./problem.ts"
import { begun, type Sent, sendTexts } from "./sending.ts"

/** How the document describes rows that are streamed. */
export const ROW_MEDIA = {
  "application/x-ndjson":
    'One row per line, as a JSON object by column. A record of a file that is not a row is a line `{"$rejected": …}`. A stream that fails ends with a line `{"$error": Problem, "cursor"?: …}`. Where secrets of the connector were hidden, because the system repeats them, the last line is `{"$hidden": n}`. A column of one of these names has one more `$`.',
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
  const all = await begun(batches)
  const lines = type === "text/csv" ? csvLines(all, options) : ndjsonLines(all, request, options)
  return sendTexts(request, reply, type, lines)
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`

async function* ndjsonLines(batches: AsyncIterable<Batch>, request: FastifyRequest, { cursors = false }: RowStreamOptions): AsyncGenerator<string> {
  let cursor: Cursor | undefined
  let given = false
  let hidden = 0
  try {
    for await (const batch of batches) {
      hidden += batch.hidden ?? 0
      const own = [...(batch.rejected ?? []).map(($rejected) => ({ $rejected })), ...(cursors && batch.cursor !== undefined ? [{ $cursor: batch.cursor }] : [])]
      const text = toNdjson(batch) + own.map(lineOf).join("")
      given ||= text !== ""
      if (text !== "") yield text
      cursor = batch.cursor
    }
    if (hidden > 0) yield lineOf({ $hidden: hidden })
  } catch (error) {
    // Without a line before it, the error is an ordinary one.
    if (!given) throw error
    yield errorLine(request, error, cursor === undefined ? {} : { cursor })
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
