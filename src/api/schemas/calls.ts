import Type from "typebox"
import type { Row } from "../../core/values.ts"
import { closed, named, open } from "./basics.ts"
import { timeoutMs } from "./tests.ts"

export const CallInput = named(
  "CallInput",
  Type.Object(
    {
      input: Type.Optional(Type.Unsafe<Row>({ type: "object", additionalProperties: true, description: "Values by the names of the connector's parameters" })),
      dryRun: Type.Optional(Type.Boolean({ description: "Sends nothing; the answer is the request that would be sent, secrets hidden" })),
      timeoutMs: timeoutMs(300_000, "For the whole of a JSON answer; for each page of a stream"),
    },
    closed,
  ),
)
const CallAnswer = named(
  "CallAnswer",
  Type.Object(
    {
      output: Type.Union([open(), Type.Array(open())]),
      durationMs: Type.Number(),
      requests: Type.Integer({ minimum: 1, description: "The number of requests that the call took, pages and retries included" }),
      retries: Type.Array(Type.String(), { description: "The cause of each retry: a status, or the code of an error" }),
      hidden: Type.Optional(
        Type.Integer({ minimum: 1, description: "In how many places a secret of the connector was hidden, because the far side repeats it" }),
      ),
    },
    { description: "The answer of the other side" },
  ),
)
const PreparedRequest = named(
  "PreparedRequest",
  Type.Object(
    { method: Type.String(), url: Type.String(), headers: Type.Record(Type.String(), Type.String()), body: Type.Optional(Type.String()) },
    { description: "With `dryRun`: the request that would be sent" },
  ),
)
export const CallResult = Type.Union([CallAnswer, PreparedRequest])
const CallParameter = named(
  "CallParameter",
  Type.Object({
    name: Type.String(),
    required: Type.Boolean(),
    default: Type.Optional(Type.String()),
    from: Type.Enum(["parameter", "body", "url", "header"]),
  }),
)
export const CallParameters = Type.Array(CallParameter)
