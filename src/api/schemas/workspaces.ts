import Type from "typebox"
import { closed, Id, Name, Nullable, named, Time } from "./basics.ts"

export const Role = named("Role", Type.Enum(["viewer", "use", "editor", "admin"]))
export const Scope = named(
  "Scope",
  Type.Object(
    {
      connectors: Type.Array(Id, { description: "Connectors by id" }),
      labels: Type.Record(Type.String(), Type.String(), { description: "Connectors that carry one of these labels" }),
    },
    { description: "The connectors that a key or a user is limited to" },
  ),
)
/** How the limit of a key or a user is given. */
export const limit = {
  connectors: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
    maxItems: 100,
    description: "Limits the caller to these connectors, by name or id; only for the roles viewer and use",
  }),
  labels: Type.Array(Type.String({ minLength: 3, maxLength: 200 }), {
    maxItems: 20,
    description: "Limits the caller to connectors with one of these labels, as key:value; only for the roles viewer and use",
  }),
}
const Title = Type.String({ minLength: 1, maxLength: 256 })

const httpConnectors = Type.Integer({ minimum: 0, maximum: 1_000_000, description: "HTTP connectors in all" })
const ratePerMinute = Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Calls per minute of one connector" })
const concurrency = Type.Integer({ minimum: 1, maximum: 10_000, description: "Calls of one connector open at the same time" })
const things = (what: string, unlessGiven: string) => Type.Integer({ minimum: 0, maximum: 1_000_000, description: `${what}; ${unlessGiven} unless given` })
const connectors = things("Connectors in all", "10,000")
const keys = things("Live API keys", "1,000")
const users = things("Users", "10,000")
const webhooks = things("Webhooks", "50")
const auditEntries = Type.Integer({
  minimum: 1_000,
  maximum: 1_000_000_000,
  description: "The newest entries of the audit, which are kept; 1,000,000 unless given. Older ones are removed, and the check of the chain begins after them",
})
const unreadAnswerBytes = Type.Integer({
  minimum: 1_048_576,
  maximum: 1_000_000_000_000,
  description: "Bytes of answers that may wait at one node to be read before further work is refused; 128 MiB unless given",
})
const uploadBytes = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000, description: "Bytes of all uploads together" })
const versions = Type.Integer({ minimum: 2, maximum: 10_000, description: "Versions kept of each connector; 200 unless given" })
const idempotencyKeys = Type.Integer({ minimum: 0, maximum: 100_000_000, description: "Idempotency-Keys in any 24 hours; 100,000 unless given" })
const keptAnswerBytes = Type.Integer({
  minimum: 0,
  maximum: 1_000_000_000_000,
  description: "Bytes of the answers that are kept for Idempotency-Keys; 64 MiB unless given. Beyond it, a key still keeps its request from running twice",
})
const tests = named(
  "TestLimits",
  Type.Object(
    {
      perMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: "Started in any 60 seconds; 600 unless given" })),
      concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "Open at the same time; 20 unless given" })),
    },
    { ...closed, description: "Tests of the workspace, over all nodes" },
  ),
)
const Plan = named(
  "Plan",
  Type.Object(
    {
      httpConnectors: Type.Optional(httpConnectors),
      ratePerMinute: Type.Optional(ratePerMinute),
      concurrency: Type.Optional(concurrency),
      uploadBytes: Type.Optional(uploadBytes),
      versions: Type.Optional(versions),
      idempotencyKeys: Type.Optional(idempotencyKeys),
      keptAnswerBytes: Type.Optional(keptAnswerBytes),
      connectors: Type.Optional(connectors),
      keys: Type.Optional(keys),
      users: Type.Optional(users),
      webhooks: Type.Optional(webhooks),
      auditEntries: Type.Optional(auditEntries),
      unreadAnswerBytes: Type.Optional(unreadAnswerBytes),
      tests: Type.Optional(tests),
    },
    { description: "The limits of the workspace; an absent limit means the default" },
  ),
)
const PlanPatch = named(
  "PlanPatch",
  Type.Object(
    {
      httpConnectors: Type.Optional(Nullable(httpConnectors)),
      ratePerMinute: Type.Optional(Nullable(ratePerMinute)),
      concurrency: Type.Optional(Nullable(concurrency)),
      uploadBytes: Type.Optional(Nullable(uploadBytes)),
      versions: Type.Optional(Nullable(versions)),
      idempotencyKeys: Type.Optional(Nullable(idempotencyKeys)),
      keptAnswerBytes: Type.Optional(Nullable(keptAnswerBytes)),
      connectors: Type.Optional(Nullable(connectors)),
      keys: Type.Optional(Nullable(keys)),
      users: Type.Optional(Nullable(users)),
      webhooks: Type.Optional(Nullable(webhooks)),
      auditEntries: Type.Optional(Nullable(auditEntries)),
      unreadAnswerBytes: Type.Optional(Nullable(unreadAnswerBytes)),
      tests: Type.Optional(Nullable(tests)),
    },
    { ...closed, description: "An absent limit keeps its value; null removes a limit" },
  ),
)

/** A workspace as other answers name it. */
export const workspaceNames = { id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String() }
const fields = { ...workspaceNames, createdAt: Time, plan: Plan }
export const Workspace = named("Workspace", Type.Object(fields))
export const NewWorkspace = named(
  "NewWorkspace",
  Type.Object({ ...fields, key: Type.String({ description: "An admin key of the workspace; shown only once" }) }),
)
export const WorkspaceInput = named("WorkspaceInput", Type.Object({ name: Name, title: Type.Optional(Title) }, closed))
export const WorkspacePatch = named(
  "WorkspacePatch",
  Type.Object({ name: Type.Optional(Name), title: Type.Optional(Title), plan: Type.Optional(PlanPatch) }, { ...closed, minProperties: 1 }),
)
export const WorkspaceRemoval = Type.Object(
  { name: Type.String({ maxLength: 100, description: "The workspace's name, repeated as a confirmation", examples: ["acme"] }) },
  closed,
)
