import { randomUUID } from "node:crypto"
import type { Tx } from "../../store/database.ts"

/** The events that webhooks subscribe to. A ping needs no subscription. */
export const EVENT_TYPES = ["connector.state_changed", "catalog.changed"] as const
export type EventType = (typeof EVENT_TYPES)[number]

/**
 * Writes an event for every webhook of the workspace that subscribes to it, in the transaction of the change, so that both are
 * stored or neither.
 */
export async function emit(tx: Tx, workspaceId: string, type: EventType, data: Readonly<Record<string, unknown>>): Promise<void> {
  const wanting = await tx.selectFrom("webhooks").select(["id", "events"]).where("workspace_id", "=", workspaceId).where("disabled_at", "is", null).execute()
  const webhooks = wanting.filter(({ events }) => events.includes(type))
  if (webhooks.length === 0) return
  const rows = deliveriesOf(workspaceId, type, data, webhooks)
  await tx.insertInto("webhook_deliveries").values(rows).execute()
}

/** One delivery for each webhook, all of the same event and body. */
export function deliveriesOf(workspaceId: string, type: string, data: Readonly<Record<string, unknown>>, webhooks: readonly { readonly id: string }[]) {
  const eventId = randomUUID()
  const body = JSON.stringify({ id: eventId, type, timestamp: new Date().toISOString(), data })
  return webhooks.map(({ id }) => ({ id: randomUUID(), workspace_id: workspaceId, webhook_id: id, event_id: eventId, type, body }))
}
