import { Readable } from "node:stream"
import type { FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../../core/errors.ts"
import type { Batch } from "../../core/streams.ts"
import { csvHeader, toCsv, toNdjson } from "../../hub/base/encode.ts"
import type { Hub } from "../../hub/hub.ts"
import type { QueryInput as Input } from "../../hub/queries/queries.ts"
import { principalOf } from "../access.ts"
import { asPlatformError, problemOf } from "../problem.ts"
import { QueryInput, Ref, Rows, RowsQuery } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, callerSignal, describe } from "../shapes.ts"

/** A streamed answer ends here, with an error and never silently. */
const STREAM_MAX_BYTES = 1024 * 1024 * 1024

/** Read-only statements, and previews. */
export function queryRoutes(api: Api, { queries }: Hub): void {
  api.post(
    "/connectors/:id/query",
    {
      ...access("editor", { media: ["application/x-ndjson", "text/csv"] }),
      schema: { ...describe("queries", "Run a read-only statement; NDJSON or CSV by Accept", { 200: Rows }), params: Ref, body: QueryInput },
    },
    async (request, reply) => {
      const by = principalOf(request)
      const input = request.body as Input
      const format = formatOf(request)
      if (format === undefined) return queries.query(by, request.params.id, input, callerSignal(reply))
      return stream(request, reply, format, queries.stream(by, request.params.id, input, callerSignal(reply)))
    },
  )
  api.get(
    "/connectors/:id/rows",
    { ...access("editor"), schema: { ...describe("queries", "The first rows of a stream, without SQL", { 200: Rows }), params: Ref, querystring: RowsQuery } },
    async (request, reply) => queries.preview(principalOf(request), request.params.id, pathOf(request.query.stream), request.query.limit, callerSignal(reply)),
  )
}

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
async function stream(request: FastifyRequest, reply: FastifyReply, format: Format, batches: AsyncGenerator<Batch>): Promise<never> {
  const first = await batches.next()
  const body = Readable.from(format === "ndjson" ? ndjson(request, first, batches) : csv(first, batches), { objectMode: false, highWaterMark: 256 * 1024 })
  // A CSV that breaks ends as a broken connection: it has no line that could say so.
  body.once("error", (error) => reply.raw.destroy(error))
  return reply
    .type(format === "ndjson" ? "application/x-ndjson" : "text/csv; charset=utf-8")
    .serializer((payload: unknown) => payload as string)
    .send(body) as never
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
