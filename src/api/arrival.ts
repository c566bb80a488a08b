import type { FastifyInstance, FastifyRequest } from "fastify"

declare module "fastify" {
  interface FastifyContextConfig {
    /** Milliseconds in which a request to this route has to arrive, where it may take longer than others. */
    arrivalMs?: number
  }
}

/** After an answer that came before the end of the body, a caller may go on sending for so long before it is cut off. */
const LINGER_MS = 10_000

/** Cuts off whoever sends a request slower than `maxMs`, unless its route allows more; and who goes on sending after the answer. */
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
  app.addHook("onRequest", async (request) => cutOffIn(request, request.routeOptions.config.arrivalMs ?? maxMs))
  app.addHook("onResponse", async (request) => cutOffIn(request, LINGER_MS))
}
