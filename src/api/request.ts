import type { FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../core/errors.ts"

/** The version in `If-Match`: `"7"`, or undefined without one; `*` matches any. */
export function ifMatchOf(request: FastifyRequest): number | undefined {
  const header = request.headers["if-match"]
  if (header === undefined || header === "*") return undefined
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1]
  if (version === undefined) {
    const message = 'must be the ETag of the connector, such as "3".'
    throw new PlatformError("request_invalid", `If-Match ${message}`, { faults: [{ pointer: "/headers/if-match", message }] })
  }
  return Number(version)
}

/** Aborts when the caller goes away before the answer is complete. */
export function callerSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  // A caller who left while the request waited its turn sends no further "close".
  if (reply.raw.destroyed || reply.request.raw.socket.destroyed) controller.abort()
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
