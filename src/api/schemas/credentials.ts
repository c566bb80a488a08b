import Type from "typebox"
import { closed, Nullable, named, open, Time } from "./basics.ts"
import { ShownConfig } from "./connectors.ts"
import { TestReport } from "./tests.ts"

export const Credentials = named(
  "Credentials",
  Type.Object({
    refusedAt: Nullable(
      Type.String({
        format: "date-time",
        description: "The time at which the system first refused the current credentials; the hub has not used them since then",
      }),
    ),
    current: Type.Object({ config: ShownConfig, testedAt: Nullable(Time), ok: Nullable(Type.Boolean()) }),
    next: Nullable(
      Type.Object(
        {
          config: ShownConfig,
          stagedAt: Time,
          stagedBy: Type.Object({ id: Type.String(), name: Type.String() }),
          testedAt: Nullable(Time),
          lastTest: Nullable(TestReport),
        },
        { description: "The staged credentials" },
      ),
    ),
    previous: Nullable(Type.Object({ config: ShownConfig, version: Type.Integer() }, { description: "The credentials that a rollback restores" })),
  }),
)
export const CredentialsInput = named(
  "CredentialsInput",
  Type.Object(
    { config: Type.Unsafe<Readonly<Record<string, unknown>>>({ ...open("Only the credentials of the config, each whole"), minProperties: 1 }) },
    closed,
  ),
)
export const SwitchInput = named(
  "SwitchInput",
  Type.Object({ force: Type.Optional(Type.Boolean({ description: "Switch even though no test of the staged credentials has passed" })) }, closed),
)
