import Type from "typebox"
import { CHECK_EVERY_MAX_MS, CHECK_EVERY_MIN_MS } from "../hub/checks/checks.ts"
import { EVENT_TYPES } from "../hub/webhooks/outbox.ts"
import { closed, Id, Nullable, PageQuery, TestReport, Time } from "./schemas.ts"

// The shapes of scheduled checks and webhooks.

const State = Type.Enum(["unknown", "up", "down"])
export const Page = Type.Object(PageQuery, closed)
export const CheckInput = Type.Object(
  {
    everyMs: Type.Integer({ minimum: CHECK_EVERY_MIN_MS, maximum: CHECK_EVERY_MAX_MS, description: "A minute at least, a week at most" }),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 30_000, description: "10,000 unless given" })),
  },
  closed,
)
export const CheckList = Type.Object({ ...PageQuery, state: Type.Optional(State) }, closed)
export const Check = Type.Object({
  connector: Type.Object({ id: Id, name: Type.String(), title: Type.String(), type: Type.String() }),
  everyMs: Type.Integer(),
  timeoutMs: Type.Integer(),
  state: State,
  since: Time,
  failures: Type.Integer({ description: "Failed checks in a row" }),
  lastCheckedAt: Nullable(Time),
  nextCheckAt: Nullable(Time),
  stopped: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
})
export const CheckResult = Type.Object({
  id: Type.Integer(),
  at: Time,
  connectorVersion: Type.Integer(),
  state: State,
  changed: Type.Boolean({ description: "This check changed the state" }),
  report: TestReport,
})

const Event = Type.Enum([...EVENT_TYPES])
const Events = Type.Array(Event, { minItems: 1, maxItems: EVENT_TYPES.length, description: "What it is told of" })
const Url = Type.String({ format: "uri", minLength: 1, maxLength: 2_048, description: "http or https; the egress policy holds at every delivery" })
const Description = Type.String({ maxLength: 500 })
export const WebhookInput = Type.Object({ url: Url, description: Type.Optional(Description), events: Events }, closed)
export const WebhookPatch = Type.Object(
  {
    url: Type.Optional(Url),
    description: Type.Optional(Description),
    events: Type.Optional(Events),
    enabled: Type.Optional(Type.Boolean({ description: "true brings it back, with what still waited to come" })),
  },
  closed,
)
const webhook = {
  id: Id,
  url: Type.String(),
  description: Type.String(),
  events: Type.Unsafe<readonly string[]>(Type.Array(Type.String())),
  secret: Type.Object({ set: Type.Literal(true), fingerprint: Type.String() }),
  enabled: Type.Boolean(),
  disabled: Nullable(Type.Object({ at: Time, reason: Type.String() })),
  failingSince: Nullable(Time),
  createdAt: Time,
  updatedAt: Time,
}
export const Webhook = Type.Object(webhook)
export const NewWebhook = Type.Object({ ...webhook, signingSecret: Type.String({ description: "What deliveries are signed with; shown this once" }) })
export const Delivery = Type.Object({
  id: Id,
  eventId: Type.String({ description: "The `webhook-id` of every attempt" }),
  type: Type.String(),
  state: Type.Enum(["pending", "delivered", "failed"]),
  attempts: Type.Integer(),
  createdAt: Time,
  lastAttemptAt: Nullable(Time),
  lastStatus: Nullable(Type.Integer({ description: "The HTTP status of the last attempt, when there was an answer" })),
  lastError: Nullable(Type.String()),
  nextAttemptAt: Nullable(Time),
  deliveredAt: Nullable(Time),
  payload: Type.Unsafe<Record<string, unknown>>({ type: "object", additionalProperties: true, description: "What is sent" }),
})
export const DeliveryRef = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }), delivery: Type.String({ minLength: 1, maxLength: 128 }) })
