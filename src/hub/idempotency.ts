import { createHmac, randomUUID } from "node:crypto"
import { type Selectable, sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { IdempotencyKeys, Tx } from "../store/database.ts"
import type { Store } from "../store/store.ts"
import type { Vault } from "../vault/vault.ts"
import { IDEMPOTENCY_KEYS, KEPT_ANSWER_BYTES, type Plan, planFrom } from "./base/plans.ts"
import type { Principal } from "./base/principal.ts"

/** A kept answer; `body` is its text. */
export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * A request with a key. `request` is the SHA-256 of method, URL and body. A `repeatable` request may run again when it is unknown
 * how far it came.
 */
export interface KeyedRequest {
  readonly key: string
  readonly request: Buffer
  readonly repeatable: boolean
}

/** Either a claim under which the caller runs the request, or the answer that it already had. */
export type Claimed = { readonly claim: string } | { readonly answer: KeptAnswer }

/** A claim that was not renewed for so long belongs to a process that is gone. */
const LEASE_SECONDS = 60
const RENEW_MS = 20_000
const SWEEP_MS = 10 * 60_000
/** A longer answer is not kept. The key then tells that the request ran, but not how it was answered. */
const ANSWER_MAX_BYTES = 1024 * 1024

const KEPT = sql<Date>`clock_timestamp() + interval '24 hours'`
const LEASED = sql<Date>`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`

/** What the keys of a workspace take up, as the store said a while ago and with what this node added since. */
interface Usage {
  keys: number
  bytes: number
  readonly plan: Plan
  readonly readAt: number
}

/** How long a node goes by what it knows of a workspace's keys; until then other nodes may add some. */
const USAGE_MS = 5_000
const USAGES_MAX = 1_000

type Row = Selectable<IdempotencyKeys> & { readonly expired: boolean; readonly leased: boolean }

/** Requests with a key run once, however often they are sent, on all nodes and for 24 hours. */
export class Idempotency {
  readonly #store: Store
  readonly #vault: Vault
  /** The claims of this process, with their workspaces. */
  readonly #running = new Map<string, string>()
  readonly #timers: readonly NodeJS.Timeout[]
  readonly #usages = new Map<string, Usage>()
  #hashKey: Promise<Uint8Array> | undefined

  constructor(store: Store, vault: Vault) {
    this.#store = store
    this.#vault = vault
    // A failure is made up for by the next run, or by another node.
    const every = (ms: number, work: () => Promise<unknown>): NodeJS.Timeout => setInterval(() => void work().catch(() => undefined), ms).unref()
    this.#timers = [every(RENEW_MS, () => this.renew()), every(SWEEP_MS, () => this.sweep())]
  }

  /**
   * Claims a request for this process; `idempotency_mismatch`, `idempotency_running` or `idempotency_unknown` when it can be
   * neither run nor answered, `plan_limit_reached` when the workspace has as many keys as its plan allows.
   */
  async claim(by: Principal, { key, request: plain, repeatable }: KeyedRequest): Promise<Claimed> {
    const claim = randomUUID()
    const request = await this.#keyed(plain)
    const claimed = await this.#store.inWorkspace(by.workspace.id, async (tx): Promise<Claimed> => {
      const row = { workspace_id: by.workspace.id, principal: by.id, key, request, claim, leased_until: LEASED, expires_at: KEPT }
      const usage = await this.#usage(tx, by.workspace.id)
      const made = await tx
        .insertInto("idempotency_keys")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returning("claim")
        .executeTakeFirst()
      if (made !== undefined) {
        // Within the transaction: a key that is one too many is not stored.
        if (++usage.keys > (usage.plan.idempotencyKeys ?? IDEMPOTENCY_KEYS)) throw tooMany(usage.plan.idempotencyKeys ?? IDEMPOTENCY_KEYS)
        return made
      }
      const found = await this.#held(tx, by, key)
      if (!found.expired) {
        if (!found.request.equals(request)) throw mismatch(key)
        if (found.status !== null) return { answer: await this.#answer(tx, found) }
        if (found.leased) throw running(key)
        if (found.outcome !== null || !repeatable) throw unknown(key, found.outcome)
      }
      const anew = { request, claim, leased_until: LEASED, expires_at: KEPT, outcome: null, status: null, headers: null, ciphertext: null, data_key_id: null }
      await tx.updateTable("idempotency_keys").set(anew).where("workspace_id", "=", by.workspace.id).where("claim", "=", found.claim).execute()
      return { claim }
    })
    if ("claim" in claimed) this.#running.set(claim, by.workspace.id)
    return claimed
  }

  /** Keeps the answer for repetitions of the request. */
  async keep(claim: string, { status, headers, body }: KeptAnswer): Promise<void> {
    const workspaceId = this.#running.get(claim)
    if (workspaceId === undefined) return
    try {
      await this.#store.inWorkspace(workspaceId, async (tx) => {
        const bytes = Buffer.byteLength(body)
        const usage = await this.#usage(tx, workspaceId)
        const fits = bytes <= ANSWER_MAX_BYTES && usage.bytes + bytes <= (usage.plan.keptAnswerBytes ?? KEPT_ANSWER_BYTES)
        if (fits) usage.bytes += bytes
        const sealed = fits ? await this.#vault.seal(tx, placeOf(workspaceId, claim), body) : undefined
        await tx
          .updateTable("idempotency_keys")
          .set({ status, headers: JSON.stringify(headers), ciphertext: sealed?.ciphertext ?? null, data_key_id: sealed?.dataKeyId ?? null })
          .where("workspace_id", "=", workspaceId)
          .where("claim", "=", claim)
          .execute()
      })
    } finally {
      this.#running.delete(claim)
    }
  }

  /** Releases a request that failed in a way that may pass, so that it can be sent again at once. Changes that it committed stay known. */
  async release(claim: string): Promise<void> {
    const workspaceId = this.#running.get(claim)
    if (workspaceId === undefined) return
    this.#running.delete(claim)
    await this.#store.inWorkspace(workspaceId, async (tx) => {
      const mine = tx.deleteFrom("idempotency_keys").where("workspace_id", "=", workspaceId).where("claim", "=", claim).where("outcome", "is", null)
      const { numDeletedRows } = await mine.executeTakeFirstOrThrow()
      if (numDeletedRows > 0n) return
      await tx
        .updateTable("idempotency_keys")
        .set({ leased_until: sql<Date>`clock_timestamp()` })
        .where("workspace_id", "=", workspaceId)
        .where("claim", "=", claim)
        .execute()
    })
  }

  /** Renews the claims of this process. A timer calls it. */
  async renew(): Promise<void> {
    for (const [claim, workspaceId] of this.#running)
      await this.#store.inWorkspace(workspaceId, (tx) =>
        tx.updateTable("idempotency_keys").set({ leased_until: LEASED }).where("workspace_id", "=", workspaceId).where("claim", "=", claim).execute(),
      )
  }

  /** Deletes the expired keys of all workspaces. A timer calls it. */
  async sweep(): Promise<void> {
    await this.#store.asHub((tx) => sql`select jackfield.idempotency_sweep()`.execute(tx))
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #usage(tx: Tx, workspaceId: string): Promise<Usage> {
    const known = this.#usages.get(workspaceId)
    if (known !== undefined && performance.now() - known.readAt < USAGE_MS) return known
    const { keys, bytes, plan } = await tx
      .selectFrom("workspaces")
      .leftJoin("idempotency_keys", "idempotency_keys.workspace_id", "workspaces.id")
      .select([
        "workspaces.plan",
        sql<number>`count(idempotency_keys.key)::int`.as("keys"),
        // Of the sealed text, which is four thirds of the answer.
        sql<number>`coalesce(sum(octet_length(idempotency_keys.ciphertext)) * 0.75, 0)::float8`.as("bytes"),
      ])
      .where("workspaces.id", "=", workspaceId)
      .groupBy("workspaces.id")
      .executeTakeFirstOrThrow()
    if (this.#usages.size >= USAGES_MAX) this.#usages.clear()
    const usage: Usage = { keys, bytes, plan: planFrom(plan), readAt: performance.now() }
    this.#usages.set(workspaceId, usage)
    return usage
  }

  /** The stored form of a request's hash. Without a key, a reader of the store or of a backup could try short secrets against it. */
  async #keyed(request: Buffer): Promise<Buffer> {
    this.#hashKey ??= this.#vault.hubKey(this.#store, "idempotency")
    this.#hashKey.catch(() => {
      this.#hashKey = undefined
    })
    return createHmac("sha256", await this.#hashKey)
      .update(request)
      .digest()
  }

  async #held(tx: Tx, by: Principal, key: string): Promise<Row> {
    const row = await tx
      .selectFrom("idempotency_keys")
      .selectAll()
      .select([sql<boolean>`expires_at < clock_timestamp()`.as("expired"), sql<boolean>`leased_until > clock_timestamp()`.as("leased")])
      .where("workspace_id", "=", by.workspace.id)
      .where("principal", "=", by.id)
      .where("key", "=", key)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) throw running(key)
    return row
  }

  async #answer(tx: Tx, { workspace_id, claim, key, status, headers, ciphertext, outcome }: Row): Promise<KeptAnswer> {
    if (ciphertext === null || status === null) throw unknown(key, outcome)
    const body = await this.#vault.unseal(tx, placeOf(workspace_id, claim), { ciphertext })
    return { status, headers: headers ?? {}, body }
  }
}

