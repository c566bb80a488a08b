import type { FastifyInstance } from "fastify"
import { collectDefaultMetrics, Histogram, type Registry } from "prom-client"
import type { MetricsText } from "./operation.ts"

/**
 * Counts the requests of an instance by route, in its `registry`. The returned function gives the metrics of the process, of the requests and of
 * the hub's own work (`own`), for Prometheus; labels hold route patterns, never a value that a caller sent.
 */
export function useMetrics(app: FastifyInstance, registry: Registry, own: Registry): () => Promise<MetricsText> {
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
  return async () => ({ contentType: registry.contentType, text: `${await registry.metrics()}\n${await own.metrics()}` })
}
