import Type from "typebox"
import { closed, Nullable, named, open, PageQuery, Time } from "./basics.ts"

const Hash = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 in hex" })
export const AuditEntry = named(
  "AuditEntry",
  Type.Object({
    seq: Type.Integer({ description: "Counts from 1, without a gap" }),
    at: Time,
    previous: Hash,
    hash: Hash,
    action: Type.String({ description: "noun.verb, such as connector.update" }),
    actor: Type.Object({ id: Type.String(), kind: Type.String(), name: Type.String() }),
    role: Nullable(Type.String()),
    target: Nullable(Type.Object({ kind: Type.String(), id: Type.String(), name: Type.String() })),
    details: open(),
    requestId: Nullable(Type.String()),
    remoteAddress: Nullable(Type.String()),
  }),
)
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 320, description }))
const moment = (description: string) => Type.Optional(Type.String({ format: "date-time", maxLength: 40, description }))
export const AuditQuery = Type.Object(
  {
    ...PageQuery,
    actor: text("The id or the name of the actor"),
    action: text("noun.verb, or noun.*"),
    target: text("The id or the name of the target"),
    from: moment("ISO 8601 with a zone; inclusive"),
    to: moment("ISO 8601 with a zone; exclusive"),
  },
  closed,
)
export const VerifyQuery = Type.Object(
  {
    seq: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "The number of an end of the chain that the caller noted earlier" })),
    hash: Type.Optional(Hash),
  },
  { ...closed, dependentRequired: { seq: ["hash"], hash: ["seq"] } },
)
const Head = named("AuditHead", Type.Object({ seq: Type.Integer(), hash: Hash }, { description: "An end of the chain" }))
export const AuditVerdict = named(
  "AuditVerdict",
  Type.Object({
    ok: Type.Boolean(),
    entries: Type.Integer({ description: "The number of intact entries, counted from the first that is kept" }),
    head: Head,
    removed: Type.Optional(Head),
    broken: Type.Optional(Type.Object({ seq: Type.Integer(), reason: Type.String() }, { description: "The first broken entry" })),
  }),
)
export const NoQuery = Type.Object({}, closed)
