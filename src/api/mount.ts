import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { PlatformError } from "../core/errors.ts"
import type { Hub } from "../hub/hub.ts"
import type { LoginOrigin } from "../hub/people/identity.ts"
import { noteFailure } from "./failures.ts"
import { useMethods } from "./methods.ts"
import { asPlatformError } from "./problem.ts"

export interface MountAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Another API over the same hub, under a path of its own (`/kaireon`): its routes, and the shape of every error under
 * that path — 404, 405, 413, 415, malformed JSON and paths, 429 and 500 too.
 */
export interface Mount {
  readonly name: string
  /** Starts with a slash, ends without one. */
  readonly prefix: string
  /** Routes by path below the prefix; they parse their bodies themselves, in the vendor's words. */
  routes(scope: FastifyInstance, hub: Hub): void
  /** The vendor's answer for an error; `error.code` and `error.status` say what happened. */
  answer(error: PlatformError, request: FastifyRequest): MountAnswer
}

/** The address that a request comes from, for the audit and for logins; behind a trusted proxy, the address that the proxy names. */
export function originOf(request: FastifyRequest): LoginOrigin & Required<Pick<LoginOrigin, "request">> {
  const { "user-agent": agent } = request.headers
  return { request: { id: request.id, address: request.ip }, ...(agent === undefined ? {} : { agent }) }
}

/** Serves a mount within its prefix; both `/x` and `/x/` are the same path there. */
export async function serveMount(app: FastifyInstance, mount: Mount, hub: Hub): Promise<void> {
  await app.register(
    async (scope) => {
      const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => sendAnswer(request, reply, mount, asPlatformError(error))
      scope.setErrorHandler((error, request, reply) => refuse(request, reply, error))
      scope.setNotFoundHandler((request, reply) => refuse(request, reply, new PlatformError("not_found", "There is nothing at this path.")))
      const refuseOtherMethods = useMethods(scope)
      mount.routes(scope, hub)
      refuseOtherMethods()
    },
    { prefix: mount.prefix },
  )
}

/** The mount that a request's path belongs to. */
export const mountOf = (mounts: readonly Mount[], url: string): Mount | undefined =>
  mounts.find(({ prefix }) => url === prefix || url.startsWith(`${prefix}/`) || url.startsWith(`${prefix}?`))

/** Sends an error in the vendor's shape; the cause goes to the log alone. */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, mount: Mount, error: PlatformError): FastifyReply {
  noteFailure(request, error)
  const { status, body, headers = {} } = mount.answer(error, request)
  return reply.code(status).headers(headers).type("application/json; charset=utf-8").send(JSON.stringify(body))
}
