import Type from "typebox"
import type { Input, PreparedRequest } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Row } from "../../core/values.ts"
import { noteCall } from "../../hub/audit/audit-notes.ts"
import type { Hub } from "../../hub/hub.ts"
import { type CallAnswer, Calls } from "../../runs/calls.ts"
import { principalOf } from "../access.ts"
import { Ref } from "../schemas.ts"
import type { Api } from "../server.ts"
import { access, callerSignal, describe } from "../shapes.ts"

const AnyRow = Type.Unsafe<Row>({ type: "object", additionalProperties: true })
const CallInput = Type.Object(
  {
    input: Type.Optional(Type.Unsafe<Row>({ type: "object", additionalProperties: true, description: "Values by the names of the connector's inputs" })),
    dryRun: Type.Optional(Type.Boolean({ description: "Send nothing; answer with the request itself, secrets hidden" })),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 300_000 })),
  },
  { additionalProperties: false },
)
const Answer = Type.Unsafe<CallAnswer>(
  Type.Object(
    {
      output: Type.Union([AnyRow, Type.Array(AnyRow)]),
      durationMs: Type.Number(),
      requests: Type.Integer({ minimum: 1, description: "How many requests the call took, pages and retries included" }),
      retries: Type.Array(Type.String(), { description: "What each retry was made after: a status, or an error's code" }),
    },
    { description: "What the far side answered" },
  ),
)
const Prepared = Type.Unsafe<PreparedRequest>(
  Type.Object(
    { method: Type.String(), url: Type.String(), headers: Type.Record(Type.String(), Type.String()), body: Type.Optional(Type.String()) },
    { description: "With `dryRun`: what would be sent" },
  ),
)
const Inputs = Type.Unsafe<readonly Input[]>(
  Type.Array(
    Type.Object({
      name: Type.String(),
      required: Type.Boolean(),
      default: Type.Optional(Type.String()),
      from: Type.Enum(["parameter", "body", "url", "header"]),
    }),
  ),
)

/** Single requests through a connector, and what they take. */
export function callRoutes(api: Api, hub: Hub): void {
  const calls = new Calls(hub)
  api.addHook("onClose", () => calls.close())
  api.post(
    "/connectors/:id/call",
    {
      config: { access: "editor", repeat: "never" },
      schema: { ...describe("calls", "Make one request through an HTTP connector", { 200: Type.Union([Answer, Prepared]) }), params: Ref, body: CallInput },
    },
    async (request, reply) => {
      const by = principalOf(request)
      const { input = {}, dryRun, timeoutMs } = request.body
      if (dryRun === true) return calls.dryRun(by, request.params.id, input)
      const { id } = request.params
      try {
        const answer = await calls.call(by, id, { input, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, callerSignal(reply))
        await noteCall(hub, by, id, Object.keys(input), { requests: answer.requests })
        return answer
      } catch (error) {
        const code = error instanceof PlatformError ? error.code : "internal"
        // What is not there was not called.
        if (code !== "not_found") await noteCall(hub, by, id, Object.keys(input), { code })
        throw error
      }
    },
  )
  api.get(
    "/connectors/:id/inputs",
    { ...access("viewer"), schema: { ...describe("calls", "What a call of an HTTP connector may or must give", { 200: Inputs }), params: Ref } },
    async (request) => calls.inputs(principalOf(request), request.params.id),
  )
}
