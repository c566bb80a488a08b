import "@fastify/swagger"
import type { FastifyInstance, HTTPMethods, RouteOptions } from "fastify"
import { PlatformError } from "../core/errors.ts"

const METHODS: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]

/**
 * Watches the routes of one scope. The returned function, called once after all of them, makes their paths answer 405
 * with `Allow` to every other method; Fastify by itself answers 404.
 */
export function useMethods(scope: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>()
  let refusing = false
  scope.addHook("onRoute", (route: RouteOptions & { readonly routePath: string; readonly prefix: string }) => {
    if (refusing || route.prefix !== scope.prefix || route.schema?.hide === true) return
    const methods = known.get(route.routePath) ?? new Set()
    for (const method of [route.method].flat()) methods.add(method.toUpperCase())
    known.set(route.routePath, methods)
  })
  return () => {
    refusing = true
    for (const [path, methods] of known) {
      const others = METHODS.filter((method) => !methods.has(method))
      if (others.length > 0) scope.route(refusal(path, others, [...methods].sort().join(", ")))
    }
  }
}

const refusal = (url: string, method: HTTPMethods[], allow: string): RouteOptions => ({
  method,
  url,
  schema: { hide: true },
  config: { access: "public" },
  // Before the body is read: a wrong content type must not hide that the method is wrong.
  onRequest: async (request, reply) => {
    void reply.header("allow", allow)
    throw new PlatformError("method_not_allowed", `${request.method} is not a method of this path; it takes ${allow}.`)
  },
  handler: () => undefined,
})
