import { sql } from "kysely"
import { signatureHeaders } from "../../connectors/shared/http/auth/standard-webhooks.ts"
import { httpClient } from "../../connectors/shared/http/client.ts"
import { requestTo } from "../../connectors/shared/http/requests.ts"
import { platformErrorIn } from "../../core/errors.ts"
import { hubActor, record } from "../audit/audit.ts"
import { type DueRows, OF_ONE_WORKSPACE } from "../base/due-worker.ts"
import type { HubParts } from "../parts.ts"

import { off, secretOf, targetOf } from "./webhooks.ts"

/** Milliseconds for one attempt, and for the lease of its row. */
const DEADLINE_MS = 10_000
const LEASE_MS = 20_000
const ANSWER_MAX_BYTES = 65_536
/** When an attempt cannot be made at all, because the secret or the key service is away, it is put off for so long. */
const PUT_OFF_MS = 60_000
const SECOND = 1_000
const HOUR = 3_600 * SECOND
/** The waits between attempts. After the last one, a day and a half after the first attempt, the delivery has failed. */
const WAITS_MS = [5 * SECOND, 30 * SECOND, 2 * 60 * SECOND, 10 * 60 * SECOND, HOUR, 3 * HOUR, 8 * HOUR, 24 * HOUR]
/** A webhook that has taken no delivery for so long is switched off when one more fails for good. */
const DISABLE_AFTER_HOURS = 24
const DAYS_KEPT = 30

interface Claimed {
  readonly id: string
  readonly workspace_id: string
  readonly webhook_id: string
  readonly event_id: string
  readonly type: string
  readonly body: string
  readonly attempts: number
}

interface Target {
  readonly url: string
  readonly secret: string
}

type Outcome = { readonly status: number } | { readonly error: string }

/** The deliveries of the outbox. Each is sent at least once, through the door like any connection of a workspace. */
export class Deliveries implements DueRows<Claimed> {
  readonly name = "webhook deliveries"
  readonly pollMs = 500
  readonly #parts: HubParts
  readonly #node: string

  /** `node` is the id under which this process leases rows. */
  constructor(parts: HubParts, node: string) {
    this.#parts = parts
    this.#node = node
  }

  named({ id: delivery }: Claimed): { readonly delivery: string } {
    return { delivery }
  }

  async claim(most: number): Promise<readonly Claimed[]> {
    const claim = sql<Claimed>`select * from jackfield.claim_deliveries(${this.#node}::uuid, ${most}::int, ${OF_ONE_WORKSPACE}::int, ${LEASE_MS}::int)`
    return this.#parts.store.asHub(async (tx) => (await claim.execute(tx)).rows)
  }

