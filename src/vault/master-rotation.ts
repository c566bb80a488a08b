import { type Kysely, sql } from "kysely"
import type { Database } from "../store/database.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"
import { HUB_KEY, hubContext } from "./vault.ts"

/** The result of a rotation of the master key. */
export interface MasterRotation {
  /** The master key that now wraps everything. */
  readonly to: string
  readonly dataKeys: number
  readonly hubKeys: number
  /**
   * Master keys that still wrap something, because a hub that was started with one of them made a key in the
   * meantime. They cannot be retired yet.
   */
  readonly kept: readonly string[]
}

const BATCH = 100

/**
 * Wraps every data key and every key of the hub itself with the current master key; keys that it already wraps are
 * left alone. Continues after an interruption.
 */
export async function rotateMasterKey(db: Kysely<Database>, provider: KeyProvider, signal: AbortSignal): Promise<MasterRotation> {
  const to = await provider.currentKeyId()
  const rewrap = async (old: WrappedKey, context: KeyContext): Promise<WrappedKey> =>
    provider.rewrap === undefined
      ? await provider.wrap(await provider.unwrap(old.keyId, old.wrapped, context), context)
      : await provider.rewrap(old.keyId, old.wrapped, context)
  let dataKeys = 0
  for (let last = "00000000-0000-0000-0000-000000000000"; ; ) {
    const rows = await db.selectFrom("data_keys").selectAll().where("key_id", "!=", to).where("id", ">", last).orderBy("id").limit(BATCH).execute()
    for (const row of rows) {
      signal.throwIfAborted()
      const fresh = await rewrap({ keyId: row.key_id, wrapped: row.wrapped }, { workspaceId: row.workspace_id, dataKeyId: row.id })
      const changed = db
        .updateTable("data_keys")
        .set({ wrapped: fresh.wrapped, key_id: fresh.keyId })
        .where("id", "=", row.id)
        .where("wrapped", "=", row.wrapped)
      dataKeys += Number((await changed.executeTakeFirst()).numUpdatedRows)
      last = row.id
    }
    if (rows.length < BATCH) break
  }
  let hubKeys = 0
  for (const { key, value } of await db.selectFrom("settings").selectAll().where("key", "like", `${HUB_KEY}%`).execute()) {
    const old = value as WrappedKey
    if (old.keyId === to) continue
    const fresh = await rewrap(old, hubContext(key.slice(HUB_KEY.length)))
    const changed = db
      .updateTable("settings")
      .set({ value: JSON.stringify(fresh) })
      .where("key", "=", key)
      .where(sql<boolean>`value->>'wrapped' = ${old.wrapped}`)
    hubKeys += Number((await changed.executeTakeFirst()).numUpdatedRows)
  }
  return { to, dataKeys, hubKeys, kept: await othersThan(db, to) }
}

async function othersThan(db: Kysely<Database>, to: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select key_id as id from jackfield.data_keys where key_id <> ${to}
    union select value->>'keyId' from jackfield.settings where starts_with(key, ${HUB_KEY}) and value->>'keyId' <> ${to}
    order by id`.execute(db)
  return rows.map(({ id }) => id)
}
