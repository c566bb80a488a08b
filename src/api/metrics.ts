import type { FastifyInstance } from "fastify"
import { collectDefaultMetrics, Histogram, Registry } from "prom-client"

/** Prometheus metrics of the process, of requests by route, and what the hub counts of its own work (`own`); labels hold route patterns, never what a caller sent. */
export function useMetrics(app: FastifyInstance, own: Registry): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: "jackfield_" })
  const requests = new Histogram({
    name: "jackfield_http_request_seconds",
    help: "Time from a request to the end of its answer, in seconds",
    labelNames: ["method", "route", "status"] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  })
  app.addHook("onResponse", async (request, reply) => {
    requests.observe({ method: request.method, route: request.routeOptions.url ?? "unknown", status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
  app.get("/metrics", { schema: { tags: ["health"], summary: "Prometheus metrics", response: { 200: { type: "string" } } } }, async (_request, reply) =>
    reply.type(registry.contentType).send(`${await registry.metrics()}\n${await own.metrics()}`),
  )
}
