import { randomBytes, randomUUID } from "node:crypto"
import { type Selectable, sql, type Transaction } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { ApiKeys, Database, Role } from "../store/database.ts"
import { allWorkspaces, findUser } from "../store/lookups.ts"
import { type Store, uniqueViolation } from "../store/store.ts"
import { hashPassword } from "../vault/passwords.ts"
import { hashToken, newApiKey, visiblePrefix } from "../vault/tokens.ts"
import { record } from "./audit.ts"
import { looksLikeId } from "./connector-view.ts"
import type { Principal } from "./identity.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "./page.ts"
import { type Plan, planFrom } from "./plans.ts"

export interface WorkspaceView {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly title: string
  readonly createdAt: string
  readonly plan: Plan
}

/** `password` is there once, in the answer that made it. */
export interface UserView {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly createdAt: string
  readonly password?: string
}

export interface KeyView {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: Role
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

export interface KeyInput {
  readonly name: string
  readonly role: Role
  readonly expiresAt?: string
  readonly prefix?: string
}

type Tx = Transaction<Database>

/** Workspaces, the people in them, and the keys that apps use. */
export class Members {
  readonly #store: Store
  readonly #revoked: () => void

  /** `revoked` is called after a key was revoked. */
  constructor(store: Store, revoked: () => void) {
    this.#store = store
    this.#revoked = revoked
  }

  /** All of them for an operator, else the caller's own. */
  async workspaces(by: Principal, query: PageQuery): Promise<Page<WorkspaceView>> {
    const all = await this.#store.asHub(allWorkspaces)
    const seen = by.operator ? all : all.filter((each) => each.id === by.workspace.id)
    const after = decodeCursor(query.cursor)
    const rows = seen.filter((each) => each.serial > after).slice(0, query.limit + 1)
    const page = pageOf(rows, query.limit, seen.length, (row) => row.serial)
    return { ...page, data: page.data.map(({ created_at, plan, ...rest }) => ({ ...rest, createdAt: created_at.toISOString(), plan: planFrom(plan) })) }
  }

  /** What people call the workspace. */
  async titleOf(workspaceId: string): Promise<string> {
    const row = await this.#store.inWorkspace(workspaceId, (tx) => tx.selectFrom("workspaces").select("title").where("id", "=", workspaceId).executeTakeFirst())
    return row?.title ?? ""
  }

