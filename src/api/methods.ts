import "@fastify/swagger"
import type { FastifyInstance, HTTPMethods, RouteOptions } from "fastify"
import { PlatformError } from "../core/errors.ts"

const METHODS: readonly HTTPMethods[] = ["GET", "POST", "PUT", "PATCH", "DELETE"]

/** Answers 405 with `Allow` where a path exists but the method does not; Fastify alone says 404. */
export function useMethods(app: FastifyInstance): void {
  const known = new Map<string, Set<string>>()
  const adding = new Set<string>()
  app.addHook("onRoute", (route: RouteOptions) => {
    if (adding.has(route.url) || route.schema?.hide === true) return
    const methods = known.get(route.url) ?? new Set()
    for (const method of [route.method].flat()) methods.add(method.toUpperCase())
    known.set(route.url, methods)
  })
  app.decorate("refuseOtherMethods", () => {
    for (const [url, methods] of known) {
      const others = METHODS.filter((method) => !methods.has(method))
      if (others.length === 0) continue
      const allow = [...methods].sort().join(", ")
      adding.add(url)
      app.route({
        method: others,
        url,
        schema: { hide: true },
        // Before the body is read: a wrong content type must not hide that the method is wrong.
        onRequest: async (request, reply) => {
          void reply.header("allow", allow)
          throw new PlatformError("method_not_allowed", `${request.method} is not a method of this path; it takes ${allow}.`)
        },
        handler: () => undefined,
      })
    }
  })
}

declare module "fastify" {
  interface FastifyInstance {
    /** Adds the 405 answers; call it once, after all routes. */
    refuseOtherMethods(): void
  }
}
