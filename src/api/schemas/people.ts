import Type from "typebox"
import { closed, Id, Nullable, named, PageQuery, Time } from "./basics.ts"
import { limit, Role, Scope, workspaceNames } from "./workspaces.ts"

const PersonName = Type.String({ minLength: 1, maxLength: 200 })
const Password = Type.String({ minLength: 8, maxLength: 1024 })
const OldPassword = Type.String({ minLength: 1, maxLength: 1024 })
const MadePassword = Type.Optional(Type.String({ description: "The password that the hub generated; shown only once" }))

export const Login = named("Login", Type.Object({ email: Type.String({ minLength: 3, maxLength: 320 }), password: OldPassword }, closed))
const Membership = named("Membership", Type.Object({ ...workspaceNames, role: Role }))
export const Session = named(
  "Session",
  Type.Object({
    token: Type.String({ description: "Send it as `Authorization: Bearer`" }),
    expiresAt: Time,
    user: Type.Object({ id: Id, email: Type.String() }),
    workspaces: Type.Array(Membership),
  }),
)
export const Me = named(
  "Me",
  Type.Object({
    id: Type.String({ description: "`user:` or `key:` and an id, as in the audit log" }),
    kind: Type.Enum(["key", "session"]),
    name: Type.String({ description: "The name of the key, or the e-mail address of the user" }),
    role: Role,
    operator: Type.Boolean(),
    scope: Nullable(Scope),
    workspace: Type.Object(workspaceNames),
    workspaces: Type.Array(Membership, { description: "The workspaces that the caller may choose with the header Jackfield-Workspace" }),
    user: Nullable(Type.Object({ id: Id, email: Type.String(), name: Type.String(), lastLoginAt: Nullable(Time) })),
    key: Nullable(Type.Object({ id: Id, prefix: Type.String(), createdAt: Time, expiresAt: Nullable(Time), scope: Nullable(Scope) })),
    session: Nullable(Type.Object({ id: Id, createdAt: Time, expiresAt: Time })),
  }),
)
export const MePatch = named("MePatch", Type.Object({ name: PersonName }, closed))
export const OwnPassword = named("OwnPassword", Type.Object({ current: OldPassword, password: Password }, closed))
export const LiveSession = named(
  "LiveSession",
  Type.Object({
    id: Id,
    createdAt: Time,
    expiresAt: Time,
    address: Nullable(Type.String({ description: "The address that the login came from" })),
    agent: Nullable(Type.String({ description: "The client's User-Agent" })),
    current: Type.Boolean({ description: "Whether this is the session of the current request" }),
  }),
)

export const User = named(
  "User",
  Type.Object({
    id: Id,
    email: Type.String(),
    name: Type.String(),
    role: Type.Union([Role, Type.Null()], { description: "null: not a member of this workspace; only operators see such users" }),
    scope: Nullable(Scope),
    createdAt: Time,
    disabledAt: Nullable(Time),
    lastLoginAt: Nullable(Time),
    password: MadePassword,
  }),
)
export const UserInput = named(
  "UserInput",
  Type.Object(
    {
      email: Type.String({ pattern: "^[^\\s@]+@[^\\s@]+$", maxLength: 320 }),
      role: Role,
      name: Type.Optional(PersonName),
      password: Type.Optional(Password),
      connectors: Type.Optional(limit.connectors),
      labels: Type.Optional(limit.labels),
    },
    closed,
  ),
)
export const UserPatch = named(
  "UserPatch",
  Type.Object(
    {
      name: Type.Optional(PersonName),
      role: Type.Optional(Role),
      connectors: Type.Optional(Nullable(limit.connectors)),
      labels: Type.Optional(Nullable(limit.labels)),
      disabled: Type.Optional(Type.Boolean({ description: "For operators: disables the login on the whole hub, and ends its sessions" })),
    },
    { ...closed, minProperties: 1 },
  ),
)
/** Filters of a list of users or keys. */
export const search = { q: Type.Optional(Type.String({ maxLength: 256, description: "Found in names" })), role: Type.Optional(Role) }
export const UserQuery = Type.Object({ ...PageQuery, ...search }, closed)
export const PasswordInput = named("PasswordInput", Type.Object({ password: Type.Optional(Password) }, closed))
export const PasswordSet = named("PasswordSet", Type.Object({ email: Type.String(), password: MadePassword }))
