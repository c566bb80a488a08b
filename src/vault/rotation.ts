import { randomBytes, randomUUID } from "node:crypto"
import { type Kysely, sql } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Database } from "../store/database.ts"
import { olderTransactionsEnd } from "../store/transactions.ts"
import { storedKeys, WorkspaceKeys } from "./data-keys.ts"
import { sealEnvelope } from "./envelope.ts"
import { fingerprinter } from "./fingerprint.ts"
import type { KeyProvider } from "./key-provider.ts"
import { type Resealed, replaceRows, type SealedRow, sealedRows } from "./sealed-rows.ts"
import { SEALED_TABLES, type SealedTable } from "./sealed-tables.ts"

/**
 * The result of a rotation of the data keys; `kept` are retired keys that could not be removed because they still
 * encrypt something.
 */
export interface DataRotation {
  /** The start of the interrupted rotation that this one continued. */
  readonly resumed: Date | undefined
  readonly workspaces: number
  readonly newKeys: number
  readonly resealed: number
  readonly removed: number
  readonly kept: readonly string[]
  /** Values that cannot be opened and therefore stay under their old keys. */
  readonly failures: readonly string[]
}

export interface RotationOptions {
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

/** The setting that records the start of a running rotation. */
const MARK = "vault-rotation"
const PASSES = 20

/** The start of the running rotation; undefined if none is running. */
export async function rotationBegan(db: Kysely<Database>): Promise<Date | undefined> {
  const row = await db.selectFrom("settings").select("value").where("key", "=", MARK).executeTakeFirst()
  return row === undefined ? undefined : new Date((row.value as { readonly startedAt: string }).startedAt)
}

/**
 * Gives every workspace a new data key, reseals all values and removes the old keys. The rows alone show the
 * progress, so the next run continues after an interruption. Hubs may write in the meantime: each transaction asks
 * for the active key.
 */
export async function rotateDataKeys(db: Kysely<Database>, provider: KeyProvider, options: RotationOptions): Promise<DataRotation> {
  const resumed = await rotationBegan(db)
  const began = resumed ?? (await begin(db))
  const failures = new Set<string>()
  const counts = { workspaces: 0, newKeys: 0, resealed: 0, removed: 0 }
  const kept: string[] = []
  const workspaces = await db.selectFrom("workspaces").select("id").orderBy("serial").execute()
  for (const { id } of workspaces) {
    options.signal.throwIfAborted()
    if ((await storedKeys(db, id)).length === 0) continue
    counts.workspaces++
    if (await newActiveKey(db, provider, id, began)) counts.newKeys++
    counts.resealed += await resealWorkspace(db, provider, id, options, failures)
  }
  options.note(`${counts.newKeys} new data keys, ${counts.resealed} values resealed; waiting for transactions that began before`)
  // A transaction that began earlier may seal with the old key, or write back a value that it read, after the rows
  // were walked; hence the second walk.
  const allEnded = await olderTransactionsEnd(db, options.signal)
  for (const { id } of workspaces) {
    counts.resealed += await resealWorkspace(db, provider, id, options, failures)
    const retired = allEnded ? await removeUnused(db, id) : { removed: 0, kept: await retiredKeys(db, id) }
    counts.removed += retired.removed
    kept.push(...retired.kept)
  }
  await db.deleteFrom("settings").where("key", "=", MARK).execute()
  return { resumed, ...counts, kept, failures: [...failures] }
}

async function begin(db: Kysely<Database>): Promise<Date> {
  await sql`insert into jackfield.settings values (${MARK}, jsonb_build_object('startedAt', clock_timestamp())) on conflict do nothing`.execute(db)
  const began = await rotationBegan(db)
  if (began === undefined) throw new PlatformError("internal", "The start of the rotation could not be recorded; try again.")
  return began
}

/**
 * Returns false if the workspace's key already belongs to this rotation. `olderTransactionsEnd` waits for
 * transactions that are sealing with the old key.
 */
async function newActiveKey(db: Kysely<Database>, provider: KeyProvider, workspaceId: string, began: Date): Promise<boolean> {
  const active = (await storedKeys(db, workspaceId)).find((key) => !key.retired)
  if (active !== undefined && active.createdAt >= began) return false
  const id = randomUUID()
  const { keyId, wrapped } = await provider.wrap(randomBytes(32), { workspaceId, dataKeyId: id })
  return await db.transaction().execute(async (tx) => {
    const retire = sql`update jackfield.data_keys set retired_at = clock_timestamp()
      where workspace_id = ${workspaceId} and retired_at is null and id is not distinct from ${active?.id ?? null}`
    if (active !== undefined && Number((await retire.execute(tx)).numAffectedRows ?? 0) === 0) return false
    const row = { id, workspace_id: workspaceId, wrapped, key_id: keyId }
    await tx
      .insertInto("data_keys")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return true
  })
}

/**
 * Reseals every value of a workspace that is under a retired key, in rounds until only values that cannot be opened
 * are left.
 */
async function resealWorkspace(
  db: Kysely<Database>,
  provider: KeyProvider,
  workspaceId: string,
  { note, signal }: RotationOptions,
  failures: Set<string>,
): Promise<number> {
  const stored = await storedKeys(db, workspaceId)
  const active = stored.find((key) => !key.retired)
  const under = stored.filter((key) => key.retired).map((key) => key.id)
  if (active === undefined || under.length === 0) return 0
  const keys = new WorkspaceKeys(db, workspaceId, provider, stored)
  let resealed = 0
  for (const table of SEALED_TABLES) {
    for (let pass = 1; pass <= PASSES; pass++) {
      let left = 0
      for await (const rows of sealedRows(db, table, { workspaceId, under })) {
        signal.throwIfAborted()
        const changes = await Promise.all(rows.map((row) => reseal(keys, table, row, active.id, failures)))
        const whole = changes.filter((change) => change !== undefined)
        const replaced = await replaceRows(db, table, whole)
        resealed += replaced
        left += whole.length - replaced
      }
      if (left === 0) break
      note(`${left} values of ${table.name} are being written by a hub; once more`)
    }
  }
  return resealed
}

async function reseal(keys: WorkspaceKeys, table: SealedTable, row: SealedRow, newId: string, failures: Set<string>): Promise<Resealed | undefined> {
  const key = await keys.key(newId)
  try {
    const { content, binding } = await keys.open(row)
    return { row, ciphertext: await sealEnvelope(content, key, newId, binding), dataKeyId: newId, fingerprint: fingerprinter(key)(content) }
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== "secret_unreadable") throw error
    failures.add(`${table.name}: ${error.message}`)
    return undefined
  }
}

const unused = () =>
  sql<boolean>`${sql.join(
    SEALED_TABLES.map(({ name }) => sql`not exists (select from ${sql.table(`jackfield.${name}`)} s where s.data_key_id = k.id)`),
    sql` and `,
  )}`

/**
 * Removes the retired keys that encrypt nothing; the foreign keys of the sealed tables would prevent the removal of
 * any other.
 */
async function removeUnused(db: Kysely<Database>, workspaceId: string): Promise<{ removed: number; kept: readonly string[] }> {
  const result = await sql`delete from jackfield.data_keys k where workspace_id = ${workspaceId} and retired_at is not null and ${unused()}`.execute(db)
  return { removed: Number(result.numAffectedRows ?? 0), kept: await retiredKeys(db, workspaceId) }
}

const retiredKeys = async (db: Kysely<Database>, workspaceId: string): Promise<readonly string[]> =>
  (await storedKeys(db, workspaceId)).filter((key) => key.retired).map((key) => key.id)
