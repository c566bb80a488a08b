import { PlatformError } from "../../core/errors.ts"
import { noteCall } from "../../hub/audit/audit-notes.ts"
import { principalOf } from "../access.ts"
import { type Operation, operation } from "../operation.ts"
import { callerSignal } from "../request.ts"
import { ConnectorRef } from "../schemas/basics.ts"
import { CallInput, CallParameters, CallResult } from "../schemas/calls.ts"

/** Single requests through a connector, and the parameters that they take. */
export const callOperations: readonly Operation[] = [
  operation(
    {
      id: "callConnector",
      method: "POST",
      path: "/v1/connectors/{id}/call",
      tag: "calls",
      access: "editor",
      repeat: "never",
      summary: "Make one request through an HTTP connector",
      params: ConnectorRef,
      body: CallInput,
      examples: { "Show the request, send nothing": { dryRun: true } },
      answer: CallResult,
    },
    async (request, reply, hub) => {
      const by = principalOf(request)
      const { input = {}, dryRun, timeoutMs } = request.body
      const { id } = request.params
      if (dryRun === true) return hub.calls.dryRun(by, id, input)
      try {
        const answer = await hub.calls.call(by, id, { input, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, callerSignal(reply))
        await noteCall(hub, by, id, Object.keys(input), { requests: answer.requests })
        return answer
      } catch (error) {
        const code = error instanceof PlatformError ? error.code : "internal"
        // A connector that does not exist was not called.
        if (code !== "not_found") await noteCall(hub, by, id, Object.keys(input), { code })
        throw error
      }
    },
  ),
  operation(
    {
      id: "getCallParameters",
      method: "GET",
      path: "/v1/connectors/{id}/inputs",
      tag: "calls",
      access: "viewer",
      summary: "List the parameters that a call of an HTTP connector takes",
      params: ConnectorRef,
      answer: CallParameters,
    },
    async (request, _reply, { calls }) => calls.inputs(principalOf(request), request.params.id),
  ),
]
