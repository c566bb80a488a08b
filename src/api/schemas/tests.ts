import Type from "typebox"
import { STAGES } from "../../core/trace.ts"
import { closed, named, open } from "./basics.ts"
import { ErrorCode, remedies } from "./problems.ts"

const StageName = named("StageName", Type.Enum([...STAGES]))
const Stage = named(
  "Stage",
  Type.Object({
    name: StageName,
    status: Type.Enum(["passed", "failed"]),
    durationMs: Type.Number(),
    detail: Type.Optional(Type.String()),
    remedies,
  }),
)
export const Guesses = Type.Array(
  named(
    "Guess",
    Type.Object({
      setting: Type.String({ description: "The field of the config that fixes it" }),
      taken: Type.String(),
      alternative: Type.Optional(Type.String({ description: "The next likely value of the field, if there is one" })),
      message: Type.String(),
    }),
  ),
  { description: "How the file is read without proof" },
)
const ServerFacts = named(
  "ServerFacts",
  Type.Object(
    {
      product: Type.String(),
      version: Type.Optional(Type.String()),
      details: Type.Optional(
        Type.Unsafe<Readonly<Record<string, string | number | boolean>>>({ type: "object", additionalProperties: { type: ["string", "number", "boolean"] } }),
      ),
      warnings: Type.Optional(Type.Array(Type.String())),
      guesses: Type.Optional(Guesses),
    },
    { description: "What the system says of itself, and warnings that do not fail the test" },
  ),
)
const TestFailure = named(
  "TestFailure",
  Type.Object({
    code: ErrorCode,
    message: Type.String(),
    next: Type.String({ description: "What to do" }),
    stage: StageName,
    details: Type.Optional(open()),
    remedies,
  }),
)
export const TestReport = named(
  "TestReport",
  Type.Object(
    {
      ok: Type.Boolean(),
      durationMs: Type.Number(),
      stages: Type.Array(Stage),
      server: Type.Optional(ServerFacts),
      error: Type.Optional(TestFailure),
    },
    { description: "The result of a test; one that failed is an answer like any other, with `ok: false`" },
  ),
)

/** How long a call may take. */
export const timeoutMs = (max: number, applies = "") =>
  Type.Optional(Type.Integer({ minimum: 100, maximum: max, description: `The time limit, in milliseconds${applies === "" ? "" : `. ${applies}`}` }))
export const TestInput = named("TestInput", Type.Object({ timeoutMs: timeoutMs(30_000) }, closed))
