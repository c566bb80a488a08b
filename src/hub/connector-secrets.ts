import type { ParsedConfig } from "../core/config.ts"
import type { SecretBinding, Vault } from "../vault/vault.ts"
import type { Tx } from "./connector-view.ts"

/** Whose secrets: one connector's. */
export type SecretOwner = Omit<SecretBinding, "pointer">

/** Writes the changed secrets of a config, keeps the kept ones, and removes the rest. */
export async function storeSecrets(vault: Vault, tx: Tx, owner: SecretOwner, parsed: ParsedConfig): Promise<void> {
  const { workspaceId, connectorId } = owner
  const pointers = [...parsed.secrets.keys()]
  let gone = tx.deleteFrom("connector_secrets").where("workspace_id", "=", workspaceId).where("connector_id", "=", connectorId)
  if (pointers.length > 0) gone = gone.where("pointer", "not in", pointers)
  await gone.execute()
  for (const [pointer, change] of parsed.secrets) {
    if (change === "keep") continue
    const sealed = await vault.seal(tx, { ...owner, pointer }, change.value)
    const values = { ciphertext: sealed.ciphertext, fingerprint: sealed.fingerprint, data_key_id: sealed.dataKeyId }
    await tx
      .insertInto("connector_secrets")
      .values({ workspace_id: workspaceId, connector_id: connectorId, pointer, ...values })
      .onConflict((conflict) => conflict.columns(["connector_id", "pointer"]).doUpdateSet(values))
      .execute()
  }
}

/** The secrets of a connector in clear, by pointer. */
export async function secretValues(vault: Vault, tx: Tx, owner: SecretOwner): Promise<Map<string, string>> {
  const rows = await tx
    .selectFrom("connector_secrets")
    .selectAll()
    .where("workspace_id", "=", owner.workspaceId)
    .where("connector_id", "=", owner.connectorId)
    .execute()
  const values = new Map<string, string>()
  for (const row of rows) values.set(row.pointer, await vault.unseal(tx, { ...owner, pointer: row.pointer }, row))
  return values
}
