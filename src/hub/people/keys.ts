import { randomUUID } from "node:crypto"
import { type Selectable, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { ApiKeys, Role, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { hashToken, newApiKey, visiblePrefix } from "../../vault/tokens.ts"
import { record } from "../audit/audit.ts"
import { looksLikeId } from "../base/ids.ts"
import { type Maker, makersOf } from "../base/names.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { requireRoomFor } from "../base/quotas.ts"
import type { Scope } from "../base/scope.ts"
import { requireAnotherAdmin } from "./admins.ts"
import { atLeast } from "./roles.ts"
import { type ScopeInput, scopeOf } from "./scope-input.ts"

export type KeyStatus = "live" | "expired" | "revoked"

export interface KeyView {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: Role
  readonly status: KeyStatus
  /** The connectors that the key is limited to, by id and label; null when there is no limit. */
  readonly scope: Scope | null
  readonly createdAt: string
  readonly createdBy: Maker | null
  readonly expiresAt: string | null
  readonly revokedAt: string | null
  readonly lastUsedAt: string | null
}

export interface KeyInput extends ScopeInput {
  readonly name: string
  readonly expiresAt?: string
  readonly prefix?: string
}

/** A key's rights when it is stored; the scope is resolved. */
export interface KeyRights extends Pick<KeyInput, "name" | "role" | "expiresAt"> {
  readonly scope?: Scope | null
}

/** `status` is live unless given. */
export interface KeyFilter extends PageQuery {
  readonly status?: KeyStatus | "all"
  readonly role?: Role
  readonly q?: string
}

type Row = Selectable<ApiKeys>

/** How long the old key works beside the new one unless given. */
const GRACE_MINUTES = 24 * 60

/** The API keys of a workspace. A key is shown once and stored as a hash. */
export class Keys {
  readonly #store: Store
  readonly #ended: () => void

  /** `ended` is called after a key was revoked, renamed or given an earlier end. */
  constructor(store: Store, ended: () => void) {
    this.#store = store
    this.#ended = ended
  }

  async list(by: Principal, filter: KeyFilter): Promise<Page<KeyView>> {
    const after = decodeCursor(filter.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      let matching = tx.selectFrom("api_keys").where("workspace_id", "=", by.workspace.id)
      const { status = "live", role, q } = filter
      if (status === "revoked") matching = matching.where("revoked_at", "is not", null)
      else if (status !== "all") matching = matching.where("revoked_at", "is", null).where(status === "live" ? LIVE : EXPIRED)
      if (role !== undefined) matching = matching.where("role", "=", role)
      if (q !== undefined) matching = matching.where("name", "ilike", `%${q.replace(/[\\%_]/g, "\\$&")}%`)
      const rows = await matching
        .selectAll()
        .orderBy("created_at")
        .orderBy("id")
        .offset(after)
        .limit(filter.limit + 1)
        .execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, filter.limit, total, () => after + filter.limit)
      return { ...page, data: await viewsOf(tx, page.data) }
    })
  }

  async get(by: Principal, id: string): Promise<KeyView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => viewIn(tx, await find(tx, by, id)))
  }

  /** Makes a key, at most of the caller's own role. */
  async create(by: Principal, input: KeyInput): Promise<KeyView & { readonly key: string }> {
    if (!atLeast(by.role, input.role)) throw new PlatformError("forbidden", `Only callers of role ${input.role} make keys of that role; yours is ${by.role}.`)
    const key = newApiKey(input.prefix)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      await requireRoomFor(tx, by.workspace.id, "keys")
      await forgetEnded(tx, by.workspace.id)
      const row = await insertKey(tx, by.workspace.id, by.id, key, { ...input, scope: await scopeOf(tx, by, input) })
      const details = { role: row.role, prefix: row.prefix, expiresAt: row.expires_at?.toISOString() ?? null, ...(row.scope !== null && { scope: row.scope }) }
      await record(tx, by, { action: "key.create", target: targetOf(row), details })
      return { ...(await viewIn(tx, row)), key }
    })
  }

  async rename(by: Principal, id: string, name: string): Promise<KeyView> {
    const view = await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await find(tx, by, id)
      await tx.updateTable("api_keys").set({ name }).where("workspace_id", "=", by.workspace.id).where("id", "=", row.id).execute()
      await record(tx, by, { action: "key.update", target: targetOf({ ...row, name }), details: { name: { from: row.name, to: name } } })
      return viewIn(tx, { ...row, name })
    })
    this.#ended()
    return view
  }

  /**
   * Replaces a live key by a new one of the same name, role and lifetime. The old key ends after `graceMinutes` (a day unless
   * given), at once with 0, and never later than it would have ended.
   */
  async rotate(by: Principal, id: string, graceMinutes = GRACE_MINUTES): Promise<KeyView & { readonly key: string; readonly replaces: KeyView }> {
    const made = await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const old = await findLive(tx, by, id)
      // The old key counts as long as it works beside the new one.
      if (graceMinutes > 0) await requireRoomFor(tx, by.workspace.id, "keys")
      await forgetEnded(tx, by.workspace.id)
      const prefix = /^([a-z][a-z0-9_]{0,15})_[0-9A-Za-z]{4}$/.exec(old.prefix)?.[1]
      const key = newApiKey(prefix)
      const lifetime = old.expires_at === null ? undefined : old.expires_at.getTime() - old.created_at.getTime()
      const expiresAt = lifetime === undefined ? {} : { expiresAt: new Date(Date.now() + lifetime).toISOString() }
      const row = await insertKey(tx, by.workspace.id, by.id, key, { name: old.name, role: old.role, scope: old.scope, ...expiresAt })
      const ends = sql<Date>`least(expires_at, clock_timestamp() + make_interval(mins => ${graceMinutes}))`
      const ended = await tx
        .updateTable("api_keys")
        .set(graceMinutes === 0 ? { revoked_at: sql<Date>`clock_timestamp()` } : { expires_at: ends })
        .where("workspace_id", "=", by.workspace.id)
        .where("id", "=", old.id)
        .returningAll()
        .executeTakeFirstOrThrow()
      await record(tx, by, { action: "key.rotate", target: targetOf(old), details: { replacedBy: row.id, prefix: row.prefix, graceMinutes } })
      return { ...(await viewIn(tx, row)), key, replaces: await viewIn(tx, ended) }
    })
    this.#ended()
    return made
  }

  /** Revokes a key, which every node then refuses. The last admin key of a workspace without an admin user cannot be revoked. */
  async revoke(by: Principal, id: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findLive(tx, by, id)
      if (row.role === "admin") await requireAnotherAdmin(tx, by.workspace.id, row.id, "key")
      const ended = await tx
        .updateTable("api_keys")
        .set({ revoked_at: sql<Date>`clock_timestamp()` })
        .where("workspace_id", "=", by.workspace.id)
        .where("id", "=", row.id)
        .where("revoked_at", "is", null)
        .returning("id")
        .executeTakeFirst()
      if (ended === undefined) throw noKey(id, "live ")
      await record(tx, by, { action: "key.revoke", target: targetOf(row), details: { role: row.role, prefix: row.prefix } })
    })
    this.#ended()
  }
}

