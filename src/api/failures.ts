import type { FastifyRequest } from "fastify"
import type { PlatformError } from "../core/errors.ts"

/** The facts that a line of the log has about its request: the workspace, the caller, and the connector if the path names one. */
export function subjectOf({ principal, params, routeOptions }: FastifyRequest): Readonly<Record<string, string>> {
  const connector =
    routeOptions.url?.includes("/connectors/:") === true ? (Object.values(params as Record<string, unknown>)[0] as string | undefined) : undefined
  return {
    ...(principal === undefined ? {} : { workspace: principal.workspace.id, by: principal.id }),
    ...(connector === undefined ? {} : { connector: connector.slice(0, 100) }),
  }
}

/**
 * Writes an error that a caller gets to the log, under the request's id, with its cause. A caller who has not been
 * identified causes no line, unless the hub itself failed; nor does an error without a cause, which says all there is.
 */
export function noteFailure(request: FastifyRequest, error: PlatformError): void {
  if (error.cause === undefined || (error.status < 500 && request.principal === undefined)) return
  const facts = { code: error.code, ...subjectOf(request), err: error.cause }
  if (error.status >= 500) request.log.warn(facts, error.message)
  else request.log.info(facts, error.message)
}
