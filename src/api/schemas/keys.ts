import Type from "typebox"
import { closed, Id, Nullable, named, PageQuery, Time } from "./basics.ts"
import { search } from "./people.ts"
import { limit, Role, Scope } from "./workspaces.ts"

const fields = {
  id: Id,
  name: Type.String(),
  prefix: Type.String({ description: "The first characters of the key" }),
  role: Role,
  status: Type.Enum(["live", "expired", "revoked"]),
  scope: Nullable(Scope),
  createdAt: Time,
  createdBy: Nullable(Type.Object({ id: Type.String(), name: Nullable(Type.String({ description: "null when the user or key is gone" })) })),
  expiresAt: Nullable(Time),
  revokedAt: Nullable(Time),
  lastUsedAt: Nullable(Time),
}
const shownOnce = { key: Type.String({ description: "The key itself; shown only once" }) }
export const Key = named("Key", Type.Object(fields))
export const NewKey = named("NewKey", Type.Object({ ...fields, ...shownOnce }))
export const RotatedKey = named("RotatedKey", Type.Object({ ...fields, ...shownOnce, replaces: Key }))
const KeyName = Type.String({ minLength: 1, maxLength: 100 })
export const KeyInput = named(
  "KeyInput",
  Type.Object(
    {
      name: KeyName,
      role: Role,
      expiresAt: Type.Optional(Type.String({ format: "date-time", description: "ISO 8601 with a zone", maxLength: 40 })),
      prefix: Type.Optional(Type.String({ pattern: "^[a-z0-9_]{1,16}$", description: "The prefix of the key, instead of jf" })),
      connectors: Type.Optional(limit.connectors),
      labels: Type.Optional(limit.labels),
    },
    closed,
  ),
)
export const KeyPatch = named("KeyPatch", Type.Object({ name: KeyName }, closed))
export const KeyRotation = named(
  "KeyRotation",
  Type.Object(
    { graceMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 43_200, description: "How long the old key stays valid; a day unless given" })) },
    closed,
  ),
)
export const KeyQuery = Type.Object(
  { ...PageQuery, ...search, status: Type.Optional(Type.Enum(["live", "expired", "revoked", "all"], { description: "live unless given" })) },
  closed,
)
