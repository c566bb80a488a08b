import { slice } from "../../hub/base/page.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { IdRef, Page, pageOf } from "../schemas/basics.ts"
import { EgressInput, EgressRule } from "../schemas/egress.ts"

/** The private addresses that operators allow. */
export const egressOperations: readonly Operation[] = [
  operation(
    {
      id: "listEgressRules",
      method: "GET",
      path: "/v1/egress",
      tag: "egress",
      access: "operator",
      summary: "List the private addresses that connectors may reach",
      query: Page,
      answer: pageOf(EgressRule),
    },
    async (request, _reply, { egress }) => slice(await egress.list(), request.query),
  ),
  operation(
    {
      id: "createEgressRule",
      method: "POST",
      path: "/v1/egress",
      tag: "egress",
      access: "operator",
      summary: "Allow private addresses, effective immediately",
      body: EgressInput,
      examples: { "One port of one network": { rule: "10.0.0.0/8:5432", note: "The office databases" } },
      status: 201,
      answer: EgressRule,
    },
    async (request, _reply, { egress }) => egress.allow(principalOf(request), request.body.rule, request.body.note ?? ""),
  ),
  operation(
    {
      id: "deleteEgressRule",
      method: "DELETE",
      path: "/v1/egress/{id}",
      tag: "egress",
      access: "operator",
      summary: "Delete a rule",
      params: IdRef,
    },
    async (request, _reply, { egress }) => {
      await egress.remove(principalOf(request), request.params.id)
    },
  ),
]
