import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify"
import { PlatformError } from "../core/errors.ts"
import { offersOf } from "./accept.ts"
import type { AnySpec, Operation, Services } from "./operation.ts"
import { turnFor } from "./pacing.ts"
import { Sent } from "./sending.ts"

/** The status of an operation's success. */
export const statusOf = ({ status, answer, media }: AnySpec): number => status ?? (answer === undefined && media === undefined ? 204 : 200)

/** Serves operations; `scope` has the prefix of their paths already. */
export async function register(scope: FastifyInstance, operations: readonly Operation[], services: Services): Promise<void> {
  for (const operation of operations)
    if (operation.spec.file === undefined) scope.route(routeOf(scope.prefix, operation, services))
    else
      await scope.register(async (inner) => {
        takeFiles(inner)
        inner.route(routeOf(scope.prefix, operation, services))
      })
}

function routeOf(prefix: string, { spec, handle }: Operation, services: Services): RouteOptions {
  const { method, path, access, scoped, repeat, arrivalMs, params, query, body, answer } = spec
  const status = statusOf(spec)
  return {
    method,
    url: path.slice(prefix.length).replaceAll(/\{(\w+)\}/g, ":$1"),
    config: {
      access,
      ...(scoped && { scoped }),
      offers: offersOf(spec),
      ...(repeat === undefined ? {} : { repeat }),
      ...(arrivalMs === undefined ? {} : { arrivalMs }),
    },
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(body === undefined ? {} : { body }),
      ...(answer === undefined ? {} : { response: { [status]: answer } }),
    },
    handler: async (request, reply) => {
      await turnFor(request)
      const given = await handle(request, reply, services)
      return given instanceof Sent ? reply : send(reply.code(status), spec, given)
    },
  }
}

function send(reply: FastifyReply, { answer, etag, location }: AnySpec, given: unknown): FastifyReply {
  if (answer === undefined) return reply.send(null)
  const fields = given as Readonly<Record<string, unknown>>
  if (etag === true) void reply.header("etag", `"${String(fields["version"])}"`)
  if (location !== undefined)
    void reply.header(
      "location",
      location.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(fields[name]))),
    )
  return reply.send(given)
}

/** The handler reads the body from the request itself, as it arrives; any content type is taken but a form's. */
function takeFiles(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser("*", (_request: FastifyRequest, _body: unknown, done: (error: Error | null, body?: undefined) => void) => done(null))
  scope.addContentTypeParser(/^multipart\//i, (_request: FastifyRequest, _body: unknown, done: (error: Error | null, body?: undefined) => void) =>
    done(new PlatformError("content_type_unsupported", "A form is not taken here; send the file itself as the body, and its name as ?name=.")),
  )
}
