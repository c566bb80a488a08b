import Type from "typebox"
import type { AuditVerdict, AuditEntry as Entry } from "../hub/audit/audit-log.ts"
import { closed, Nullable, PageQuery, Time } from "./schemas.ts"

const Hash = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 in hex" })
export const AuditEntry = Type.Unsafe<Entry>(
  Type.Object({
    seq: Type.Integer({ description: "From 1, without a gap" }),
    at: Time,
    previous: Hash,
    hash: Hash,
    action: Type.String({ description: "noun.verb, such as connector.update" }),
    actor: Type.Object({ id: Type.String(), kind: Type.String(), name: Type.String() }),
    role: Nullable(Type.String()),
    target: Nullable(Type.Object({ kind: Type.String(), id: Type.String(), name: Type.String() })),
    details: Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true }),
    requestId: Nullable(Type.String()),
    remoteAddress: Nullable(Type.String()),
  }),
)
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 320, description }))
const moment = (description: string) => Type.Optional(Type.String({ format: "date-time", maxLength: 40, description }))
export const AuditQuery = Type.Object(
  {
    ...PageQuery,
    actor: text("Who: id, or name"),
    action: text("noun.verb, or noun.*"),
    target: text("What it was done to: id, or name"),
    from: moment("ISO 8601 with a zone; inclusive"),
    to: moment("ISO 8601 with a zone; exclusive"),
  },
  closed,
)
export const VerifyQuery = Type.Object(
  {
    seq: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: "An end that was noted earlier: its number" })),
    hash: Type.Optional(Hash),
  },
  { ...closed, dependentRequired: { seq: ["hash"], hash: ["seq"] } },
)
/** What an export is sent as: not one JSON document. */
export const Lines = Type.Unsafe<string>({ description: "One JSON object per line", content: { "application/x-ndjson": { schema: { type: "string" } } } })
const Head = Type.Object({ seq: Type.Integer(), hash: Hash })
export const Verdict = Type.Unsafe<AuditVerdict>(
  Type.Object({
    ok: Type.Boolean(),
    entries: Type.Integer({ description: "How many are in order, from the first one on" }),
    head: Head,
    broken: Type.Optional(Type.Object({ seq: Type.Integer(), reason: Type.String() })),
  }),
)
