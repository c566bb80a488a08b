import type { Client } from "pg"
import { PlatformError } from "../../../../core/errors.ts"
import type { SqlConnection } from "../wire.ts"

/**
 * Ends an open transaction and runs the statement that discards all other session state. Throws when the
 * session is not idle afterwards. The statement may not stand in one message with ROLLBACK, which would make it part of a transaction.
 */
export const resetBy =
  (discard: string) =>
  async ({ pg, wire }: SqlConnection<never> & { readonly pg: Client }): Promise<void> => {
    if (pg.getTransactionStatus() !== "I") await wire.transactions?.rollback()
    await pg.query(discard)
    if (pg.getTransactionStatus() !== "I") throw new PlatformError("connection_lost", "The session could not be made clean; open a new one.")
  }

/** Discards settings, roles, prepared statements, cursors, temporary tables, channels that are listened to, and advisory locks. */
export const resetPg = resetBy("DISCARD ALL")
