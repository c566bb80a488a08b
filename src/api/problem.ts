import type { FastifyError, FastifyReply, FastifyRequest } from "fastify"
import { ERRORS, type ErrorCode, type Fault, PlatformError } from "../core/errors.ts"
import type { Remedy } from "../core/remedies.ts"
import { noteFailure } from "./failures.ts"

/** RFC 9457 problem details, as every error of the native API is sent. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly next: string
  readonly requestId: string
  readonly errors?: readonly Fault[]
  readonly remedies?: readonly Remedy[]
  readonly [fact: string]: unknown
}

/** The `Retry-After` of an answer, in seconds, while the hub's own database is unavailable. */
const RETRY_AFTER_SECONDS = 2

/** The problem document of an error; `details` of the error are members of it. */
export function problemOf(error: PlatformError, requestId: string): Problem {
  const { means, next } = ERRORS[error.code]
  return {
    ...error.details,
    type: `urn:jackfield:error:${error.code}`,
    title: means,
    status: error.status,
    code: error.code,
    detail: error.message,
    next,
    requestId,
    ...(error.faults.length === 0 ? {} : { errors: error.faults }),
    ...(error.remedies.length === 0 ? {} : { remedies: error.remedies }),
  }
}

/** The last line of an NDJSON stream that fails; more fields may stand beside the problem. The log gets the cause. */
export function errorLine(request: FastifyRequest, error: unknown, more: object = {}): string {
  const known = asPlatformError(error)
  noteFailure(request, known)
  return `${JSON.stringify({ $error: problemOf(known, request.id), ...more })}\n`
}

export async function sendProblem(request: FastifyRequest, reply: FastifyReply, error: PlatformError): Promise<FastifyReply> {
  noteFailure(request, error)
  if (error.code === "store_unavailable") void reply.header("retry-after", String(RETRY_AFTER_SECONDS))
  if (error.code === "rate_limited" || error.code === "idempotency_running") void reply.header("retry-after", String(error.details["retryAfterSeconds"] ?? 1))
  if (error.code === "unauthenticated") void reply.header("www-authenticate", 'Bearer realm="jackfield"')
  return reply.code(error.status).type("application/problem+json").serializer(JSON.stringify).send(problemOf(error, request.id))
}

/** Any error that reaches the server, as ours. What is unknown is `internal`, with its cause for the log alone. */
export function asPlatformError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  const { code, message, statusCode } = error as Partial<FastifyError>
  switch (code) {
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return new PlatformError("json_invalid", "The body is not valid JSON; send one JSON document in UTF-8.", { cause: error })
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return new PlatformError("json_invalid", "The body is empty, but its content type says JSON; send a JSON document or no content type.", { cause: error })
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new PlatformError("content_type_unsupported", "The body's content type is not taken here; send application/json.", { cause: error })
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new PlatformError("body_too_large", "The body is larger than 1 MiB; send less.", { cause: error })
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new PlatformError("request_invalid", "The body does not have the length that Content-Length says.", { cause: error })
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_LEN":
    case "FST_ERR_ASYNC_CONSTRAINT":
      return new PlatformError("path_invalid", "The URL's path cannot be decoded; percent-encode it correctly.", { cause: error })
    // PostgreSQL's words for a value that a column of ours cannot hold: a null character, no Unicode, a number out of range.
    case "22021":
    case "22P05":
    case "22003":
      return new PlatformError("request_invalid", "The request holds a text or a number that cannot be stored; send valid Unicode without null characters.", {
        cause: error,
      })
    default:
      if (error instanceof SyntaxError && statusCode === 400)
        return new PlatformError("json_invalid", "The body is not valid JSON; send one JSON document in UTF-8.", { cause: error })
      if (statusCode === 400 && message !== undefined)
        return new PlatformError("request_invalid", "The request cannot be read; check its headers and body.", { cause: error })
      return new PlatformError("internal", "The hub failed in a way it does not explain; the log has the cause under this request's id.", { cause: error })
  }
}
