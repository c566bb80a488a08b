import { randomBytes, randomUUID } from "node:crypto"
import { type SelectQueryBuilder, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Database, Role, Tx } from "../../store/database.ts"
import { findUser, membershipsOf } from "../../store/lookups.ts"
import type { Store } from "../../store/store.ts"
import { hashPassword } from "../../vault/passwords.ts"
import { type AuditEvent, record } from "../audit/audit.ts"
import { looksLikeId } from "../base/ids.ts"
import { taken } from "../base/names.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { requireRoomFor } from "../base/quotas.ts"
import type { Scope } from "../base/scope.ts"
import { requireAnotherAdmin } from "./admins.ts"
import { type ScopeInput, scopeOf } from "./scope-input.ts"
import { changesOf, removeIfNobodys } from "./workspaces.ts"

/** A user of the workspace. `createdAt` is when the membership began. `password` is there only in the answer that made it. */
export interface UserView {
  readonly id: string
  readonly email: string
  readonly name: string
  /** Null for a user of the hub who is not a member of this workspace; only operators see those. */
  readonly role: Role | null
  /** The connectors that the user is limited to in this workspace, by id and label; null when there is no limit. */
  readonly scope: Scope | null
  readonly createdAt: string
  readonly disabledAt: string | null
  readonly lastLoginAt: string | null
  readonly password?: string
}

export interface UserInput extends ScopeInput {
  readonly email: string
  readonly name?: string
  readonly password?: string
}

/** `connectors` and `labels` replace the limit together; null or nothing for both of them lifts it. */
export interface UserPatch {
  readonly name?: string
  readonly role?: Role
  readonly disabled?: boolean
  readonly connectors?: readonly string[] | null
  readonly labels?: readonly string[] | null
}

export interface UserFilter extends PageQuery {
  readonly role?: Role
  readonly q?: string
}

/** A user as a member of one workspace. */
export interface Member {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: Role
  readonly scope: Scope | null
  readonly created_at: Date
  readonly disabled_at: Date | null
  readonly last_login_at: Date | null
  readonly known_here: boolean
}

/**
 * The people of a workspace. A login belongs to the whole hub. Once a person belongs to several workspaces, only that person and
 * operators change the name, the password and the sessions.
 */
