import Type from "typebox"
import type { Hub } from "../../hub/hub.ts"
import { Health, Problem, Readiness } from "../schemas.ts"
import type { Api } from "../server.ts"
import { describe } from "../shapes.ts"

/** Alive, ready, and the API's own description. */
export function healthRoutes(api: Api, hub: Hub, version: string): void {
  api.get("/healthz", { schema: describe("health", "Whether the process is alive", { 200: Health }) }, async () => ({ status: "ok" }))
  api.get(
    "/readyz",
    { schema: describe("health", "Whether the hub can work: database there, migrations done", { 200: Readiness, 503: Problem }) },
    async () => {
      await hub.store.ping()
      return { status: "ready", database: hub.store.embedded ? "embedded" : "own", version }
    },
  )
  api.get(
    "/openapi.json",
    { schema: { ...describe("health", "This API as OpenAPI 3.1", { 200: Type.Unsafe<object>({ type: "object", additionalProperties: true }) }) } },
    async () => api.swagger(),
  )
}
