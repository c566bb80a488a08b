import Type from "typebox"
import type { MeView } from "../hub/people/sessions.ts"
import type { UserView } from "../hub/people/users.ts"
import { closed, Id, Name, Nullable, PageQuery, Role, Time } from "./schemas.ts"

const Title = Type.String({ minLength: 1, maxLength: 256 })
const workspaceFields = { id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String(), createdAt: Time }
const httpConnectors = Type.Integer({ minimum: 0, maximum: 1_000_000, description: "HTTP connectors in all" })
const ratePerMinute = Type.Integer({ minimum: 1, maximum: 1_000_000, description: "Calls per minute of one connector" })
const concurrency = Type.Integer({ minimum: 1, maximum: 10_000, description: "Open calls at once of one connector" })
const uploadBytes = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000, description: "Bytes of all uploads together" })
const tests = Type.Object(
  {
    perMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: "Started in any 60 seconds; 600 unless given" })),
    concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: "Open at once; 20 unless given" })),
  },
  { ...closed, description: "Tests of the workspace, over all nodes" },
)
const Plan = Type.Object(
  {
    httpConnectors: Type.Optional(httpConnectors),
    ratePerMinute: Type.Optional(ratePerMinute),
    concurrency: Type.Optional(concurrency),
    uploadBytes: Type.Optional(uploadBytes),
    tests: Type.Optional(tests),
  },
  { description: "What the workspace may have at most; what is absent is without limit" },
)
const PlanPatch = Type.Object(
  {
    httpConnectors: Type.Optional(Nullable(httpConnectors)),
    ratePerMinute: Type.Optional(Nullable(ratePerMinute)),
    concurrency: Type.Optional(Nullable(concurrency)),
    uploadBytes: Type.Optional(Nullable(uploadBytes)),
    tests: Type.Optional(Nullable(tests)),
  },
  { ...closed, description: "What is absent is kept; null lifts a limit" },
)
export const Workspace = Type.Object({ ...workspaceFields, plan: Plan })
export const NewWorkspace = Type.Object({
  ...workspaceFields,
  plan: Plan,
  key: Type.String({ description: "An admin key of the workspace; shown this once" }),
})
export const WorkspaceInput = Type.Object({ name: Name, title: Type.Optional(Title) }, closed)
export const WorkspacePatch = Type.Object(
  { name: Type.Optional(Name), title: Type.Optional(Title), plan: Type.Optional(PlanPatch) },
  { ...closed, minProperties: 1 },
)
export const WorkspaceRemoval = Type.Object({ name: Type.String({ maxLength: 100, description: "The workspace's name once more" }) }, closed)

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
const Membership = Type.Object({ id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String(), role: Role })
export const Me = Type.Unsafe<MeView>(
  Type.Object({
    id: Type.String({ description: "user:… or key:…, as audit and createdBy have it" }),
    kind: Type.Enum(["key", "session"]),
    name: Type.String({ description: "The key's name, or the user's e-mail" }),
    role: Role,
    operator: Type.Boolean(),
    workspace: Type.Object({ id: Id, serial: Type.Integer(), name: Type.String(), title: Type.String() }),
    workspaces: Type.Array(Membership, { description: "Where the caller may go by Jackfield-Workspace" }),
    user: Nullable(Type.Object({ id: Id, email: Type.String(), name: Type.String(), lastLoginAt: Nullable(Time) })),
    key: Nullable(Type.Object({ id: Id, prefix: Type.String(), createdAt: Time, expiresAt: Nullable(Time) })),
    session: Nullable(Type.Object({ id: Id, createdAt: Time, expiresAt: Time })),
  }),
)
const PersonName = Type.String({ minLength: 1, maxLength: 200 })
export const MePatch = Type.Object({ name: PersonName }, closed)
const Password = Type.String({ minLength: 8, maxLength: 1024 })
export const OwnPassword = Type.Object({ current: Type.String({ minLength: 1, maxLength: 1024 }), password: Password }, closed)
export const LiveSession = Type.Object({
  id: Id,
  createdAt: Time,
  expiresAt: Time,
  address: Nullable(Type.String()),
  agent: Nullable(Type.String({ description: "What the client called itself" })),
  current: Type.Boolean(),
})

export const User = Type.Unsafe<UserView>(
  Type.Object({
    id: Id,
    email: Type.String(),
    name: Type.String(),
    role: Type.Union([Role, Type.Null()], { description: "null: no member of this workspace; operators alone see those" }),
    createdAt: Time,
    disabledAt: Nullable(Time),
    lastLoginAt: Nullable(Time),
    password: Type.Optional(Type.String({ description: "Shown once, when the hub made it" })),
  }),
)
export const UserInput = Type.Object(
  {
    email: Type.String({ pattern: "^[^\\s@]+@[^\\s@]+$", maxLength: 320 }),
    role: Role,
    name: Type.Optional(PersonName),
    password: Type.Optional(Password),
  },
  closed,
)
export const UserPatch = Type.Object(
  {
    name: Type.Optional(PersonName),
    role: Type.Optional(Role),
    disabled: Type.Optional(Type.Boolean({ description: "Operators: on the whole hub; ends the sessions" })),
  },
  { ...closed, minProperties: 1 },
)
const search = { q: Type.Optional(Type.String({ maxLength: 256, description: "Found in names" })), role: Type.Optional(Role) }
export const UserList = Type.Object({ ...PageQuery, ...search }, closed)
export const PasswordInput = Type.Object({ password: Type.Optional(Type.String({ minLength: 8, maxLength: 1024 })) }, closed)
export const PasswordSet = Type.Object({ email: Type.String(), password: Type.Optional(Type.String({ description: "Shown once, when the hub made it" })) })

const keyFields = {
  id: Id,
  name: Type.String(),
  prefix: Type.String({ description: "The key's first characters" }),
  role: Role,
  status: Type.Enum(["live", "expired", "revoked"]),
  createdAt: Time,
  createdBy: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String({ description: "null when they are gone" })) })),
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
}
const shownOnce = { key: Type.String({ description: "The key itself; shown this once" }) }
export const Key = Type.Object(keyFields)
export const NewKey = Type.Object({ ...keyFields, ...shownOnce })
export const RotatedKey = Type.Object({ ...keyFields, ...shownOnce, replaces: Key })
const KeyName = Type.String({ minLength: 1, maxLength: 100 })
export const KeyInput = Type.Object(
  {
    name: KeyName,
    role: Role,
    expiresAt: Type.Optional(Type.String({ format: "date-time", description: "ISO 8601 with a zone", maxLength: 40 })),
    prefix: Type.Optional(Type.String({ pattern: "^[a-z0-9_]{1,16}$", description: "What the key starts with, instead of jf" })),
  },
  closed,
)
export const KeyPatch = Type.Object({ name: KeyName }, closed)
export const KeyRotation = Type.Object(
  { graceMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 43_200, description: "How long the old key goes on; a day unless given" })) },
  closed,
)
export const KeyList = Type.Object(
  { ...PageQuery, ...search, status: Type.Optional(Type.Enum(["live", "expired", "revoked", "all"], { description: "live unless given" })) },
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
