import { type Operation, operation } from "../operation.ts"
import { open } from "../schemas/basics.ts"
import { Health, Readiness } from "../schemas/health.ts"
import { sendText } from "../sending.ts"

/** The hub itself: alive, ready, metrics, and the description of this API. */
export const healthOperations: readonly Operation[] = [
  operation(
    { id: "getHealth", method: "GET", path: "/healthz", tag: "health", access: "public", summary: "Check that the process is alive", answer: Health },
    async () => ({ status: "ok" as const }),
  ),
  operation(
    {
      id: "getReadiness",
      method: "GET",
      path: "/readyz",
      tag: "health",
      access: "public",
      summary: "Check that the hub is ready: its database is reachable and migrated",
      answer: Readiness,
    },
    async (_request, _reply, { store, version }) => {
      await store.ping()
      return { status: "ready" as const, database: store.embedded ? ("embedded" as const) : ("own" as const), version }
    },
  ),
  operation(
    {
      id: "getMetrics",
      method: "GET",
      path: "/metrics",
      tag: "health",
      access: "public",
      summary: "Get the metrics of the process, for Prometheus",
      media: { "text/plain": "Prometheus' text format" },
    },
    async (_request, reply, { metrics }) => sendText(reply, await metrics()),
  ),
  operation(
    { id: "getDescription", method: "GET", path: "/openapi.json", tag: "health", access: "public", summary: "Get this API as OpenAPI 3.1", answer: open() },
    async (_request, _reply, { description }) => description(),
  ),
]
