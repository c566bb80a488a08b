import { PlatformError } from "../core/errors.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"
import { HUB_KEY, hubContext } from "./vault.ts"

/** For each master key in use, one wrapped key that only this master key opens; useless to anybody without it. */
export type KeyChecks = readonly (WrappedKey & { readonly context: KeyContext })[]

type Query = (statement: string) => Promise<readonly Record<string, unknown>[]>

/** Reads the checks from a database. */
export async function keyChecks(query: Query): Promise<KeyChecks> {
  const dataKeys = await query("select distinct on (key_id) key_id, wrapped, id, workspace_id from jackfield.data_keys order by key_id, created_at desc")
  const hubKeys = await query(`select key, value from jackfield.settings where key like '${HUB_KEY}%'`)
  const checks: (WrappedKey & { readonly context: KeyContext })[] = [
    ...dataKeys.map((row) => ({
      keyId: String(row["key_id"]),
      wrapped: String(row["wrapped"]),
      context: { workspaceId: String(row["workspace_id"]), dataKeyId: String(row["id"]) },
    })),
    ...hubKeys.map((row) => ({ ...(row["value"] as WrappedKey), context: hubContext(String(row["key"]).slice(HUB_KEY.length)) })),
  ]
  return [...new Map(checks.reverse().map((check) => [check.keyId, check])).values()]
}

/** Opens every check; fails with the missing master keys. */
export async function openKeyChecks(provider: KeyProvider, checks: KeyChecks): Promise<void> {
  const missing = checks.filter(({ keyId }) => !provider.knows(keyId)).map(({ keyId }) => keyId)
  if (missing.length > 0) {
    const message = `The backup's secrets are under the master key ${missing.join(", ")}, which is not among those given; give it in JACKFIELD_MASTER_KEY or JACKFIELD_MASTER_KEY_PREVIOUS. Nothing was changed.`
    throw new PlatformError("secret_unreadable", message)
  }
  for (const { keyId, wrapped, context } of checks) await provider.unwrap(keyId, wrapped, context)
}