export class Users {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async list(by: Principal, filter: UserFilter): Promise<Page<UserView>> {
    const after = decodeCursor(filter.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      let matching = membersOf(tx, by.workspace.id)
      const { role, q } = filter
      if (role !== undefined) matching = matching.where("memberships.role", "=", role)
      if (q !== undefined) {
        const like = `%${q.replace(/[\\%_]/g, "\\$&")}%`
        const named = by.operator ? sql<boolean>`true` : KNOWN_HERE
        matching = matching.where(({ or, and, eb }) => or([eb("users.email", "ilike", like), and([eb("users.name", "ilike", like), named])]))
      }
      const rows = await selected(matching)
        .orderBy("memberships.created_at")
        .orderBy("users.id")
        .offset(after)
        .limit(filter.limit + 1)
        .execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, filter.limit, total, () => after + filter.limit)
      return { ...page, data: page.data.map((user) => viewFor(by, user)) }
    })
  }

  /** A member by id or e-mail; operators find every user of the hub. */
  async get(by: Principal, ref: string): Promise<UserView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) =>
      by.operator ? viewOf(await findAnybody(tx, by.workspace.id, ref)) : viewFor(by, await findMember(tx, by.workspace.id, ref)),
    )
  }

  /** Adds a person to the workspace. A person who is new to the hub gets the given password, or one that is shown once. */
  async add(by: Principal, input: UserInput): Promise<UserView> {
    const email = input.email.toLowerCase()
    const known = await this.#store.asHub((tx) => findUser(tx, email))
    // The maker of a login in another workspace may know its password, and must not get into the operators' workspace by it.
    const anew = known === undefined || by.operator
    if (!anew && input.password !== undefined)
      throw new PlatformError("name_taken", `${email} has a login on this hub already; leave the password out to add them to this workspace.`)
    const password = anew ? (input.password ?? newPassword()) : undefined
    const hash = password === undefined ? undefined : await hashPassword(password)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      await requireRoomFor(tx, by.workspace.id, "users")
      const id = known?.id ?? randomUUID()
      const refuse = (error: unknown) => Promise.reject(taken(error, email))
      if (hash !== undefined && known === undefined)
        await tx
          .insertInto("users")
          .values({ id, email, name: input.name ?? email, password_hash: hash })
          .execute()
          .catch(refuse)
      else if (hash !== undefined) {
        await tx.updateTable("users").set({ password_hash: hash }).where("id", "=", id).execute()
        await endSessions(tx, id)
      }
      const scope = await scopeOf(tx, by, input)
      const member = { workspace_id: by.workspace.id, user_id: id, role: input.role, scope: scope === null ? null : JSON.stringify(scope) }
      await tx.insertInto("memberships").values(member).execute().catch(refuse)
      const details = { role: input.role, newLogin: known === undefined, ...(scope !== null && { scope }) }
      await record(tx, by, { action: "user.add", target: { kind: "user", id, name: email }, details })
      const made = input.password === undefined && password !== undefined ? { password } : {}
      return { ...viewFor(by, await findMember(tx, by.workspace.id, id)), ...made }
    })
  }

  /**
   * Changes the given parts, all or none. A role belongs to the workspace, and the last admin keeps it. `disabled`, for
   * operators, holds for the whole hub and ends the sessions.
   */
  async change(by: Principal, ref: string, patch: UserPatch): Promise<UserView> {
    const { disabled, ...own } = patch
    if (disabled !== undefined && !by.operator)
      throw new PlatformError("forbidden", "Only operators (admins of the hub's first workspace) disable a login; remove the user from your workspace instead.")
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const switched = disabled === undefined ? undefined : await disable(tx, by, ref, disabled)
      const changed = Object.values(own).every((each) => each === undefined) ? undefined : await changeMember(tx, by, ref, patch)
      for (const event of [switched, changed]) if (event !== undefined) await record(tx, by, event)
      return by.operator ? viewOf(await findAnybody(tx, by.workspace.id, ref)) : viewFor(by, await findMember(tx, by.workspace.id, ref))
    })
  }

  /**
   * Removes a person from the workspace, by id or e-mail. A login that then belongs to no workspace is removed too. The last
   * admin stays.
   */
  async remove(by: Principal, ref: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await findMember(tx, by.workspace.id, ref)
      if (user.role === "admin") await requireAnotherAdmin(tx, by.workspace.id, user.id, "user")
      const gone = await tx.deleteFrom("memberships").where("workspace_id", "=", by.workspace.id).where("user_id", "=", user.id).executeTakeFirst()
      if (gone.numDeletedRows === 0n) throw noUser(ref)
      const logins = await removeIfNobodys(tx, user.id)
      await record(tx, by, { action: "user.remove", target: targetOf(user), details: { role: user.role, loginRemoved: logins > 0 } })
    })
  }

  /** Sets a member's password (a new one, shown once, when none is given) and ends that user's sessions. */
  async setPassword(by: Principal, ref: string, given: string | undefined): Promise<{ email: string; password?: string }> {
    const password = given ?? newPassword()
    const hash = await hashPassword(password)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await findMember(tx, by.workspace.id, ref)
      await requireOwnPerson(tx, by, user)
      await tx.updateTable("users").set({ password_hash: hash }).where("id", "=", user.id).execute()
      const sessions = await endSessions(tx, user.id)
      await record(tx, by, { action: "user.set_password", target: targetOf(user), details: { sessionsEnded: sessions } })
      return { email: user.email, ...(given === undefined ? { password } : {}) }
    })
  }
}

/** Disables a login on the whole hub, or enables it again; undefined when nothing changes. */
async function disable(tx: Tx, by: Principal, ref: string, disabled: boolean): Promise<AuditEvent | undefined> {
  const user = await findAnybody(tx, by.workspace.id, ref)
  if ((user.disabled_at !== null) === disabled) return undefined
  if (disabled && by.id === `user:${user.id}`) throw new PlatformError("last_admin", "You cannot disable your own login; have another operator do it.")
  if (disabled && user.role === "admin") await requireAnotherAdmin(tx, by.workspace.id, user.id, "user")
  await tx
    .updateTable("users")
    .set({ disabled_at: disabled ? sql<Date>`clock_timestamp()` : null })
    .where("id", "=", user.id)
    .execute()
  const sessions = disabled ? await endSessions(tx, user.id) : 0
  return { action: disabled ? "user.disable" : "user.enable", target: targetOf(user), details: { sessionsEnded: sessions } }
}

/** Changes the role, limit or name of a member; undefined when nothing changes. */
async function changeMember(tx: Tx, by: Principal, ref: string, patch: UserPatch): Promise<AuditEvent | undefined> {
  const user = await findMember(tx, by.workspace.id, ref)
  const { role = user.role, name = user.name } = patch
  const scope = await nextScope(tx, by, user, { ...patch, role })
  if (role !== user.role && user.role === "admin") await requireAnotherAdmin(tx, by.workspace.id, user.id, "user")
  const details = changesOf({ role: user.role, name: user.name, scope: user.scope }, { role, name, scope })
  if ("role" in details || "scope" in details)
    await tx
      .updateTable("memberships")
      .set({ role, scope: scope === null ? null : JSON.stringify(scope) })
      .where("workspace_id", "=", by.workspace.id)
      .where("user_id", "=", user.id)
      .execute()
  if (name !== user.name) {
    await requireOwnPerson(tx, by, user)
    await tx.updateTable("users").set({ name }).where("id", "=", user.id).execute()
  }
  return Object.keys(details).length === 0 ? undefined : { action: "user.update", target: targetOf(user), details }
}