  async work(claimed: Claimed, stopping: AbortSignal): Promise<void> {
    const target = await this.#targetOf(claimed).catch(async (error: unknown) => {
      await this.#putOff(claimed, PUT_OFF_MS)
      throw error
    })
    if (target === undefined) return
    const outcome = await this.#send(claimed, target, stopping)
    const taken = "status" in outcome && outcome.status >= 200 && outcome.status < 300
    if (stopping.aborted && !taken) await this.#putOff(claimed, 0)
    else if (taken) await this.#delivered(claimed, outcome.status)
    else await this.#missed(claimed, outcome)
  }

  async #targetOf({ workspace_id, webhook_id }: Claimed): Promise<Target | undefined> {
    return this.#parts.store.inWorkspace(workspace_id, async (tx) => {
      const row = await tx
        .selectFrom("webhooks")
        .select(["url", "ciphertext"])
        .where("workspace_id", "=", workspace_id)
        .where("id", "=", webhook_id)
        .executeTakeFirst()
      return row === undefined ? undefined : { url: row.url, secret: await this.#parts.vault.unseal(tx, secretOf(workspace_id, webhook_id), row) }
    })
  }

  async #send({ event_id, body }: Claimed, { url, secret }: Target, stopping: AbortSignal): Promise<Outcome> {
    const lease = this.#parts.door.lease({ deadlineMs: DEADLINE_MS, operator: false, signal: stopping })
    try {
      const client = httpClient(lease.dispatcher(), { maxBytes: ANSWER_MAX_BYTES, redirects: false, judge: () => undefined })
      const headers = { "content-type": "application/json", "user-agent": "Jackfield-Webhooks", ...signatureHeaders([secret], event_id, new Date(), body) }
      const { status } = await client.send(requestTo(new URL(url), { body, headers }), lease)
      return { status }
    } catch (error) {
      const ours = platformErrorIn(error) ?? platformErrorIn(lease.signal.reason)
      return { error: ours === undefined ? "connection_lost: the connection broke before the answer." : `${ours.code}: ${ours.message}` }
    } finally {
      await lease.close()
    }
  }

  /** Puts a delivery off that was not tried, or that was cut off by this node's end; that is no attempt. */
  async #putOff(claimed: Claimed, ms: number): Promise<void> {
    await this.#settle(claimed, { attempts: Math.max(0, claimed.attempts - 1), next_at: sql<Date>`now() + ${ms} * interval '1 millisecond'` })
  }

  async #delivered(claimed: Claimed, status: number): Promise<void> {
    this.#parts.counters.deliveries.inc({ result: "delivered" })
    await this.#settle(
      claimed,
      { state: "delivered", last_status: status, last_error: null, last_at: sql<Date>`now()`, delivered_at: sql<Date>`now()` },
      { failing_since: null },
    )
  }

  async #missed(claimed: Claimed, outcome: Outcome): Promise<void> {
    this.#parts.counters.deliveries.inc({ result: "missed" })
    const waitMs = WAITS_MS[claimed.attempts - 1]
    const gone = "status" in outcome && outcome.status === 410
    const over = gone || waitMs === undefined
    const jittered = Math.round((waitMs ?? 0) * (0.9 + Math.random() * 0.2))
    const last = "status" in outcome ? { last_status: outcome.status, last_error: null } : { last_status: null, last_error: outcome.error.slice(0, 500) }
    await this.#settle(
      claimed,
      { ...last, last_at: sql<Date>`now()`, state: over ? "failed" : "pending", next_at: sql<Date>`now() + ${jittered} * interval '1 millisecond'` },
      { failing_since: sql<Date>`coalesce(failing_since, now())` },
    )
    if (over) await this.#disable(claimed, gone)
  }

  /** Stores the columns of delivery and webhook after an attempt, unless another node has the delivery by now. Old deliveries are deleted along the way. */
  async #settle(
    { id, workspace_id, webhook_id }: Claimed,
    delivery: Readonly<Record<string, unknown>>,
    webhook?: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#parts.store.inWorkspace(workspace_id, async (tx) => {
      const settled = await tx
        .updateTable("webhook_deliveries")
        .set({ ...delivery, leased_until: null, leased_by: null })
        .where("workspace_id", "=", workspace_id)
        .where("id", "=", id)
        .where("leased_by", "=", this.#node)
        .executeTakeFirstOrThrow()
      if (settled.numUpdatedRows === 0n || webhook === undefined) return
      await tx.updateTable("webhooks").set(webhook).where("workspace_id", "=", workspace_id).where("id", "=", webhook_id).execute()
      await tx
        .deleteFrom("webhook_deliveries")
        .where("workspace_id", "=", workspace_id)
        .where("webhook_id", "=", webhook_id)
        .where("state", "<>", "pending")
        .where("created_at", "<", sql<Date>`now() - ${DAYS_KEPT} * interval '1 day'`)
        .execute()
    })
  }

  /** Switches off a webhook that answers 410 Gone, or that has taken no delivery for long. */
  async #disable({ workspace_id, webhook_id }: Claimed, gone: boolean): Promise<void> {
    const reason = gone ? "The receiver answered 410 Gone." : `No delivery was taken for more than ${DISABLE_AFTER_HOURS} hours.`
    const disabled = await this.#parts.store.inWorkspace(workspace_id, async (tx) => {
      let update = tx
        .updateTable("webhooks")
        .set(off(reason))
        .where("workspace_id", "=", workspace_id)
        .where("id", "=", webhook_id)
        .where("disabled_at", "is", null)
      if (!gone) update = update.where("failing_since", "<", sql<Date>`now() - ${DISABLE_AFTER_HOURS} * interval '1 hour'`)
      const row = await update.returning(["id", "url"]).executeTakeFirst()
      if (row !== undefined) await record(tx, hubActor(workspace_id), { action: "webhook.disable", target: targetOf(row), details: { reason } })
      return row
    })
    if (disabled === undefined) return
    this.#parts.counters.webhooksDisabled.inc()
    this.#parts.log.warn({ workspace: workspace_id, webhook: webhook_id, reason }, "a webhook was switched off")
  }
}
