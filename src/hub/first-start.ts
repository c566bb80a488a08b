import { randomUUID } from "node:crypto"
import { PlatformError } from "../core/errors.ts"
import { allWorkspaces } from "../store/lookups.ts"
import type { Store } from "../store/store.ts"
import { hashPassword } from "../vault/passwords.ts"
import { newApiKey } from "../vault/tokens.ts"
import { hubActor, record } from "./audit/audit.ts"
import { removeCliFile, urlOf, writeCliFile } from "./base/cli-file.ts"
import type { Settings } from "./base/settings.ts"
import { insertKey } from "./people/keys.ts"
import { newPassword } from "./people/users.ts"
import { makeWorkspace } from "./people/workspaces.ts"

/** The login that the very first start made, to be printed once. */
export interface FirstLogin {
  readonly email: string
  /** Undefined when it came from the operator's environment. */
  readonly password: string | undefined
  readonly key: string | undefined
}

/**
 * Makes the first workspace, admin and key of a new hub in one transaction; undefined when the hub is not new. The key is
 * written to the CLI's file before it is stored, so that a kill in between cannot leave a hub to which nobody has a key.
 */
export async function firstStart(store: Store, settings: Settings, dataDir: string): Promise<FirstLogin | undefined> {
  if ((await store.asHub(allWorkspaces)).length > 0) return undefined
  const password = settings.adminPassword ?? newPassword()
  const key = settings.adminKey ?? newApiKey()
  const passwordHash = await hashPassword(password)
  const email = settings.adminEmail.toLowerCase()
  const workspaceId = randomUUID()
  const userId = randomUUID()
  await writeCliFile(dataDir, { url: urlOf(settings.host, settings.port), key })
  try {
    await store.inWorkspace(workspaceId, async (tx) => {
      await makeWorkspace(tx, workspaceId, { name: "main", title: "Main" }, undefined)
      await tx.insertInto("users").values({ id: userId, email, name: email, password_hash: passwordHash }).execute()
      await tx.insertInto("memberships").values({ workspace_id: workspaceId, user_id: userId, role: "admin" }).execute()
      await insertKey(tx, workspaceId, `user:${userId}`, key, { name: "first admin key", role: "admin" })
      const target = { kind: "workspace", id: workspaceId, name: "main" }
      await record(tx, hubActor(workspaceId), { action: "workspace.create", target, details: { firstUser: email } })
    })
  } catch (error) {
    // Another node of the same new hub was quicker; its login is the one that counts.
    if (!(error instanceof PlatformError) || error.code !== "name_taken") throw error
    await removeCliFile(dataDir)
    return undefined
  }
  return { email, password: settings.adminPassword === undefined ? password : undefined, key: settings.adminKey === undefined ? key : undefined }
}
