import type { FastifyContextConfig, FastifyReply, FastifyRequest } from "fastify"
import type { TSchema } from "typebox"
import { PlatformError } from "../core/errors.ts"
import type { Access } from "./access.ts"
import { Problem } from "./schemas.ts"

/** A route's documentation: tag, one-line summary, the answers by status, and the problem document for every error. */
export function describe<R extends Record<number, TSchema>>(tag: string, summary: string, response: R) {
  return { tags: [tag], summary, response: { ...response, "4xx": Problem, "5xx": Problem } }
}

/** A route's `config`: who may call it, and what else its description says. */
export const access = (who: Access, more: Omit<FastifyContextConfig, "access"> = {}) => ({ config: { access: who, ...more } })

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
  // Whoever left while the request waited its turn will not leave again.
  if (reply.raw.destroyed || reply.request.raw.socket.destroyed) controller.abort()
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}
