import type { Selectable } from "kysely"
import type { SecretChange } from "../../core/config.ts"
import { PlatformError } from "../../core/errors.ts"
import type { ConnectorSecrets, Tx } from "../../store/database.ts"
import type { SecretBinding, Vault } from "../../vault/vault.ts"
import type { Change } from "./connector-state.ts"

/** The owner of secrets: a connector. */
export type SecretOwner = Omit<SecretBinding, "pointer">

export type SecretRow = Selectable<ConnectorSecrets>

/** The secrets that a connector shall have, by pointer: a new value, or the stored one. Secrets that are not in the plan are deleted. */
export type SecretPlan = ReadonlyMap<string, SecretChange>

/** A set of secrets: the current ones, the staged ones, or those of a version. */
export type SecretSlot = "current" | "staged" | number

/** A plan compared with the stored secrets: its changes, and the function that stores them for a version. */
export interface SettledSecrets {
  readonly changes: readonly Change[]
  store(version: number): Promise<void>
}

/** The sealed secrets of some connectors. */
export async function sealedSecrets(tx: Tx, workspaceId: string, connectorIds: readonly string[], slot: SecretSlot): Promise<SecretRow[]> {
  if (connectorIds.length === 0) return []
  const all = tx
    .selectFrom("connector_secrets")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "in", [...connectorIds])
  const wanted =
    typeof slot === "string"
      ? all.where("state", "=", slot)
      : all
          .where("state", "!=", "staged")
          .where("from_version", "<=", slot)
          .where((where) => where.or([where("to_version", "is", null), where("to_version", ">", slot)]))
  return wanted.orderBy("pointer").execute()
}

/** The secrets of a connector in clear, by pointer. */
export async function secretValues(vault: Vault, tx: Tx, owner: SecretOwner, slot: SecretSlot = "current"): Promise<Map<string, string>> {
  const values = new Map<string, string>()
  for (const row of await sealedSecrets(tx, owner.workspaceId, [owner.connectorId], slot))
    values.set(row.pointer, await vault.unseal(tx, { ...owner, pointer: row.pointer }, row))
  return values
}

/**
 * The plan that brings back the secrets of sealed rows. Past secrets are opened for it, so that a secret that does not open
 * cannot come back.
 */
export async function planOf(vault: Vault, tx: Tx, owner: SecretOwner, rows: readonly SecretRow[]): Promise<Map<string, SecretChange>> {
  const plan = new Map<string, SecretChange>()
  for (const row of rows) plan.set(row.pointer, row.state === "current" ? "keep" : { value: await vault.unseal(tx, { ...owner, pointer: row.pointer }, row) })
  return plan
}

/** Compares a plan with a connector's current secrets. A value that is stored already is no change, unless the stored one does not open. */
export async function settleSecrets(vault: Vault, tx: Tx, owner: SecretOwner, plan: SecretPlan): Promise<SettledSecrets> {
  const { workspaceId, connectorId } = owner
  const current = new Map((await sealedSecrets(tx, workspaceId, [connectorId], "current")).map((row) => [row.pointer, row]))
  const gone = [...current.values()].filter(({ pointer }) => !plan.has(pointer))
  const fresh: { readonly pointer: string; readonly value: string; readonly before: SecretRow | undefined }[] = []
  for (const [pointer, change] of plan) {
    if (change === "keep") continue
    const before = current.get(pointer)
    if (before === undefined || !(await holds(vault, tx, { ...owner, pointer }, before, change.value))) fresh.push({ pointer, value: change.value, before })
  }
  const place = (pointer: string): string => `/config${pointer}`
  return {
    changes: [
      ...fresh.map(({ pointer, before }): Change => ({ pointer: place(pointer), change: before === undefined ? "added" : "changed", secret: true })),
      ...gone.map(({ pointer }): Change => ({ pointer: place(pointer), change: "removed", secret: true })),
    ],
    async store(version) {
      const ended = [...gone, ...fresh.flatMap(({ before }) => (before === undefined ? [] : [before]))].map(({ id }) => id)
      if (ended.length > 0)
        await tx
          .updateTable("connector_secrets")
          .set({ state: "past", to_version: version })
          .where("workspace_id", "=", workspaceId)
          .where("id", "in", ended)
          .execute()
      for (const { pointer, value } of fresh) await storeSecret(vault, tx, { ...owner, pointer }, value, "current", version)
    },
  }
}

/** Seals one secret into a free slot. */
export async function storeSecret(vault: Vault, tx: Tx, binding: SecretBinding, value: string, state: "current" | "staged", version: number): Promise<void> {
  const sealed = await vault.seal(tx, binding, value)
  await tx
    .insertInto("connector_secrets")
    .values({
      workspace_id: binding.workspaceId,
      connector_id: binding.connectorId,
      pointer: binding.pointer,
      state,
      from_version: version,
      ciphertext: sealed.ciphertext,
      fingerprint: sealed.fingerprint,
      data_key_id: sealed.dataKeyId,
    })
    .execute()
}

async function holds(vault: Vault, tx: Tx, binding: SecretBinding, row: SecretRow, value: string): Promise<boolean> {
  try {
    return (await vault.unseal(tx, binding, row)) === value
  } catch (error) {
    if (error instanceof PlatformError && error.code === "secret_unreadable") return false
    throw error
  }
}
