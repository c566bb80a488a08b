import { type Selectable, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import { FailedLogins } from "../../limits/failed-logins.ts"
import type { Sessions as SessionTable, Tx } from "../../store/database.ts"
import { type FoundMembership, findUser, membershipsOf } from "../../store/lookups.ts"
import type { Store } from "../../store/store.ts"
import { hashPassword, verifyPassword } from "../../vault/passwords.ts"
import { record } from "../audit/audit.ts"
import { looksLikeId } from "../base/ids.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import type { Scope } from "../base/scope.ts"
import { requireSameHash } from "./same-hash.ts"
import { endSessions, findMember, requireOwnPerson, targetOf } from "./users.ts"

/** A live session; `address` and `agent` are from its login. */
export interface SessionView {
  readonly id: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly address: string | null
  readonly agent: string | null
  readonly current: boolean
}

/** Everything about the caller. `user` and `session` are null for an API key, `key` is null for a session. */
export interface MeView {
  readonly id: string
  readonly kind: "key" | "session"
  readonly name: string
  readonly role: Principal["role"]
  readonly operator: boolean
  /** The connectors that the caller is limited to, by id and label. */
  readonly scope: Scope | null
  readonly workspace: { readonly id: string; readonly serial: number; readonly name: string; readonly title: string }
  readonly workspaces: readonly {
    readonly id: string
    readonly serial: number
    readonly name: string
    readonly title: string
    readonly role: Principal["role"]
  }[]
  readonly user: { readonly id: string; readonly email: string; readonly name: string; readonly lastLoginAt: string | null } | null
  readonly key: {
    readonly id: string
    readonly prefix: string
    readonly createdAt: string
    readonly expiresAt: string | null
    readonly scope: Scope | null
  } | null
  readonly session: { readonly id: string; readonly createdAt: string; readonly expiresAt: string } | null
}

/** The sessions of people: each manages their own login, and admins the sessions of their workspace's members. */
export class Sessions {
  readonly #store: Store
  readonly #failures: FailedLogins

  constructor(store: Store) {
    this.#store = store
    this.#failures = new FailedLogins(store)
  }

  async me(by: Principal): Promise<MeView> {
    const { id, kind, name, role, operator, workspace, scope = null } = by
    return this.#store.inWorkspace(workspace.id, async (tx) => {
      const { title } = await tx.selectFrom("workspaces").select("title").where("id", "=", workspace.id).executeTakeFirstOrThrow()
      const here = { ...workspace, title }
      const shared = { id, kind, name, role, operator, scope, workspace: here }
      if (kind === "key") return { ...shared, workspaces: [{ ...here, role }], user: null, key: await keyOf(tx, by), session: null }
      const user = await ownUser(tx, by)
      const session = await tx
        .selectFrom("sessions")
        .selectAll()
        .where("id", "=", by.sessionId ?? "")
        .executeTakeFirst()
      return {
        ...shared,
        workspaces: (await membershipsOf(tx, user.id)).map(workspaceOf),
        user: { id: user.id, email: user.email, name: user.name, lastLoginAt: user.last_login_at?.toISOString() ?? null },
        key: null,
        session: session === undefined ? null : { id: session.id, createdAt: session.created_at.toISOString(), expiresAt: session.expires_at.toISOString() },
      }
    })
  }

  /** Changes the person's name. */
  async rename(by: Principal, name: string): Promise<MeView> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await ownUser(tx, by)
      await tx.updateTable("users").set({ name }).where("id", "=", user.id).execute()
      if (name !== user.name) await record(tx, by, { action: "user.update", target: targetOf(user), details: { name: { from: user.name, to: name } } })
    })
    return this.me(by)
  }

  /**
   * Sets a new password for a person who knows the current one, and ends all of that person's other sessions. A wrong password
   * counts as a failed login.
   */
  async setOwnPassword(by: Principal, current: string, next: string): Promise<void> {
    const address = by.request?.address ?? "unknown"
    const { email } = await this.#store.asHub((tx) => ownUser(tx, by))
    await this.#failures.take(email, address)
    const stored = await this.#store.asHub((tx) => findUser(tx, email))
    if (stored === undefined || !(await verifyPassword(current, stored.password_hash))) throw wrongPassword()
    const hash = await hashPassword(next)
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await ownUser(tx, by)
      // Of two changes at once, the second one finds that its current password is not the current one any more.
      await requireSameHash(tx, stored, wrongPassword)
      await tx.updateTable("users").set({ password_hash: hash }).where("id", "=", user.id).execute()
      await this.#failures.succeeded(tx, email, address)
      const sessionsEnded = await endSessions(tx, user.id, by.sessionId)
      await record(tx, by, { action: "user.set_password", target: targetOf(user), details: { own: true, sessionsEnded } })
    })
  }

  /** The caller's live sessions, newest first. */
  async list(by: Principal, query: PageQuery): Promise<Page<SessionView>> {
    return this.#store.asHub(async (tx) => sessionsOf(tx, (await ownUser(tx, by)).id, query, by.sessionId))
  }

  /** Ends one of the caller's sessions. */
  async end(by: Principal, id: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await ownUser(tx, by)
      const live = looksLikeId(id) ? liveOf(tx, user.id).where("id", "=", id) : undefined
      if ((await live?.select("id").executeTakeFirst()) === undefined)
        throw notFound(`You have no live session ${id.slice(0, 100)}`, { things: "sessions", path: "/v1/sessions", command: "jackfield sessions list" })
      await tx.updateTable("sessions").set({ revoked_at: sql<Date>`clock_timestamp()` }).where("user_id", "=", user.id).where("id", "=", id).execute()
      await record(tx, by, { action: "session.end", target: { kind: "session", id, name: user.email } })
    })
  }

  /** The live sessions of a member, newest first. */
  async listOf(by: Principal, ref: string, query: PageQuery): Promise<Page<SessionView>> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await findMember(tx, by.workspace.id, ref)
      await requireOwnPerson(tx, by, user)
      return sessionsOf(tx, user.id, query, by.sessionId)
    })
  }

  /** Ends every session of a member; how many there were. */
  async endOf(by: Principal, ref: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await findMember(tx, by.workspace.id, ref)
      await requireOwnPerson(tx, by, user)
      const sessionsEnded = await endSessions(tx, user.id)
      await record(tx, by, { action: "user.end_sessions", target: targetOf(user), details: { sessionsEnded } })
    })
  }
}

