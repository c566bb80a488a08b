import Type from "typebox"
import { type ErrorCode as Code, ERRORS } from "../../core/errors.ts"
import { REMEDY_KINDS } from "../../core/remedies.ts"
import { named } from "./basics.ts"

export const ErrorCode = named(
  "ErrorCode",
  Type.Enum(Object.keys(ERRORS) as Code[], { description: "The error code; docs/errors.md explains each code and its remedy" }),
)

export const Fault = named(
  "Fault",
  Type.Object({
    pointer: Type.String({ description: "JSON pointer to the value at fault" }),
    message: Type.String({ description: "What is wrong with it" }),
  }),
)

export const Remedy = named(
  "Remedy",
  Type.Object(
    {
      kind: Type.Enum([...REMEDY_KINDS]),
      title: Type.String({ description: "What to do, as an instruction" }),
      sql: Type.Optional(Type.String({ description: "`sql`: a statement to run in the system, with real names" })),
      pointer: Type.Optional(Type.String({ description: "`set_field`, `enter_secret`, `upload`, `trust_host_key`: JSON pointer into the connector's config" })),
      value: Type.Optional(Type.String({ description: "`set_field`, `trust_host_key`: the value to set, where it is known" })),
      rule: Type.Optional(Type.String({ description: "`egress_rule`: the rule that allows exactly this destination" })),
      method: Type.Optional(Type.Enum(["GET", "POST", "PUT", "PATCH", "DELETE"], { description: "`request`: the method of the call that helps" })),
      path: Type.Optional(Type.String({ description: "`request`: the path of the call that helps" })),
      command: Type.Optional(Type.String({ description: "`egress_rule`, `request`: the same on the command line" })),
      afterMs: Type.Optional(Type.Number({ description: "`retry`: how long to wait, in milliseconds" })),
    },
    { description: "One way to mend a failure; `kind` says which of the other members are there" },
  ),
)
export const remedies = Type.Optional(Type.Array(Remedy, { description: "What mends it, best first" }))

export const Problem = named(
  "Problem",
  Type.Object(
    {
      type: Type.String({ description: "`urn:jackfield:error:` and the code" }),
      title: Type.String({ description: "What the code means" }),
      status: Type.Integer({ description: "The HTTP status" }),
      code: ErrorCode,
      detail: Type.String({ description: "The failure in this request, and the next step" }),
      next: Type.String({ description: "The remedy for errors with this code" }),
      requestId: Type.String({ description: "Finds the request in the hub's log" }),
      errors: Type.Optional(Type.Array(Fault, { description: "Every fault of the request" })),
      remedies,
    },
    { additionalProperties: true, description: "An error, as RFC 9457 problem details" },
  ),
)
