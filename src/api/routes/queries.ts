import { Readable } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../../core/errors.ts"
import type { Batch } from "../../core/streams.ts"
import { csvHeader, toCsv, toNdjson } from "../../hub/base/encode.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { asPlatformError, problemOf } from "../problem.ts"
import { callerSignal } from "../request.ts"
import { ConnectorRef } from "../schemas/basics.ts"
import { QueryInput, Rows, RowsQuery } from "../schemas/queries.ts"
import { type Sent, sendStream } from "../sending.ts"

/** A streamed answer ends here, with an error and never silently. */
const STREAM_MAX_BYTES = 1024 * 1024 * 1024

/** Read-only statements, and previews. */
export const queryOperations: readonly Operation[] = [
  operation(
    {
      id: "queryConnector",
      method: "POST",
      path: "/v1/connectors/{id}/query",
      tag: "queries",
      access: "editor",
      summary: "Run a read-only statement",
      params: ConnectorRef,
      body: QueryInput,
      examples: { "With a parameter": { statement: "select id, total from orders where total > $1 order by id", params: [30000], maxRows: 100 } },
      answer: Rows,
      media: {
        "application/x-ndjson": 'One row per line, as a JSON object by column. A stream that fails ends with a line `{"$error": …}`, whose value is a Problem.',
        "text/csv": "A header and one line per row. A stream that fails ends as a broken connection.",
      },
    },
    async (request, reply, { queries }) => {
      const by = principalOf(request)
      const format = formatOf(request)
      if (format === undefined) return queries.query(by, request.params.id, request.body, callerSignal(reply))
      return stream(request, reply, format, queries.stream(by, request.params.id, request.body, callerSignal(reply)))
    },
  ),
  operation(
    {
      id: "previewRows",
      method: "GET",
      path: "/v1/connectors/{id}/rows",
      tag: "queries",
      access: "editor",
      summary: "Get the first rows of a stream, without SQL",
      params: ConnectorRef,
      query: RowsQuery,
      answer: Rows,
    },
    async (request, reply, { queries }) =>
      queries.preview(principalOf(request), request.params.id, pathOf(request.query.stream), request.query.limit, callerSignal(reply)),
  ),
]

type Format = "ndjson" | "csv"

function formatOf(request: FastifyRequest): Format | undefined {
  const accept = String(request.headers.accept ?? "")
  if (accept.includes("application/x-ndjson")) return "ndjson"
  return accept.includes("text/csv") ? "csv" : undefined
}

function pathOf(text: string): string[] {
  const message = 'must be a JSON array of names, such as ["public","orders"].'
  const fault = (cause?: unknown): PlatformError =>
    new PlatformError("request_invalid", `The stream's path ${message}`, { cause, faults: [{ pointer: "/querystring/stream", message }] })
  let path: unknown
  try {
    path = JSON.parse(text)
  } catch (cause) {
    throw fault(cause)
  }
  if (!Array.isArray(path) || path.length === 0 || path.length > 8 || !path.every((name) => typeof name === "string" && name !== "" && name.length <= 1_024))
    throw fault()
  return path as string[]
}

/** Waits for the first batch, so that a refused statement is an ordinary error, then streams at the caller's pace. */
async function stream(request: FastifyRequest, reply: FastifyReply, format: Format, batches: AsyncGenerator<Batch>): Promise<Sent> {
  const first = await batches.next()
  const body = Readable.from(format === "ndjson" ? ndjson(request, first, batches) : csv(first, batches), { objectMode: false, highWaterMark: 256 * 1024 })
  // A CSV that breaks ends as a broken connection: it has no line that could say so.
  body.once("error", (error) => reply.raw.destroy(error))
  return sendStream(reply, format === "ndjson" ? "application/x-ndjson" : "text/csv; charset=utf-8", body)
}

async function* ndjson(request: FastifyRequest, first: IteratorResult<Batch>, batches: AsyncGenerator<Batch>): AsyncGenerator<string> {
  try {
    yield* limited(first, batches, toNdjson)
  } catch (error) {
    yield `${JSON.stringify({ $error: problemOf(asPlatformError(error), request.id) })}\n`
  }
}

async function* csv(first: IteratorResult<Batch>, batches: AsyncGenerator<Batch>): AsyncGenerator<string> {
  if (first.done !== true) yield csvHeader(first.value.columns)
  yield* limited(first, batches, toCsv)
}

async function* limited(first: IteratorResult<Batch>, batches: AsyncGenerator<Batch>, encode: (batch: Batch) => string): AsyncGenerator<string> {
  let bytes = 0
  try {
    for (let next = first; next.done !== true; next = await batches.next()) {
      const text = encode(next.value)
      if (text !== "") yield text
      bytes += text.length
      if (bytes > STREAM_MAX_BYTES) throw new PlatformError("response_too_large", "The answer passed 1 GiB and was cut off; narrow the statement.")
    }
  } finally {
    await batches.return(undefined)
  }
}
