import Type from "typebox"
import { anything, closed, Id, Name, Nullable, named, open, PageQuery, Time } from "./basics.ts"
import { CheckInput } from "./checks.ts"
import { Fault } from "./problems.ts"
import { TestReport, timeoutMs } from "./tests.ts"

export const Purpose = named("Purpose", Type.Enum(["enrichment", "exporter", "simple", "source", "destination"]))
const Status = named("ConnectorStatus", Type.Enum(["incomplete", "untested", "active", "error", "disabled"]))
export const Limits = named(
  "Limits",
  Type.Object(
    {
      requests: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Requests in any window of `perMs`" })),
      perMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000, description: "The window, in milliseconds" })),
      concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Requests open at the same time" })),
    },
    // A window without a number of requests, or an empty object, would look like a limit but limit nothing.
    { ...closed, minProperties: 1, dependentRequired: { perMs: ["requests"] } },
  ),
)
const Labels = named(
  "Labels",
  Type.Record(Type.String({ pattern: "^[A-Za-z0-9_.-]{1,63}$" }), Type.String({ maxLength: 256 }), { maxProperties: 50, additionalProperties: false }),
)
const TypeName = Type.String({ maxLength: 64 })
/** A config in a request: the connector type validates it, and the OpenAPI document describes it. */
export const Config = open("The fields of the connector's type")
export const ShownConfig = named("ShownConfig", open("The fields of the connector's type; a secret is shown as `{ set, fingerprint }`"))

const fields = {
  name: Type.String(),
  title: Type.String(),
  type: Type.String(),
  description: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  purpose: Nullable(Purpose),
  limits: Nullable(Limits),
  config: ShownConfig,
  missing: Type.Array(Fault, { description: "The required fields that a draft lacks" }),
}
/** A connector as it once was. */
export const PastConnector = named("PastConnector", Type.Object({ ...fields, enabled: Type.Boolean() }))
export const Connector = named(
  "Connector",
  Type.Object({
    id: Id,
    serial: Type.Integer({ description: "A number, unique in the workspace" }),
    ...fields,
    status: Status,
    version: Type.Integer({ description: "Grows by one with every change" }),
    lastTest: Nullable(TestReport),
    lastTestedAt: Nullable(Time),
    credentialsRefusedAt: Nullable(
      Type.String({
        format: "date-time",
        description: "The time at which the system first refused the credentials; the hub does not use the connector until they are replaced",
      }),
    ),
    createdAt: Time,
    updatedAt: Time,
  }),
)

/** The fields that may be left out of a whole connector and of a change alike. */
const optional = {
  title: Type.Optional(Type.String({ maxLength: 256 })),
  description: Type.Optional(Type.String({ maxLength: 4_096 })),
  labels: Type.Optional(Labels),
  purpose: Type.Optional(Nullable(Purpose)),
  limits: Type.Optional(Nullable(Limits)),
  draft: Type.Optional(Type.Boolean({ description: "Stores a config that lacks required fields" })),
}
const verify = Type.Optional(Type.Boolean({ description: "Test the connector first; a failed test stores nothing" }))
const whole = { ...optional, type: TypeName, config: Config, enabled: Type.Optional(Type.Boolean({ description: "false stores the connector switched off" })) }
export const ConnectorInput = named("ConnectorInput", Type.Object({ name: Name, ...whole, verify }, closed))
export const ConnectorPatch = named(
  "ConnectorPatch",
  Type.Object(
    {
      name: Type.Optional(Name),
      ...optional,
      type: Type.Optional(Type.String({ maxLength: 64, description: "Changing the type starts with an empty config and without catalogs" })),
      config: Type.Optional(Config),
      verify,
      enabled: Type.Optional(Type.Boolean({ description: "false switches the connector off; true brings it back as untested" })),
    },
    closed,
  ),
)
export const ConnectorQuery = Type.Object(
  {
    ...PageQuery,
    type: Type.Optional(TypeName),
    status: Type.Optional(Status),
    label: Type.Optional(Type.String({ maxLength: 330, description: "A label, as key:value" })),
    q: Type.Optional(Type.String({ maxLength: 256, description: "Found in name, title or description" })),
  },
  closed,
)
export const UnsavedTestInput = named("UnsavedTestInput", Type.Object({ type: TypeName, config: Config, timeoutMs: timeoutMs(30_000) }, closed))

export const WantedConnector = named(
  "WantedConnector",
  Type.Object(
    {
      name: Name,
      // The current name, for a change that renames the connector.
      was: Type.Optional(Name),
      ...whole,
      check: Type.Optional(Nullable(CheckInput)),
    },
    closed,
  ),
)
const Difference = named(
  "Difference",
  Type.Object({
    pointer: Type.String({ description: "Into the connector, such as /config/host" }),
    before: Type.Optional(anything("Absent when the value is added")),
    after: Type.Optional(anything("Absent when the value is removed")),
  }),
)
export const Comparison = named(
  "Comparison",
  Type.Object({
    action: Type.Enum(["create", "change", "none"]),
    id: Nullable(Id),
    version: Nullable(Type.Integer()),
    labels: Type.Record(Type.String(), Type.String(), { description: "The labels that the connector has now" }),
    changes: Type.Array(Difference),
    secrets: Type.Array(Type.String(), { description: "Pointers to the secrets of the wanted connector" }),
  }),
)
