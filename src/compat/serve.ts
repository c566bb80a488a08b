import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify"
import { originOf } from "../api/mount.ts"
import { PlatformError } from "../core/errors.ts"
import type { Principal } from "../hub/base/principal.ts"
import { atLeast } from "../hub/people/roles.ts"
import type { Role } from "../store/database.ts"

/** A path of a compatible API below its mount, without a trailing slash. */
export interface Route {
  readonly method: HTTPMethods
  readonly path: string
  /** The lowest role that may call it. */
  readonly least: Role
  /** Finds the caller by the credentials that the vendor's API uses. */
  caller(request: FastifyRequest): Promise<Principal>
  handle(by: Principal, request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/** Serves a route with and without a trailing slash. The caller is authenticated before the body is read. */
export function serve(scope: FastifyInstance, { method, path, least, caller, handle }: Route): void {
  const callers = new WeakMap<FastifyRequest, Principal>()
  for (const url of [path, `${path}/`])
    scope.route({
      method,
      url,
      onRequest: async (request) => {
        const by = { ...(await caller(request)), request: originOf(request).request }
        request.principal = by
        if (!atLeast(by.role, least))
          throw new PlatformError("forbidden", `The role ${by.role} may not do this; the role ${least} or a higher one is required.`)
        callers.set(request, by)
      },
      handler: (request, reply) => handle(callers.get(request) as Principal, request, reply),
    })
}