const wrongPassword = (): PlatformError =>
  new PlatformError("request_invalid", "The current password is wrong; nothing was changed.", {
    faults: [{ pointer: "/current", message: "is not your password." }],
  })

async function ownUser(tx: Tx, by: Principal) {
  if (by.kind !== "session") throw new PlatformError("request_invalid", "An API key has no login of its own; log in with POST /v1/sessions to do this.")
  const id = by.id.slice("user:".length)
  return tx.selectFrom("users").select(["id", "email", "name", "last_login_at"]).where("id", "=", id).executeTakeFirstOrThrow()
}

async function keyOf(tx: Tx, by: Principal): Promise<MeView["key"]> {
  const id = by.id.slice("key:".length)
  const row = looksLikeId(id)
    ? await tx.selectFrom("api_keys").selectAll().where("workspace_id", "=", by.workspace.id).where("id", "=", id).executeTakeFirst()
    : undefined
  if (row === undefined) return null
  return { id: row.id, prefix: row.prefix, createdAt: row.created_at.toISOString(), expiresAt: row.expires_at?.toISOString() ?? null, scope: row.scope }
}

const liveOf = (tx: Tx, userId: string) =>
  tx.selectFrom("sessions").where("user_id", "=", userId).where("revoked_at", "is", null).where("expires_at", ">", sql<Date>`clock_timestamp()`)

async function sessionsOf(tx: Tx, userId: string, query: PageQuery, current: string | undefined): Promise<Page<SessionView>> {
  const after = decodeCursor(query.cursor)
  const rows = await liveOf(tx, userId)
    .selectAll()
    .orderBy("created_at", "desc")
    .orderBy("id")
    .offset(after)
    .limit(query.limit + 1)
    .execute()
  const { total } = await liveOf(tx, userId).select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
  const page = pageOf(rows, query.limit, total, () => after + query.limit)
  return { ...page, data: page.data.map((row) => viewOf(row, current)) }
}

const viewOf = (row: Selectable<SessionTable>, current: string | undefined): SessionView => ({
  id: row.id,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  address: row.address,
  agent: row.agent,
  current: row.id === current,
})

const workspaceOf = (each: FoundMembership): MeView["workspaces"][number] => ({
  id: each.workspace_id,
  serial: each.workspace_serial,
  name: each.workspace_name,
  title: each.workspace_title,
  role: each.role,
})
