import { randomUUID } from "node:crypto"
import { type Selectable, sql } from "kysely"
import { newWebhookSecret } from "../../connectors/shared/http/auth/standard-webhooks.ts"
import { PlatformError } from "../../core/errors.ts"
import type { DeliveryState, WebhookDeliveries as DeliveryTable, Webhooks as Table, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import type { Vault } from "../../vault/vault.ts"
import { record } from "../audit/audit.ts"
import { looksLikeId } from "../base/ids.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { requireRoomFor } from "../base/quotas.ts"
import { deliveriesOf, type EventType } from "./outbox.ts"

export interface WebhookInput {
  readonly url: string
  readonly description?: string
  readonly events: readonly EventType[]
}

/**
 * `enabled: false` switches the webhook off, `true` switches it on. Deliveries that waited are sent then; events from the time
 * between are not.
 */
export interface WebhookPatch extends Partial<WebhookInput> {
  readonly enabled?: boolean
}

export interface WebhookView {
  readonly id: string
  readonly url: string
  readonly description: string
  readonly events: readonly EventType[]
  readonly secret: { readonly set: true; readonly fingerprint: string }
  readonly enabled: boolean
  /** When and why it was switched off; null while it is on. */
  readonly disabled: { readonly at: string; readonly reason: string } | null
  /** Since when no delivery was taken; null when the last one was taken. */
  readonly failingSince: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** A delivery and its last attempt. `eventId` is the `webhook-id` that the receiver sees; it is the same for every attempt. */
export interface DeliveryView {
  readonly id: string
  readonly eventId: string
  readonly type: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly createdAt: string
  readonly lastAttemptAt: string | null
  readonly lastStatus: number | null
  readonly lastError: string | null
  readonly nextAttemptAt: string | null
  readonly deliveredAt: string | null
  readonly payload: Readonly<Record<string, unknown>>
}

/** The webhooks of a workspace: made, shown, changed, removed, tried. `Deliveries` sends the events. */
export class Webhooks {
  readonly #store: Store
  readonly #vault: Vault

  constructor(store: Store, vault: Vault) {
    this.#store = store
    this.#vault = vault
  }

  /** Makes a webhook and the secret that signs its deliveries. The secret is shown only now. */
  async create(by: Principal, input: WebhookInput): Promise<WebhookView & { readonly signingSecret: string }> {
    const url = checkedUrl(input.url)
    const signingSecret = newWebhookSecret()
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      await requireRoomFor(tx, by.workspace.id, "webhooks")
      const id = randomUUID()
      const sealed = await this.#vault.seal(tx, secretOf(by.workspace.id, id), signingSecret)
      const row = await tx
        .insertInto("webhooks")
        .values({
          id,
          workspace_id: by.workspace.id,
          url,
          description: input.description ?? "",
          events: [...new Set(input.events)],
          ciphertext: sealed.ciphertext,
          fingerprint: sealed.fingerprint,
          data_key_id: sealed.dataKeyId,
          created_by: by.id,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await record(tx, by, { action: "webhook.create", target: targetOf(row), details: { events: row.events } })
      return { ...viewOf(row), signingSecret }
    })
  }

  async list(by: Principal, query: PageQuery): Promise<Page<WebhookView>> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const rows = await tx
        .selectFrom("webhooks")
        .selectAll()
        .where("workspace_id", "=", by.workspace.id)
        .where("position", ">", after)
        .orderBy("position")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, await countOf(tx, by.workspace.id), (row) => row.position)
      return { ...page, data: page.data.map(viewOf) }
    })
  }

  async get(by: Principal, id: string): Promise<WebhookView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => viewOf(await find(tx, by.workspace.id, id)))
  }

  async patch(by: Principal, id: string, patch: WebhookPatch): Promise<WebhookView> {
    const { description, events, enabled } = patch
    const url = patch.url === undefined ? undefined : checkedUrl(patch.url)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const found = await find(tx, by.workspace.id, id)
      const switched = enabled === undefined || enabled === (found.disabled_at === null) ? {} : enabled ? ON : off("Switched off.")
      const row = await tx
        .updateTable("webhooks")
        .set({
          ...(url === undefined ? {} : { url }),
          ...(description === undefined ? {} : { description }),
          ...(events === undefined ? {} : { events: [...new Set(events)] }),
          ...switched,
          updated_at: sql<Date>`now()`,
        })
        .where("workspace_id", "=", by.workspace.id)
        .where("id", "=", found.id)
        .returningAll()
        .executeTakeFirstOrThrow()
      const fields = Object.entries(patch).flatMap(([name, value]) => (value === undefined ? [] : [name]))
      await record(tx, by, { action: "webhook.update", target: targetOf(row), details: { fields } })
      return viewOf(row)
    })
  }

  /** Removes a webhook and its waiting deliveries. */
  async remove(by: Principal, id: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const found = await find(tx, by.workspace.id, id)
      await tx.deleteFrom("webhooks").where("workspace_id", "=", by.workspace.id).where("id", "=", found.id).execute()
      await record(tx, by, { action: "webhook.remove", target: targetOf(found) })
    })
  }

  /** Queues an event of type `webhook.ping`, which needs no subscription. */
  async ping(by: Principal, id: string): Promise<DeliveryView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const found = await enabledOne(tx, by.workspace.id, id)
      const rows = deliveriesOf(by.workspace.id, "webhook.ping", { webhook: { id: found.id } }, [found])
      const row = await tx.insertInto("webhook_deliveries").values(rows).returningAll().executeTakeFirstOrThrow()
      await record(tx, by, { action: "webhook.ping", target: targetOf(found), details: { delivery: row.id } })
      return deliveryOf(row)
    })
  }

  /** The deliveries of a webhook, the newest first. */
  async deliveries(by: Principal, id: string, query: PageQuery): Promise<Page<DeliveryView>> {
    const before = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const found = await find(tx, by.workspace.id, id)
      const all = tx.selectFrom("webhook_deliveries").where("workspace_id", "=", by.workspace.id).where("webhook_id", "=", found.id)
      const { total } = await all.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const rows = await (before === 0 ? all : all.where("position", "<", before))
        .selectAll()
        .orderBy("position", "desc")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, total, (row) => row.position)
      return { ...page, data: page.data.map(deliveryOf) }
    })
  }

  /**
   * Sends a delivery again, with the same event and body, beginning with the first attempt. A delivery that still waits is sent
   * at once.
   */
  async redeliver(by: Principal, id: string, deliveryId: string): Promise<DeliveryView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const found = await enabledOne(tx, by.workspace.id, id)
      const row = await tx
        .updateTable("webhook_deliveries")
        .set({ state: "pending", attempts: 0, next_at: sql<Date>`now()`, leased_until: null, leased_by: null, delivered_at: null })
        .where("workspace_id", "=", by.workspace.id)
        .where("webhook_id", "=", found.id)
        .where("id", "=", looksLikeId(deliveryId) ? deliveryId : NOBODY)
        .returningAll()
        .executeTakeFirst()
      if (row === undefined)
        throw notFound(`There is no delivery "${deliveryId.slice(0, 100)}" of this webhook`, {
          things: "deliveries",
          path: `/v1/webhooks/${found.id}/deliveries`,
          command: `jackfield webhooks deliveries ${found.id}`,
        })
      await record(tx, by, { action: "webhook.redeliver", target: targetOf(found), details: { delivery: row.id } })
      return deliveryOf(row)
    })
  }
}