const LIVE = sql<boolean>`(expires_at is null or expires_at > clock_timestamp())`
const EXPIRED = sql<boolean>`expires_at <= clock_timestamp()`

async function find(tx: Tx, by: Principal, id: string): Promise<Row> {
  const row = looksLikeId(id)
    ? await tx.selectFrom("api_keys").selectAll().where("workspace_id", "=", by.workspace.id).where("id", "=", id).executeTakeFirst()
    : undefined
  if (row === undefined) throw noKey(id, "")
  return row
}

async function findLive(tx: Tx, by: Principal, id: string): Promise<Row> {
  const row = await find(tx, by, id)
  if (statusOf(row) === "revoked") throw noKey(id, "live ")
  return row
}

/** Stores the hash, the first characters and the rights of a key. */
export async function insertKey(tx: Tx, workspaceId: string, by: string, key: string, input: KeyRights): Promise<Row> {
  const expires = input.expiresAt === undefined ? null : expiry(input.expiresAt)
  return tx
    .insertInto("api_keys")
    .values({
      id: randomUUID(),
      workspace_id: workspaceId,
      name: input.name,
      prefix: visiblePrefix(key),
      hash: hashToken(key),
      role: input.role,
      scope: input.scope === undefined || input.scope === null ? null : JSON.stringify(input.scope),
      created_by: by,
      expires_at: expires,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Keys that were revoked or have expired, and are still shown. */
const ENDED_KEPT = 1_000

/** Removes the keys that ended longest ago, beyond the number that is shown. */
async function forgetEnded(tx: Tx, workspaceId: string): Promise<void> {
  const endedAt = sql`least(revoked_at, expires_at)`
  const ended = tx.selectFrom("api_keys").select("id").where("workspace_id", "=", workspaceId).where(sql<boolean>`(revoked_at is not null or ${EXPIRED})`)
  await tx.deleteFrom("api_keys").where("workspace_id", "=", workspaceId).where("id", "in", ended.orderBy(endedAt, "desc").offset(ENDED_KEPT)).execute()
}

function expiry(text: string): Date {
  const date = new Date(text)
  const fault = (message: string): PlatformError =>
    new PlatformError("request_invalid", `expiresAt ${message}`, { faults: [{ pointer: "/expiresAt", message }] })
  if (Number.isNaN(date.getTime()) || !/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))?$/.test(text))
    throw fault("must be an ISO 8601 time with its zone, such as 2027-01-31T00:00:00Z.")
  if (date.getTime() <= Date.now()) throw fault("must lie in the future.")
  return date
}

const targetOf = ({ id, name }: Pick<Row, "id" | "name">) => ({ kind: "key", id, name })

const noKey = (id: string, live: string): PlatformError =>
  notFound(`There is no ${live}key ${id.slice(0, 100)} in this workspace`, { things: "keys", path: "/v1/keys", command: "jackfield keys list" })

const statusOf = (row: Row): KeyStatus =>
  row.revoked_at !== null ? "revoked" : row.expires_at !== null && row.expires_at.getTime() <= Date.now() ? "expired" : "live"

async function viewsOf(tx: Tx, rows: readonly Row[]): Promise<KeyView[]> {
  const makers = await makersOf(
    tx,
    rows.map((row) => row.created_by),
  )
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    role: row.role,
    status: statusOf(row),
    scope: row.scope,
    createdAt: row.created_at.toISOString(),
    createdBy: makers.get(row.created_by ?? "") ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  }))
}

async function viewIn(tx: Tx, row: Row): Promise<KeyView> {
  const [view] = await viewsOf(tx, [row])
  if (view === undefined) throw noKey(row.id, "")
  return view
}