/** The binding of a kept answer in the vault. */
const placeOf = (workspaceId: string, claim: string) => ({ workspaceId, connectorId: claim, pointer: "/answer" })

const mismatch = (key: string): PlatformError =>
  new PlatformError("idempotency_mismatch", `The Idempotency-Key ${shown(key)} was sent with another request before; use a new key for a new request.`, {
    faults: [{ pointer: "/headers/idempotency-key", message: "belongs to another request." }],
  })

const tooMany = (most: number): PlatformError =>
  new PlatformError(
    "plan_limit_reached",
    `The workspace used ${most} Idempotency-Keys in the last 24 hours, the most that its plan allows; send the request without one, or ask an operator for more.`,
  )

const running = (key: string): PlatformError =>
  new PlatformError("idempotency_running", `The request with the Idempotency-Key ${shown(key)} is still running; send it again in a second.`, {
    details: { retryAfterSeconds: 1 },
  })

function unknown(key: string, done: unknown): PlatformError {
  const what = done === null ? "It is not known how far it came" : "See `done` for what it did"
  const message = `The request with the Idempotency-Key ${shown(key)} was carried out or begun, and its answer is not kept. ${what}; then use a new key.`
  return new PlatformError("idempotency_unknown", message, { details: { done: done ?? null } })
}

const shown = (key: string): string => (key.length > 60 ? `${key.slice(0, 60)}…` : key)