/** A webhook as the audit names it: by its host only, since the rest of a URL may be a secret. */
export const targetOf = ({ id, url }: { readonly id: string; readonly url: string }) => ({ kind: "webhook", id, name: new URL(url).host })

const NOBODY = "00000000-0000-0000-0000-000000000000"
const ON = { disabled_at: null, disabled_reason: null, failing_since: null }

/** The columns of a webhook that is switched off for a reason. */
export const off = (reason: string) => ({ disabled_at: sql<Date>`now()`, disabled_reason: reason })

/** The binding of a webhook's signing secret in the vault. */
export const secretOf = (workspaceId: string, webhookId: string) => ({ workspaceId, connectorId: webhookId, pointer: "/signingSecret" })

/** Checks a URL: http or https, and without a login, since the signature proves the sender. The door judges the host at each delivery. */
function checkedUrl(text: string): string {
  const refuse = (message: string): never => {
    throw new PlatformError("request_invalid", `The URL ${message}`, { faults: [{ pointer: "/url", message }] })
  }
  if (!URL.canParse(text)) return refuse("must be a whole URL, such as https://example.com/hooks.")
  const url = new URL(text)
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("must begin with https:// or http://.")
  if (url.username !== "" || url.password !== "") return refuse("must hold no user and password; the signature proves who sends.")
  url.hash = ""
  return url.href
}

async function find(tx: Tx, workspaceId: string, id: string): Promise<Selectable<Table>> {
  const row = looksLikeId(id)
    ? await tx.selectFrom("webhooks").selectAll().where("workspace_id", "=", workspaceId).where("id", "=", id).executeTakeFirst()
    : undefined
  if (row === undefined)
    throw notFound(`There is no webhook "${id.slice(0, 100)}" in this workspace`, {
      things: "webhooks",
      path: "/v1/webhooks",
      command: "jackfield webhooks list",
    })
  return row
}

async function enabledOne(tx: Tx, workspaceId: string, id: string): Promise<Selectable<Table>> {
  const found = await find(tx, workspaceId, id)
  if (found.disabled_at !== null) throw new PlatformError("webhook_disabled", 'The webhook is switched off; enable it with PATCH { "enabled": true } first.')
  return found
}

async function countOf(tx: Tx, workspaceId: string): Promise<number> {
  const { count } = await tx
    .selectFrom("webhooks")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("workspace_id", "=", workspaceId)
    .executeTakeFirstOrThrow()
  return count
}

const viewOf = (row: Selectable<Table>): WebhookView => ({
  id: row.id,
  url: row.url,
  description: row.description,
  events: row.events as readonly EventType[],
  secret: { set: true, fingerprint: row.fingerprint },
  enabled: row.disabled_at === null,
  disabled: row.disabled_at === null ? null : { at: row.disabled_at.toISOString(), reason: row.disabled_reason ?? "" },
  failingSince: row.failing_since?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

const deliveryOf = (row: Selectable<DeliveryTable>): DeliveryView => ({
  id: row.id,
  eventId: row.event_id,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  createdAt: row.created_at.toISOString(),
  lastAttemptAt: row.last_at?.toISOString() ?? null,
  lastStatus: row.last_status,
  lastError: row.last_error,
  nextAttemptAt: row.state === "pending" ? row.next_at.toISOString() : null,
  deliveredAt: row.delivered_at?.toISOString() ?? null,
  payload: JSON.parse(row.body) as Readonly<Record<string, unknown>>,
})
