import { sql } from "kysely"
import type { Tx } from "./database.ts"

/**
 * Lets the rest of a transaction see and write another workspace's rows instead. For what belongs to two at once, such as
 * a workspace's removal and the operators' audit of it; the caller may act in both.
 */
export async function goOnIn(tx: Tx, workspaceId: string): Promise<void> {
  await sql`select set_config('app.workspace', ${workspaceId}::uuid::text, true)`.execute(tx)
}
