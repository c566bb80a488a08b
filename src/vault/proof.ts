import { type Kysely, sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Database } from "../store/database.ts"
import { type StoredKey, storedKeys, WorkspaceKeys } from "./data-keys.ts"
import type { KeyProvider, WrappedKey } from "./key-provider.ts"
import { sealedRows } from "./sealed-rows.ts"
import { SEALED_TABLES } from "./sealed-tables.ts"
import { HUB_KEY, hubContext } from "./vault.ts"

/** A data key with its workspace, its master key, and the number of values that it encrypts. */
export interface DataKeyCount {
  readonly id: string
  readonly workspaceId: string
  readonly masterKeyId: string
  readonly retired: boolean
  readonly values: number
}

/**
 * A master key, and the number of keys that it wraps. `current`: it wraps new ones; `known`: this configuration can
 * open it.
 */
export interface MasterKeyCount {
  readonly id: string
  readonly current: boolean
  readonly known: boolean
  readonly dataKeys: number
  readonly hubKeys: number
}

/** Which keys encrypt what. */
export interface VaultStatus {
  readonly currentMasterKey: string
  readonly masterKeys: readonly MasterKeyCount[]
  readonly dataKeys: readonly DataKeyCount[]
  readonly tables: readonly { readonly name: string; readonly values: number }[]
}

/** The number of values that could be opened, and one sentence for each that could not. */
export interface Proof {
  readonly ok: boolean
  readonly values: number
  readonly dataKeys: number
  readonly hubKeys: number
  readonly failures: readonly string[]
}

/** Counts sealed values by table, data key and master key; opens nothing. */
export async function vaultStatus(db: Kysely<Database>, provider: KeyProvider): Promise<VaultStatus> {
  const currentMasterKey = await provider.currentKeyId()
  const under = new Map<string, number>()
  const tables: { name: string; values: number }[] = []
  for (const { name } of SEALED_TABLES) {
    const { rows } = await sql<{ id: string; count: number }>`
      select data_key_id as id, count(*)::int as count from ${sql.table(`jackfield.${name}`)} where ciphertext is not null group by 1`.execute(db)
    for (const { id, count } of rows) under.set(id, (under.get(id) ?? 0) + count)
    tables.push({ name, values: rows.reduce((sum, row) => sum + row.count, 0) })
  }
  const keys = await db.selectFrom("data_keys").selectAll().orderBy("workspace_id").orderBy("created_at").execute()
  const dataKeys = keys.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    masterKeyId: row.key_id,
    retired: row.retired_at !== null,
    values: under.get(row.id) ?? 0,
  }))
  const hubKeys = await storedHubKeys(db)
  const ids = new Set([currentMasterKey, ...dataKeys.map((key) => key.masterKeyId), ...hubKeys.map((key) => key.keyId)])
  const masterKeys = [...ids].sort().map((id) => ({
    id,
    current: id === currentMasterKey,
    known: provider.knows(id),
    dataKeys: dataKeys.filter((key) => key.masterKeyId === id).length,
    hubKeys: hubKeys.filter((key) => key.keyId === id).length,
  }))
  return { currentMasterKey, masterKeys, dataKeys, tables }
}

/** Opens every key and every sealed value. */
export async function proveVault(db: Kysely<Database>, provider: KeyProvider, signal: AbortSignal): Promise<Proof> {
  const failures: string[] = []
  const opened = { values: 0, dataKeys: 0, hubKeys: 0 }
  const attempt = async (what: keyof typeof opened, place: string, open: () => Promise<unknown>): Promise<void> => {
    try {
      await open()
      opened[what]++
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "secret_unreadable") throw error
      failures.push(`${place}: ${error.message}`)
    }
  }
  for (const key of await storedHubKeys(db)) await attempt("hubKeys", "hub key", () => provider.unwrap(key.keyId, key.wrapped, hubContext(key.name)))
  for (const { id: workspaceId } of await db.selectFrom("workspaces").select("id").orderBy("serial").execute()) {
    const stored: readonly StoredKey[] = await storedKeys(db, workspaceId)
    const keys = new WorkspaceKeys(db, workspaceId, provider, stored)
    for (const { id } of stored) await attempt("dataKeys", "data key", () => keys.key(id))
    for (const table of SEALED_TABLES)
      for await (const rows of sealedRows(db, table, { workspaceId })) {
        signal.throwIfAborted()
        await Promise.all(rows.map((row) => attempt("values", table.name, () => keys.open(row))))
      }
  }
  return { ok: failures.length === 0, ...opened, failures }
}

async function storedHubKeys(db: Kysely<Database>): Promise<readonly (WrappedKey & { readonly name: string })[]> {
  const rows = await db.selectFrom("settings").selectAll().where("key", "like", `${HUB_KEY}%`).execute()
  return rows.map(({ key, value }) => ({ name: key.slice(HUB_KEY.length), ...(value as WrappedKey) }))
}
