import type { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import type { FoundUser } from "../../store/lookups.ts"

/**
 * Locks a user's row until the end of the transaction, and throws `refusal()` when the password that was verified before
 * is not the stored one any more, or the login is disabled or gone.
 */
export async function requireSameHash(tx: Tx, verified: Pick<FoundUser, "id" | "password_hash">, refusal: () => PlatformError): Promise<void> {
  const now = await tx.selectFrom("users").select(["password_hash", "disabled_at"]).where("id", "=", verified.id).forUpdate().executeTakeFirst()
  if (now === undefined || now.disabled_at !== null || now.password_hash !== verified.password_hash) throw refusal()
}
