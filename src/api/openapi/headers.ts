import { COMPONENT } from "../schemas/basics.ts"

/** The headers of answers. */
export const HEADERS = {
  RequestId: { description: "Names the request in the hub's log, and in a problem document", schema: { type: "string", format: "uuid" } },
  ETag: { description: "The version; send it as If-Match with a change", schema: { type: "string", pattern: '^"\\d+"$' } },
  Location: { description: "The path of the new resource", schema: { type: "string" } },
  RetryAfter: { description: "Seconds to wait before the request is repeated; sent when repeating it may help", schema: { type: "string" } },
} as const

/** The headers that requests may have. */
export const IDEMPOTENCY_KEY = {
  [COMPONENT]: "idempotencyKey",
  type: "string",
  description:
    "Within 24 hours, a request repeated with the same key gets the first answer again (header `idempotency-replayed: true`) and is not executed twice; 1 to 255 printable ASCII characters",
  minLength: 1,
  maxLength: 255,
  pattern: "^[!-~]([ -~]{0,253}[!-~])?$",
} as const
export const IF_MATCH = {
  [COMPONENT]: "ifMatch",
  type: "string",
  description: "The ETag of the version that the change is for; 412 when the version is no longer the newest",
  pattern: '^(\\*|(W/)?"\\d{1,9}")$',
} as const
