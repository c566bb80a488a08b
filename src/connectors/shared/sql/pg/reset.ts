import type { Client } from "pg"
import { PlatformError } from "../../../../core/errors.ts"

/**
 * Ends what is left of a transaction and discards everything that a session keeps: settings, roles, prepared statements, cursors, temporary
 * tables, channels that it listens to, advisory locks. Throws when the session is not idle afterwards. DISCARD ALL may not stand
 * in one message with ROLLBACK, which would make it part of a transaction.
 */
export async function resetPg({ pg }: { readonly pg: Client }): Promise<void> {
  if (pg.getTransactionStatus() !== "I") await pg.query("ROLLBACK")
  await pg.query("DISCARD ALL")
  if (pg.getTransactionStatus() !== "I") throw new PlatformError("connection_lost", "The session could not be made clean; open a new one.")
}