  /** Makes a workspace with an admin key of its own, shown this once; the user who made it is its admin too. */
  async createWorkspace(by: Principal, input: { readonly name: string; readonly title?: string }): Promise<WorkspaceView & { readonly key: string }> {
    const id = randomUUID()
    const userId = by.kind === "session" ? by.id.slice("user:".length) : undefined
    const key = newApiKey()
    return this.#store.inWorkspace(id, async (tx) => {
      const made = await makeWorkspace(tx, id, input, userId)
      const first = await insertKey(tx, id, by.id, key, { name: "first admin key", role: "admin" })
      const event = { action: "workspace.create", target: { kind: "workspace", id, name: input.name }, details: { title: made.title, key: first.id } } as const
      await record(tx, { ...by, workspace: { id } }, event)
      return { ...made, key }
    })
  }

  async users(by: Principal, query: PageQuery): Promise<Page<UserView>> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const members = tx.selectFrom("memberships").innerJoin("users", "users.id", "memberships.user_id").where("workspace_id", "=", by.workspace.id)
      const rows = await members
        .select(["users.id", "users.email", "users.created_at", "memberships.role"])
        .orderBy("users.created_at")
        .orderBy("users.id")
        .offset(after)
        .limit(query.limit + 1)
        .execute()
      const { total } = await members.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, () => after + query.limit)
      return { ...page, data: page.data.map(({ created_at, ...rest }) => ({ ...rest, createdAt: created_at.toISOString() })) }
    })
  }

  /** Adds a person to the workspace; somebody new to the hub gets the given password, or one that is shown once. */
  async addUser(by: Principal, input: { readonly email: string; readonly role: Role; readonly password?: string }): Promise<UserView> {
    const email = input.email.toLowerCase()
    const known = await this.#store.asHub((tx) => findUser(tx, email))
    if (known !== undefined && input.password !== undefined)
      throw new PlatformError("name_taken", `${email} has a login on this hub already; leave the password out to add them to this workspace.`)
    const password = known === undefined ? (input.password ?? newPassword()) : undefined
    const hash = password === undefined ? undefined : await hashPassword(password)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const id = known?.id ?? randomUUID()
      if (hash !== undefined)
        await tx
          .insertInto("users")
          .values({ id, email, name: email, password_hash: hash })
          .execute()
          .catch((error: unknown) => Promise.reject(taken(error, email)))
      await tx
        .insertInto("memberships")
        .values({ workspace_id: by.workspace.id, user_id: id, role: input.role })
        .execute()
        .catch((error: unknown) => Promise.reject(taken(error, email)))
      const made = input.password === undefined && password !== undefined ? { password } : {}
      return { id, email, role: input.role, createdAt: new Date().toISOString(), ...made }
    })
  }

  /** Sets a member's password (a new one, shown once, when none is given) and ends that user's sessions. */
  async setPassword(by: Principal, ref: string, given: string | undefined): Promise<{ email: string; password?: string }> {
    const password = given ?? newPassword()
    const hash = await hashPassword(password)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const user = await tx
        .selectFrom("memberships")
        .innerJoin("users", "users.id", "memberships.user_id")
        .select(["users.id", "users.email"])
        .where("workspace_id", "=", by.workspace.id)
        .where(looksLikeId(ref) ? "users.id" : "users.email", "=", ref.toLowerCase())
        .executeTakeFirst()
      if (user === undefined) throw new PlatformError("not_found", `There is no user ${ref.slice(0, 100)} in this workspace; list them with GET /v1/users.`)
      // A user of several workspaces is not one admin's to take over.
      const others = await sql<{ n: number }>`select count(*)::int as n from jackfield.memberships_of(${user.id})`.execute(tx)
      if (!by.operator && (others.rows[0]?.n ?? 0) > 1)
        throw new PlatformError("forbidden", `${user.email} belongs to other workspaces too; an operator must set the password.`)
      await tx.updateTable("users").set({ password_hash: hash }).where("id", "=", user.id).execute()
      await tx.updateTable("sessions").set({ revoked_at: new Date() }).where("user_id", "=", user.id).where("revoked_at", "is", null).execute()
      return { email: user.email, ...(given === undefined ? { password } : {}) }
    })
  }

  async keys(by: Principal, query: PageQuery): Promise<Page<KeyView>> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const live = tx.selectFrom("api_keys").where("workspace_id", "=", by.workspace.id).where("revoked_at", "is", null)
      const rows = await live
        .selectAll()
        .orderBy("created_at")
        .orderBy("id")
        .offset(after)
        .limit(query.limit + 1)
        .execute()
      const { total } = await live.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, () => after + query.limit)
      return { ...page, data: page.data.map(keyView) }
    })
  }

  /** Makes a key, shown this once and stored hashed. */
  async createKey(by: Principal, input: KeyInput): Promise<KeyView & { readonly key: string }> {
    const key = newApiKey(input.prefix)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => ({ ...keyView(await insertKey(tx, by.workspace.id, by.id, key, input)), key }))
  }

  /** Revokes a key; it is refused from then on, on every node. */
  async revokeKey(by: Principal, id: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const revoked = looksLikeId(id)
        ? await tx
            .updateTable("api_keys")
            .set({ revoked_at: new Date() })
            .where("workspace_id", "=", by.workspace.id)
            .where("id", "=", id)
            .where("revoked_at", "is", null)
            .returning("id")
            .executeTakeFirst()
        : undefined
      if (revoked === undefined)
        throw new PlatformError("not_found", `There is no live key ${id.slice(0, 100)} in this workspace; list them with GET /v1/keys.`)
    })
    this.#revoked()
  }
}

/** Inserts a workspace inside its own transaction. */
export async function makeWorkspace(
  tx: Tx,
  id: string,
  input: { readonly name: string; readonly title?: string },
  adminId: string | undefined,
): Promise<WorkspaceView> {
  const row = await tx
    .insertInto("workspaces")
    .values({ id, name: input.name, title: input.title ?? input.name })
    .returning(["serial", "title", "created_at"])
    .executeTakeFirstOrThrow()
    .catch((error: unknown) => Promise.reject(taken(error, input.name)))
  if (adminId !== undefined) await tx.insertInto("memberships").values({ workspace_id: id, user_id: adminId, role: "admin" }).execute()
  return { id, serial: row.serial, name: input.name, title: row.title, createdAt: row.created_at.toISOString(), plan: {} }
}

/** Stores a key's hash, its first characters and what it may do. */
export async function insertKey(tx: Tx, workspaceId: string, by: string, key: string, input: KeyInput): Promise<Selectable<ApiKeys>> {
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
      created_by: by,
      expires_at: expires,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export const newPassword = (): string => randomBytes(15).toString("base64url")

function expiry(text: string): Date {
  const date = new Date(text)
  const fault = (message: string): PlatformError =>
    new PlatformError("request_invalid", `expiresAt ${message}`, { faults: [{ pointer: "/expiresAt", message }] })
  if (Number.isNaN(date.getTime()) || !/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:?\d\d))?$/.test(text))
    throw fault("must be an ISO 8601 time with its zone, such as 2027-01-31T00:00:00Z.")
  if (date.getTime() <= Date.now()) throw fault("must lie in the future.")
  return date
}

const keyView = (row: Selectable<ApiKeys>): KeyView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
})

const taken = (error: unknown, name: string): unknown =>
  uniqueViolation(error) === undefined ? error : new PlatformError("name_taken", `${name} exists already; choose another name.`, { cause: error })