/** The limit of a member after a change. A role that changes things has none, so that a limit must be lifted before or together with such a role. */
async function nextScope(tx: Tx, by: Principal, user: Member, { role, connectors, labels }: UserPatch & { readonly role: Role }): Promise<Scope | null> {
  if (connectors !== undefined || labels !== undefined) return await scopeOf(tx, by, { role, ...(connectors && { connectors }), ...(labels && { labels }) })
  if (user.scope === null || role === "use" || role === "viewer") return user.scope
  const message = `${user.email} is limited to connectors, and the role ${role} changes the workspace; lift the limit with "connectors": null, or choose use or viewer.`
  throw new PlatformError("request_invalid", message, { faults: [{ pointer: "/role", message }] })
}

type Members = SelectQueryBuilder<Database, "memberships" | "users", object>

const membersOf = (tx: Tx, workspaceId: string): Members =>
  tx.selectFrom("memberships").innerJoin("users", "users.id", "memberships.user_id").where("memberships.workspace_id", "=", workspaceId)

/**
 * Whether the person's login was made in this workspace, or has been used since the person was added. Before that, an
 * admin who adds an e-mail must not learn about its owner.
 */
const KNOWN_HERE = sql<boolean>`(memberships.created_at <= users.created_at or coalesce(users.last_login_at >= memberships.created_at, false))`

const selected = (members: Members) =>
  members
    .select([
      "users.id",
      "users.email",
      "users.name",
      "users.disabled_at",
      "users.last_login_at",
      "memberships.role",
      "memberships.scope",
      "memberships.created_at",
    ])
    .select(KNOWN_HERE.as("known_here"))

/** A member of the workspace, by id or e-mail. */
export async function findMember(tx: Tx, workspaceId: string, ref: string): Promise<Member> {
  const user = await selected(membersOf(tx, workspaceId))
    .where(looksLikeId(ref) ? "users.id" : "users.email", "=", ref.toLowerCase())
    .executeTakeFirst()
  if (user === undefined) throw noUser(ref)
  return user
}

/** A user of the hub, with the role in this workspace if there is one. */
async function findAnybody(tx: Tx, workspaceId: string, ref: string): Promise<Omit<Member, "role" | "known_here"> & { readonly role: Role | null }> {
  const user = await tx
    .selectFrom("users")
    .select(["id", "email", "name", "disabled_at", "last_login_at", "created_at"])
    .where(looksLikeId(ref) ? "id" : "email", "=", ref.toLowerCase())
    .executeTakeFirst()
  if (user === undefined) throw noUser(ref)
  const member = await tx
    .selectFrom("memberships")
    .select(["role", "scope", "created_at"])
    .where("workspace_id", "=", workspaceId)
    .where("user_id", "=", user.id)
    .executeTakeFirst()
  return { ...user, ...(member ?? { role: null, scope: null }) }
}

/** Refuses a change to a user of several workspaces by the admin of one of them. */
export async function requireOwnPerson(tx: Tx, by: Principal, user: Member): Promise<void> {
  if (by.operator || by.id === `user:${user.id}` || (await membershipsOf(tx, user.id)).length <= 1) return
  throw new PlatformError("forbidden", `${user.email} belongs to other workspaces too; an operator must do this.`)
}

/** Ends the sessions of a user except `except`, and returns how many. */
export async function endSessions(tx: Tx, userId: string, except?: string): Promise<number> {
  let ending = tx
    .updateTable("sessions")
    .set({ revoked_at: sql<Date>`clock_timestamp()` })
    .where("user_id", "=", userId)
    .where("revoked_at", "is", null)
    .where("expires_at", ">", sql<Date>`clock_timestamp()`)
  if (except !== undefined) ending = ending.where("id", "<>", except)
  const { numUpdatedRows } = await ending.executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}

export const newPassword = (): string => randomBytes(15).toString("base64url")

export const targetOf = ({ id, email }: Pick<Member, "id" | "email">) => ({ kind: "user", id, name: email })

const noUser = (ref: string): PlatformError =>
  notFound(`There is no user ${ref.slice(0, 100)} in this workspace`, { things: "users", path: "/v1/users", command: "jackfield users list" })

/** A member as the caller may see it. */
const viewFor = (by: Principal, user: Member): UserView => viewOf(by.operator || user.known_here ? user : { ...user, name: user.email, last_login_at: null })

const viewOf = (user: Omit<Member, "role" | "known_here"> & { readonly role: Role | null }): UserView => ({
  id: user.id,
  email: user.email,
  name: user.name,
  role: user.role,
  scope: user.scope,
  createdAt: user.created_at.toISOString(),
  disabledAt: user.disabled_at?.toISOString() ?? null,
  lastLoginAt: user.last_login_at?.toISOString() ?? null,
})
