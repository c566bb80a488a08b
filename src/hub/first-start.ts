import { randomUUID } from "node:crypto"
import { PlatformError } from "../core/errors.ts"
import { allWorkspaces } from "../store/lookups.ts"
import type { Store } from "../store/store.ts"
import { hashPassword } from "../vault/passwords.ts"
import { newApiKey } from "../vault/tokens.ts"
import { hubActor, record } from "./audit/audit.ts"
import { writeCliFile } from "./base/cli-file.ts"
import type { Settings } from "./base/settings.ts"
import { insertKey } from "./people/keys.ts"
import { newPassword } from "./people/users.ts"
import { makeWorkspace } from "./people/workspaces.ts"

/** The login that the very first start makes, to be printed once. */
export interface FirstLogin {
  readonly email: string
  /** Undefined when it came from the operator's environment. */
  readonly password: string | undefined
  readonly key: string | undefined
}

export interface FirstStart {
  /** The data folder, for the CLI's file. */
  readonly dataDir: string
  /** The URL under which the CLI on this machine reaches the hub. */
  readonly url: string
  /** Shows the login to the person who started the hub. */
  readonly show: (login: FirstLogin) => void
}

/**
 * Makes the first workspace, admin and key of a new hub in one transaction, unless the hub has them already; whether it
 * did. The login is shown, and the key written to the CLI's file, before the transaction commits: a kill in between
 * leaves a hub that is still new, and whose next start shows another login.
 */
export async function firstStart(store: Store, settings: Settings, { dataDir, url, show }: FirstStart): Promise<boolean> {
  if ((await store.asHub(allWorkspaces)).length > 0) return false
  const password = settings.adminPassword ?? newPassword()
  const key = settings.adminKey ?? newApiKey()
  const passwordHash = await hashPassword(password)
  const email = settings.adminEmail.toLowerCase()
  const workspaceId = randomUUID()
  const userId = randomUUID()
  try {
    await store.inWorkspace(workspaceId, async (tx) => {
      await makeWorkspace(tx, workspaceId, { name: "main", title: "Main" }, undefined)
      await tx.insertInto("users").values({ id: userId, email, name: email, password_hash: passwordHash }).execute()
      await tx.insertInto("memberships").values({ workspace_id: workspaceId, user_id: userId, role: "admin" }).execute()
      await insertKey(tx, workspaceId, `user:${userId}`, key, { name: "first admin key", role: "admin" })
      const target = { kind: "workspace", id: workspaceId, name: "main" }
      await record(tx, hubActor(workspaceId), { action: "workspace.create", target, details: { firstUser: email } })
      await writeCliFile(dataDir, { url, key })
      show({ email, password: settings.adminPassword === undefined ? password : undefined, key: settings.adminKey === undefined ? key : undefined })
    })
    return true
  } catch (error) {
    // Another node of the same new hub was quicker; its login is the one that counts.
    if (!(error instanceof PlatformError) || error.code !== "name_taken") throw error
    return false
  }
}

/** The e-mail of the hub's oldest enabled operator, for the advice on a lost login; undefined when there is none. */
export async function firstOperator(store: Store): Promise<string | undefined> {
  const first = (await store.asHub(allWorkspaces)).toSorted((one, other) => one.serial - other.serial)[0]
  if (first === undefined) return undefined
  const admin = await store.inWorkspace(first.id, (tx) =>
    tx
      .selectFrom("memberships")
      .innerJoin("users", "users.id", "memberships.user_id")
      .select("email")
      .where("workspace_id", "=", first.id)
      .where("role", "=", "admin")
      .where("disabled_at", "is", null)
      .orderBy("memberships.created_at")
      .limit(1)
      .executeTakeFirst(),
  )
  return admin?.email
}
