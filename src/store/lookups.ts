import { sql } from "kysely"
import type { Role, Tx } from "./database.ts"

/** The connectors that a key or a user is limited to, by id and label. */
export interface FoundScope {
  readonly connectors: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/**
 * An API key with its workspace; the caller decides whether it is still valid. `operator`: an admin key of the first
 * workspace.
 */
export interface FoundApiKey {
  readonly id: string
  readonly workspace_id: string
  readonly workspace_serial: number
  readonly workspace_name: string
  readonly operator: boolean
  readonly name: string
  readonly role: Role
  readonly scope: FoundScope | null
  readonly created_by: string | null
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
}

export interface FoundSession {
  readonly id: string
  readonly user_id: string
  readonly email: string
  readonly name: string
  readonly disabled_at: Date | null
  readonly expires_at: Date
  readonly revoked_at: Date | null
}

export interface FoundUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly password_hash: string
  readonly disabled_at: Date | null
}

export interface FoundMembership {
  readonly workspace_id: string
  readonly workspace_serial: number
  readonly workspace_name: string
  readonly workspace_title: string
  readonly role: Role
  readonly operator: boolean
  readonly scope: FoundScope | null
}

export interface FoundWorkspace {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly title: string
  readonly plan: Readonly<Record<string, unknown>>
  readonly created_at: Date
}

export interface FoundDataKey {
  readonly id: string
  readonly workspace_id: string
  readonly wrapped: string
  readonly key_id: string
}

/** The API key with that SHA-256, in any workspace. */
export async function findApiKey(tx: Tx, hash: Buffer): Promise<FoundApiKey | undefined> {
  return (await sql<FoundApiKey>`select * from jackfield.find_api_key(${hash})`.execute(tx)).rows[0]
}

/** Records that a key was used, at most once a minute. */
export async function touchApiKey(tx: Tx, id: string): Promise<void> {
  await sql`select jackfield.touch_api_key(${id})`.execute(tx)
}

/** The session and its user. */
export async function findSession(tx: Tx, id: string): Promise<FoundSession | undefined> {
  return (await sql<FoundSession>`select * from jackfield.find_session(${id})`.execute(tx)).rows[0]
}

/** The user with an e-mail address, regardless of case. */
export async function findUser(tx: Tx, email: string): Promise<FoundUser | undefined> {
  return (await sql<FoundUser>`select * from jackfield.find_user(${email})`.execute(tx)).rows[0]
}

/**
 * The workspaces of a user, longest membership first, so that adding a user to another workspace does not change the
 * user's default.
 */
export async function membershipsOf(tx: Tx, userId: string): Promise<readonly FoundMembership[]> {
  return (await sql<FoundMembership>`select * from jackfield.memberships_of(${userId})`.execute(tx)).rows
}

/** Every workspace, oldest first; for operators, and to detect a new hub. */
export async function allWorkspaces(tx: Tx): Promise<readonly FoundWorkspace[]> {
  return (await sql<FoundWorkspace>`select * from jackfield.all_workspaces()`.execute(tx)).rows
}

/** Up to `most` wrapped data keys of any workspaces, newest first, to check whether the master key opens them. */
export async function someDataKeys(tx: Tx, most: number): Promise<readonly FoundDataKey[]> {
  return (await sql<FoundDataKey>`select * from jackfield.any_data_keys(${most})`.execute(tx)).rows
}
