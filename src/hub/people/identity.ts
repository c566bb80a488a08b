import { randomUUID } from "node:crypto"
import { jwtVerify, SignJWT } from "jose"
import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import { FailedLogins } from "../../limits/failed-logins.ts"
import { LocalSlots } from "../../limits/node-limits.ts"
import type { Role, Tx } from "../../store/database.ts"
import { type FoundApiKey, type FoundMembership, type FoundUser, findApiKey, findSession, findUser, membershipsOf, touchApiKey } from "../../store/lookups.ts"
import type { Store } from "../../store/store.ts"
import { verifyPassword } from "../../vault/passwords.ts"
import { hashToken } from "../../vault/tokens.ts"
import { type Actor, record } from "../audit/audit.ts"
import type { Principal } from "../base/principal.ts"
import { KnownKeys } from "./known-keys.ts"
import { requireSameHash } from "./same-hash.ts"

export interface NewSession {
  readonly token: string
  readonly expiresAt: string
  readonly user: { readonly id: string; readonly email: string }
  readonly workspaces: { readonly id: string; readonly serial: number; readonly name: string; readonly title: string; readonly role: Role }[]
}

/** The origin of a login: the request, and the client's name for itself. */
export interface LoginOrigin {
  readonly request?: NonNullable<Principal["request"]>
  readonly agent?: string
}

/** By the database's clock, in whole seconds, since a token counts in seconds. */
const SESSION_ENDS = sql<Date>`date_trunc('second', clock_timestamp() + interval '12 hours')`
/** Logins at a time. Each takes one of the few threads for a while, which the vault's ciphers need too, and anybody may ask for a login. */
const LOGINS_AT_ONCE = 8
const BAD_CREDENTIAL = "The API key or session is not valid: unknown, expired or revoked. Log in again, or ask an admin for a key."

/** Whether a credential has the form of a user's session (a JWT), not of an API key. It may still be invalid. */
export const isSessionToken = (credential: string): boolean => credential.startsWith("ey") && credential.split(".").length === 3

/**
 * Whether each part of a token is base64url as it was issued. Decoders also take padding, the other alphabet and unused
 * bits, so that one token would have many spellings.
 */
const isCanonical = (token: string): boolean => token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part)

/** Logs people in and recognises keys. All refusals read the same, so that they tell nothing. */
export class Identity {
  readonly #store: Store
  readonly #signingKey: Uint8Array
  readonly #keys = new KnownKeys()
  readonly #failures: FailedLogins
  readonly #logins = new LocalSlots()

  constructor(store: Store, signingKey: Uint8Array) {
    this.#store = store
    this.#signingKey = signingKey
    this.#failures = new FailedLogins(store)
  }

  /**
   * The caller behind an API key or a session token. Without a credential the request is refused, except in a playground.
   * `workspace` (id, name or serial number) picks one of a user's own.
   */
  async authenticate(credential: string | undefined, workspace: string | undefined): Promise<Principal> {
    if (credential === undefined)
      throw new PlatformError("unauthenticated", "No API key came with the request; send `Authorization: Bearer <key>` or `x-api-key`.")
    return isSessionToken(credential) ? this.#bySession(credential, workspace) : this.#byKey(credential, workspace)
  }

