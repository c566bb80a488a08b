import type { FastifyInstance, FastifyRequest } from "fastify"

declare module "fastify" {
  interface FastifyContextConfig {
    /** The time within which a request to this route must arrive, in milliseconds; set where a request may take longer than usual. */
    arrivalMs?: number
  }
}

/** The time for a request to arrive whose path does not exist or whose caller needs no credential, in milliseconds: such a body is small, or of no use. */
const ANONYMOUS_MAX_MS = 15_000
/** How long a caller may go on sending its body after the server has answered; then the server closes the connection. */
const LINGER_MS = 10_000

/** Closes the connection of a caller whose request takes longer than `maxMs` (or its route's limit), or who goes on sending after the answer. */
export function useArrival(app: FastifyInstance, maxMs: number): void {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>()
  const cutOffIn = (request: FastifyRequest, ms: number): void => {
    clearTimeout(timers.get(request))
    const { raw } = request
    if (raw.complete) return
    const timer = setTimeout(() => raw.complete || raw.destroy(), ms)
    timer.unref()
    timers.set(request, timer)
    raw.once("close", () => clearTimeout(timer))
  }
  app.addHook("onRequest", async (request) => {
    const { config } = request.routeOptions
    // A route without `access` is served by nobody but the fallback for unknown paths, or by another API, which says so itself.
    cutOffIn(request, config.arrivalMs ?? (request.is404 || config.access === "public" ? Math.min(maxMs, ANONYMOUS_MAX_MS) : maxMs))
  })
  app.addHook("onResponse", async (request) => cutOffIn(request, LINGER_MS))
}
