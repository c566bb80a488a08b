import { sql } from "kysely"
import type { Tx } from "./database.ts"

/**
 * Switches the rest of a transaction to the rows of another workspace. For changes that affect two workspaces at
 * once, such as the removal of a workspace and the operators' audit entry for it; the caller must be allowed to act
 * in both.
 */
export async function goOnIn(tx: Tx, workspaceId: string): Promise<void> {
  await sql`select set_config('app.workspace', ${workspaceId}::uuid::text, true)`.execute(tx)
}
