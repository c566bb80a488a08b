import Type from "typebox"
import type { CredentialsView } from "../hub/connectors/connector-credentials.ts"
import type { Version as HubVersion, WholeVersion as HubWholeVersion } from "../hub/connectors/connector-versions.ts"
import { Config, closed, Fault, Limits, Nullable, Purpose, TestReport, Time, typed } from "./schemas.ts"

const version = {
  version: Type.Integer({ minimum: 1 }),
  kind: Type.Enum(["recorded", "created", "changed", "restored", "switched", "rolled_back"], {
    description: "`recorded`: as the hub found it when it began to keep versions",
  }),
  of: Nullable(Type.Integer({ description: "The version that was brought back" })),
  author: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String()) })),
  at: Time,
  changes: Type.Array(
    Type.Object({
      pointer: Type.String({ description: "JSON pointer into the connector" }),
      change: Type.Enum(["added", "changed", "removed"]),
      secret: Type.Optional(Type.Literal(true)),
      before: Type.Optional(Type.Unsafe<unknown>({ description: "Never of a secret, and only when it is short" })),
      after: Type.Optional(Type.Unsafe<unknown>({})),
    }),
  ),
}

export const Version = typed<HubVersion>(Type.Object(version))
export const WholeVersion = typed<HubWholeVersion>(
  Type.Object({
    ...version,
    connector: Type.Object({
      name: Type.String(),
      title: Type.String(),
      type: Type.String(),
      description: Type.String(),
      labels: Type.Record(Type.String(), Type.String()),
      purpose: Nullable(Purpose),
      limits: Nullable(Limits),
      config: Config,
      missing: Type.Array(Fault),
      enabled: Type.Boolean(),
    }),
  }),
)
export const VersionRef = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: "The id, or the name" }),
  version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
})

const author = Type.Object({ id: Type.String(), name: Type.String() })
export const Credentials = typed<CredentialsView>(
  Type.Object({
    refusedAt: Nullable(Type.String({ format: "date-time", description: "Since then the system refuses the current ones, and nothing uses them" })),
    current: Type.Object({ config: Config, testedAt: Nullable(Time), ok: Nullable(Type.Boolean()) }),
    next: Nullable(
      Type.Object(
        { config: Config, stagedAt: Time, stagedBy: author, testedAt: Nullable(Time), lastTest: Nullable(TestReport) },
        { description: "The staged ones" },
      ),
    ),
    previous: Nullable(Type.Object({ config: Config, version: Type.Integer() }, { description: "What a rollback brings back" })),
  }),
)
export const StageInput = Type.Object(
  { config: Type.Unsafe<Record<string, unknown>>({ ...Config, minProperties: 1, description: "The config's credentials alone, each as a whole" }) },
  closed,
)
export const SwitchInput = Type.Object({ force: Type.Optional(Type.Boolean({ description: "Although no test of them passed" })) }, closed)
