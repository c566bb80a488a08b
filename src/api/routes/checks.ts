import Type from "typebox"
import { workspaceMetrics } from "../../hub/checks/workspace-metrics.ts"
import type { Hub } from "../../hub/hub.ts"
import { principalOf } from "../access.ts"
import { Check, CheckInput, CheckList, CheckResult, Page } from "../health-schemas.ts"
import { pageOf, Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, describe } from "../shapes.ts"

/** Scheduled checks of connectors, and what they found. */
export function checkRoutes(api: Api, { checks, store }: Hub): void {
  api.get(
    "/metrics",
    {
      ...access("viewer", { plain: "text/plain" }),
      schema: describe("checks", "The states of the workspace's scheduled connectors, for Prometheus", { 200: Type.String() }),
    },
    async (request, reply) => {
      const { contentType, text } = await workspaceMetrics(store, principalOf(request))
      return reply.type(contentType).serializer(String).send(text)
    },
  )
  api.get(
    "/checks",
    { ...access("viewer"), schema: { ...describe("checks", "Every scheduled connector, and its state", { 200: pageOf(Check) }), querystring: CheckList } },
    async (request) => checks.list(principalOf(request), request.query),
  )
  api.put(
    "/connectors/:id/check",
    {
      ...access("editor"),
      schema: {
        ...describe("checks", "Test the connector by itself from now on; a schedule that stopped goes on", { 200: Check }),
        params: Ref,
        body: CheckInput,
      },
    },
    async (request) => checks.schedule(principalOf(request), request.params.id, request.body),
  )
  api.get(
    "/connectors/:id/check",
    { ...access("viewer"), schema: { ...describe("checks", "The connector's schedule, and its state", { 200: Check }), params: Ref } },
    async (request) => checks.get(principalOf(request), request.params.id),
  )
  api.delete(
    "/connectors/:id/check",
    { ...access("editor"), schema: { ...describe("checks", "End the schedule; the history stays", { 204: Type.Null() }), params: Ref } },
    async (request, reply) => {
      await checks.remove(principalOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  api.get(
    "/connectors/:id/checks",
    {
      ...access("viewer"),
      schema: { ...describe("checks", "What the scheduled checks found, the newest first", { 200: pageOf(CheckResult) }), params: Ref, querystring: Page },
    },
    async (request) => checks.history(principalOf(request), request.params.id, request.query),
  )
}