  async #byKey(credential: string, workspace: string | undefined): Promise<Principal> {
    const hash = hashToken(credential)
    const found = await this.#keys.find(hash, () => this.#look(hash))
    if (found === undefined || !isLive(found)) throw refused()
    if (workspace !== undefined && ![found.workspace_id, found.workspace_name, String(found.workspace_serial)].includes(workspace))
      throw new PlatformError("forbidden", "The key does not belong to the workspace in Jackfield-Workspace; leave the header out.")
    return {
      id: `key:${found.id}`,
      kind: "key",
      name: found.name,
      workspace: { id: found.workspace_id, serial: found.workspace_serial, name: found.workspace_name },
      role: found.role,
      operator: found.operator,
      ...(found.scope === null ? {} : { scope: found.scope }),
    }
  }

  /** Looks a key up and notes its use. */
  async #look(hash: Buffer): Promise<FoundApiKey | undefined> {
    const found = await this.#store.asHub((tx) => findApiKey(tx, hash))
    if (found === undefined || !isLive(found)) return found
    if (found.last_used_at === null || found.last_used_at.getTime() < Date.now() - 60_000) await this.#store.asHub((tx) => touchApiKey(tx, found.id))
    return found
  }

  /** Forgets known keys. Call it when a key was revoked on this node, so that it is refused at once; other nodes notice within a second. */
  forgetKeys(): void {
    this.#keys.forget()
  }

  async #bySession(token: string, workspace: string | undefined): Promise<Principal> {
    if (!isCanonical(token)) throw refused()
    const claims = await jwtVerify(token, this.#signingKey, { algorithms: ["HS256"], audience: "jackfield" }).catch((cause: unknown) => {
      throw refused(cause)
    })
    const sessionId = claims.payload.jti ?? ""
    const { session, memberships } = await this.#store.asHub(async (tx) => {
      const found = await findSession(tx, sessionId)
      return { session: found, memberships: found === undefined ? [] : await membershipsOf(tx, found.user_id) }
    })
    if (session === undefined || session.revoked_at !== null || session.disabled_at !== null || session.expires_at.getTime() <= Date.now()) throw refused()
    const member =
      workspace === undefined
        ? memberships[0]
        : memberships.find((each) => [each.workspace_id, each.workspace_name, String(each.workspace_serial)].includes(workspace))
    if (member === undefined) throw new PlatformError("forbidden", "You are not a member of that workspace; see `workspaces` in the answer to your login.")
    return {
      id: `user:${session.user_id}`,
      kind: "session",
      name: session.email,
      workspace: { id: member.workspace_id, serial: member.workspace_serial, name: member.workspace_name },
      role: member.role,
      operator: member.operator,
      sessionId,
      ...(member.scope === null ? {} : { scope: member.scope }),
    }
  }

  /**
   * Opens a session of 12 hours by e-mail and password. After ten failures in 15 minutes, logins with that e-mail from that
   * address have to wait.
   */
  async logIn(email: string, password: string, from: LoginOrigin = {}): Promise<NewSession> {
    using slot = this.#logins.take("logins", LOGINS_AT_ONCE)
    if (slot === undefined)
      throw new PlatformError("rate_limited", "Too many people log in at this moment; try again in a second.", { details: { retryAfterSeconds: 1 } })
    return await this.#logIn(email, password, from)
  }

  async #logIn(email: string, password: string, from: LoginOrigin): Promise<NewSession> {
    const address = from.request?.address ?? "unknown"
    await this.#failures.take(email, address)
    const { user, memberships } = await this.#store.asHub(async (tx) => {
      const found = await findUser(tx, email)
      return { user: found, memberships: found === undefined ? [] : await membershipsOf(tx, found.id) }
    })
    const right = await verifyPassword(password, user?.password_hash)
    if (user === undefined || !right || user.disabled_at !== null) {
      // The answer does not wait for the record, since its time would tell whether the e-mail has a login here.
      if (user !== undefined) void this.#recordRefusal(user, memberships, from, right ? "the login is disabled" : "wrong password")
      throw wrongLogin()
    }
    const id = randomUUID()
    const expires = await this.#inHome(user, memberships, from, async (tx, by) => {
      // A password takes time to verify. A change of it, or a disabling, that was stored meanwhile counts.
      await requireSameHash(tx, user, wrongLogin)
      await tx.deleteFrom("sessions").where("expires_at", "<", sql<Date>`clock_timestamp()`).execute()
      const { expires_at } = await tx
        .insertInto("sessions")
        .values({ id, user_id: user.id, expires_at: SESSION_ENDS, address, agent: from.agent?.slice(0, 256) ?? null })
        .returning("expires_at")
        .executeTakeFirstOrThrow()
      await tx.updateTable("users").set({ last_login_at: sql<Date>`clock_timestamp()` }).where("id", "=", user.id).execute()
      await this.#failures.succeeded(tx, email, address)
      if (by !== undefined) await record(tx, by, { action: "session.create", target: { kind: "session", id, name: user.email } })
      return expires_at
    })
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setJti(id)
      .setSubject(user.id)
      .setAudience("jackfield")
      .setExpirationTime(expires)
      .sign(this.#signingKey)
    const workspaces = memberships.map((each) => ({
      id: each.workspace_id,
      serial: each.workspace_serial,
      name: each.workspace_name,
      title: each.workspace_title,
      role: each.role,
    }))
    return { token, expiresAt: expires.toISOString(), user: { id: user.id, email: user.email }, workspaces }
  }

  /** Ends the session. Every node then refuses its token. */
  async logOut(by: Principal): Promise<void> {
    const { sessionId } = by
    if (sessionId === undefined) throw new PlatformError("request_invalid", "An API key has no session to end; revoke the key with DELETE /v1/keys/{id}.")
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      await tx.updateTable("sessions").set({ revoked_at: sql<Date>`clock_timestamp()` }).where("id", "=", sessionId).execute()
      await record(tx, by, { action: "session.end", target: { kind: "session", id: sessionId, name: by.name } })
    })
  }

  async #recordRefusal(user: FoundUser, memberships: readonly FoundMembership[], from: LoginOrigin, reason: string): Promise<void> {
    await this.#inHome(user, memberships, from, async (tx, by) => {
      if (by !== undefined) await record(tx, by, { action: "session.refuse", target: { kind: "user", id: user.id, name: user.email }, details: { reason } })
    }).catch(() => undefined)
  }

  /** Runs a transaction of the user's first workspace, where logins are recorded; of no workspace when the user has none. */
  #inHome<T>(user: FoundUser, memberships: readonly FoundMembership[], from: LoginOrigin, work: (tx: Tx, by: Actor | undefined) => Promise<T>): Promise<T> {
    const [home] = memberships
    if (home === undefined) return this.#store.asHub((tx) => work(tx, undefined))
    const by = { id: `user:${user.id}`, kind: "session" as const, name: user.email, role: home.role, workspace: { id: home.workspace_id } }
    return this.#store.inWorkspace(home.workspace_id, (tx) => work(tx, from.request === undefined ? by : { ...by, request: from.request }))
  }
}

const isLive = ({ revoked_at, expires_at }: FoundApiKey): boolean => revoked_at === null && (expires_at === null || expires_at.getTime() > Date.now())

const wrongLogin = (): PlatformError =>
  new PlatformError("unauthenticated", "E-mail or password is wrong; an operator can set a new one with `jackfield users reset-password`.")

const refused = (cause?: unknown): PlatformError => new PlatformError("unauthenticated", BAD_CREDENTIAL, { cause })
