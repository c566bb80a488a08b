import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"

/**
 * Throws `last_admin` when the transaction's workspace has no enabled admin besides `except`, the id of a user or a key. The rows
 * are locked until the end, so that one change is judged at a time.
 */
export async function requireAnotherAdmin(tx: Tx, workspaceId: string, except: string, what: "user" | "key"): Promise<void> {
  await tx
    .selectFrom("memberships")
    .select("user_id")
    .where("workspace_id", "=", workspaceId)
    .where("role", "=", "admin")
    .orderBy("user_id")
    .forUpdate()
    .execute()
  const { people } = await tx
    .selectFrom("memberships")
    .innerJoin("users", "users.id", "memberships.user_id")
    .select(sql<number>`count(*)::int`.as("people"))
    .where("workspace_id", "=", workspaceId)
    .where("role", "=", "admin")
    .where("disabled_at", "is", null)
    .where("user_id", "<>", except)
    .executeTakeFirstOrThrow()
  if (people > 0 || (what === "key" && (await otherKeys(tx, workspaceId, except)) > 0)) return
  const message =
    what === "user"
      ? "This is the workspace's last admin; make somebody else an admin first."
      : "This is the workspace's last admin key, and no user is an admin; make another key or add an admin first."
  throw new PlatformError("last_admin", message)
}

/** The number of live admin keys besides one. Their rows are locked until the end. */
async function otherKeys(tx: Tx, workspaceId: string, except: string): Promise<number> {
  const rows = await tx
    .selectFrom("api_keys")
    .select("id")
    .where("workspace_id", "=", workspaceId)
    .where("role", "=", "admin")
    .where("revoked_at", "is", null)
    .where(sql<boolean>`(expires_at is null or expires_at > clock_timestamp())`)
    .orderBy("id")
    .forUpdate()
    .execute()
  return rows.filter(({ id }) => id !== except).length
}
