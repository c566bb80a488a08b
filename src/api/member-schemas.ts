import Type from "typebox"
import { closed, Id, Name, Nullable, Role, Time } from "./schemas.ts"

const workspaceFields = { id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String(), createdAt: Time }
const httpConnectors = Type.Integer({ minimum: 0, maximum: 1_000_000, description: "HTTP connectors in all" })
const ratePerMinute = Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Calls per minute of one connector" })
const concurrency = Type.Integer({ minimum: 1, maximum: 10_000, description: "Open calls at once of one connector" })
const uploadBytes = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000, description: "Bytes of all uploads together" })
const Plan = Type.Object(
  {
    httpConnectors: Type.Optional(httpConnectors),
    ratePerMinute: Type.Optional(ratePerMinute),
    concurrency: Type.Optional(concurrency),
    uploadBytes: Type.Optional(uploadBytes),
  },
  { description: "What the workspace may have at most; what is absent is without limit" },
)
const PlanPatch = Type.Object(
  {
    httpConnectors: Type.Optional(Nullable(httpConnectors)),
    ratePerMinute: Type.Optional(Nullable(ratePerMinute)),
    concurrency: Type.Optional(Nullable(concurrency)),
    uploadBytes: Type.Optional(Nullable(uploadBytes)),
  },
  { ...closed, description: "What is absent is kept; null lifts a limit" },
)
export const Workspace = Type.Object({ ...workspaceFields, plan: Plan })
export const NewWorkspace = Type.Object({
  ...workspaceFields,
  plan: Plan,
  key: Type.String({ description: "An admin key of the workspace; shown this once" }),
})
export const WorkspaceInput = Type.Object({ name: Name, title: Type.Optional(Type.String({ maxLength: 256 })) }, closed)
export const WorkspacePatch = Type.Object({ plan: PlanPatch }, closed)

export const Credentials = Type.Object(
  { email: Type.String({ minLength: 3, maxLength: 320 }), password: Type.String({ minLength: 1, maxLength: 1024 }) },
  closed,
)
export const Session = Type.Object({
  token: Type.String(),
  expiresAt: Time,
  user: Type.Object({ id: Id, email: Type.String() }),
  workspaces: Type.Array(Type.Object({ id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String(), role: Role })),
})
export const Me = Type.Object({
  kind: Type.Enum(["key", "session"]),
  name: Type.String(),
  workspace: Type.Object({ id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String() }),
  role: Role,
  operator: Type.Boolean(),
})

export const User = Type.Object({
  id: Id,
  email: Type.String(),
  role: Role,
  createdAt: Time,
  password: Type.Optional(Type.String({ description: "Shown once, when the hub made it" })),
})
export const UserInput = Type.Object(
  {
    email: Type.String({ pattern: "^[^\\s@]+@[^\\s@]+$", maxLength: 320 }),
    role: Role,
    password: Type.Optional(Type.String({ minLength: 8, maxLength: 1024 })),
  },
  closed,
)
export const PasswordInput = Type.Object({ password: Type.Optional(Type.String({ minLength: 8, maxLength: 1024 })) }, closed)
export const PasswordSet = Type.Object({ email: Type.String(), password: Type.Optional(Type.String({ description: "Shown once, when the hub made it" })) })

const keyFields = {
  id: Id,
  name: Type.String(),
  prefix: Type.String({ description: "The key's first characters" }),
  role: Role,
  createdAt: Time,
  expiresAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
}
export const Key = Type.Object(keyFields)
export const NewKey = Type.Object({ ...keyFields, key: Type.String({ description: "The key itself; shown this once" }) })
export const KeyInput = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    role: Role,
    expiresAt: Type.Optional(Type.String({ description: "ISO 8601 with a zone", maxLength: 40 })),
    prefix: Type.Optional(Type.String({ pattern: "^[a-z0-9_]{1,16}$", description: "What the key starts with, instead of jf" })),
  },
  closed,
)

export const EgressRule = Type.Object({
  id: Nullable(Id),
  rule: Type.String({ description: "cidr[:port[-port]]" }),
  note: Type.String(),
  source: Type.Enum(["environment", "store"]),
  createdAt: Nullable(Time),
})
export const EgressInput = Type.Object({ rule: Type.String({ minLength: 1, maxLength: 100 }), note: Type.Optional(Type.String({ maxLength: 500 })) }, closed)
