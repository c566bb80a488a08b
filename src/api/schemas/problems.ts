import Type from "typebox"
import { type ErrorCode as Code, ERRORS } from "../../core/errors.ts"
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
    },
    { additionalProperties: true, description: "An error, as RFC 9457 problem details" },
  ),
)
