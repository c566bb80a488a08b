import Type from "typebox"
import { EVENT_TYPES } from "../../hub/webhooks/outbox.ts"
import { closed, Id, IdRef, Nullable, named, open, Time } from "./basics.ts"

const EventType = named("EventType", Type.Enum([...EVENT_TYPES]))
const Events = Type.Array(EventType, { minItems: 1, maxItems: EVENT_TYPES.length, description: "The events that the webhook receives" })
const Url = Type.String({ format: "uri", minLength: 1, maxLength: 2_048, description: "http or https; the egress policy applies to every delivery" })
const Description = Type.String({ maxLength: 500 })
export const WebhookInput = named("WebhookInput", Type.Object({ url: Url, description: Type.Optional(Description), events: Events }, closed))
export const WebhookPatch = named(
  "WebhookPatch",
  Type.Object(
    {
      url: Type.Optional(Url),
      description: Type.Optional(Description),
      events: Type.Optional(Events),
      enabled: Type.Optional(Type.Boolean({ description: "true switches the webhook on again and sends its pending deliveries" })),
    },
    closed,
  ),
)
const fields = {
  id: Id,
  url: Type.String(),
  description: Type.String(),
  events: Type.Array(EventType),
  secret: Type.Object({ set: Type.Literal(true), fingerprint: Type.String() }),
  enabled: Type.Boolean(),
  disabled: Nullable(Type.Object({ at: Time, reason: Type.String() })),
  failingSince: Nullable(Time),
  createdAt: Time,
  updatedAt: Time,
}
export const Webhook = named("Webhook", Type.Object(fields))
export const NewWebhook = named(
  "NewWebhook",
  Type.Object({ ...fields, signingSecret: Type.String({ description: "The key that signs the deliveries; shown only once" }) }),
)
export const Delivery = named(
  "Delivery",
  Type.Object({
    id: Id,
    eventId: Type.String({ description: "The `webhook-id` of every attempt" }),
    type: Type.String(),
    state: Type.Enum(["pending", "delivered", "failed"]),
    attempts: Type.Integer(),
    createdAt: Time,
    lastAttemptAt: Nullable(Time),
    lastStatus: Nullable(Type.Integer({ description: "The HTTP status of the last attempt, if it was answered" })),
    lastError: Nullable(Type.String()),
    nextAttemptAt: Nullable(Time),
    deliveredAt: Nullable(Time),
    payload: open("The body that is sent"),
  }),
)
export const DeliveryRef = Type.Object({
  ...IdRef.properties,
  delivery: Type.String({ minLength: 1, maxLength: 128, description: "The id of a delivery" }),
})
