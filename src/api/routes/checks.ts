import { workspaceMetrics } from "../../hub/checks/workspace-metrics.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { ConnectorRef, Page, pageOf } from "../schemas/basics.ts"
import { Check, CheckInput, CheckQuery, CheckResult } from "../schemas/checks.ts"
import { sendText } from "../sending.ts"

/** Scheduled checks of connectors, and their results. */
export const checkOperations: readonly Operation[] = [
  operation(
    {
      id: "getWorkspaceMetrics",
      method: "GET",
      path: "/v1/metrics",
      tag: "checks",
      access: "viewer",
      scoped: true,
      summary: "Get the states of the workspace's scheduled connectors, for Prometheus",
      media: { "text/plain": "Prometheus' text format" },
    },
    async (request, reply, { store }) => sendText(reply, await workspaceMetrics(store, principalOf(request))),
  ),
  operation(
    {
      id: "listChecks",
      method: "GET",
      path: "/v1/checks",
      tag: "checks",
      access: "viewer",
      scoped: true,
      summary: "List the scheduled connectors with their states",
      query: CheckQuery,
      answer: pageOf(Check),
    },
    async (request, _reply, { checks }) => checks.list(principalOf(request), request.query),
  ),
  operation(
    {
      id: "setCheck",
      method: "PUT",
      path: "/v1/connectors/{id}/check",
      tag: "checks",
      access: "editor",
      summary: "Schedule tests of a connector",
      description: "A schedule that has stopped starts again.",
      params: ConnectorRef,
      body: CheckInput,
      examples: { "Every five minutes": { everyMs: 300_000 } },
      answer: Check,
    },
    async (request, _reply, { checks }) => checks.schedule(principalOf(request), request.params.id, request.body),
  ),
  operation(
    {
      id: "getCheck",
      method: "GET",
      path: "/v1/connectors/{id}/check",
      tag: "checks",
      access: "viewer",
      scoped: true,
      summary: "Get the schedule and the state of a connector",
      params: ConnectorRef,
      answer: Check,
    },
    async (request, _reply, { checks }) => checks.get(principalOf(request), request.params.id),
  ),
  operation(
    {
      id: "deleteCheck",
      method: "DELETE",
      path: "/v1/connectors/{id}/check",
      tag: "checks",
      access: "editor",
      summary: "End the schedule of a connector; its history stays",
      params: ConnectorRef,
    },
    async (request, _reply, { checks }) => {
      await checks.remove(principalOf(request), request.params.id)
    },
  ),
  operation(
    {
      id: "listCheckResults",
      method: "GET",
      path: "/v1/connectors/{id}/checks",
      tag: "checks",
      access: "viewer",
      scoped: true,
      summary: "List the results of a connector's scheduled checks, the newest first",
      params: ConnectorRef,
      query: Page,
      answer: pageOf(CheckResult),
    },
    async (request, _reply, { checks }) => checks.history(principalOf(request), request.params.id, request.query),
  ),
]
