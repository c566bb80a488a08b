import type { Kysely } from "kysely"
import { PlatformError } from "../core/errors.ts"
import type { Database } from "../store/database.ts"
import { openEnvelope, readHeader } from "./envelope.ts"
import type { KeyProvider } from "./key-provider.ts"
import type { SealedRow } from "./sealed-rows.ts"

/** A workspace's data key, as stored. */
export interface StoredKey {
  readonly id: string
  readonly wrapped: string
  readonly masterKeyId: string
  readonly createdAt: Date
  readonly retired: boolean
}

/** The data keys of a workspace, the active one first. */
export async function storedKeys(db: Kysely<Database>, workspaceId: string): Promise<readonly StoredKey[]> {
  const rows = await db.selectFrom("data_keys").selectAll().where("workspace_id", "=", workspaceId).orderBy("created_at", "desc").execute()
  return rows
    .map((row) => ({ id: row.id, wrapped: row.wrapped, masterKeyId: row.key_id, createdAt: row.created_at, retired: row.retired_at !== null }))
    .sort((a, b) => Number(a.retired) - Number(b.retired))
}

/** The unwrapped data keys of one workspace; each is unwrapped when it is first needed. */
export class WorkspaceKeys {
  readonly #db: Kysely<Database>
  readonly #workspaceId: string
  readonly #provider: KeyProvider
  #stored: ReadonlyMap<string, StoredKey>
  readonly #open = new Map<string, Promise<Uint8Array>>()

  constructor(db: Kysely<Database>, workspaceId: string, provider: KeyProvider, stored: readonly StoredKey[]) {
    this.#db = db
    this.#workspaceId = workspaceId
    this.#provider = provider
    this.#stored = new Map(stored.map((key) => [key.id, key]))
  }

  /** Fails with PlatformError `secret_unreadable` if the workspace has no such key or the key cannot be unwrapped. */
  async key(id: string): Promise<Uint8Array> {
    // A hub may have made the workspace's first key in the meantime.
    if (!this.#stored.has(id)) this.#stored = new Map((await storedKeys(this.#db, this.#workspaceId)).map((key) => [key.id, key]))
    const stored = this.#stored.get(id)
    if (stored === undefined) throw new PlatformError("secret_unreadable", `Workspace ${this.#workspaceId} has no data key ${id}.`)
    const found = this.#open.get(id)
    if (found) return await found
    const opening = this.#provider.unwrap(stored.masterKeyId, stored.wrapped, { workspaceId: this.#workspaceId, dataKeyId: id })
    opening.catch(() => this.#open.delete(id))
    this.#open.set(id, opening)
    return await opening
  }

  /**
   * A stored value in clear, with its binding; PlatformError `secret_unreadable` if row and envelope disagree or the
   * value cannot be decrypted.
   */
  async open(row: SealedRow): Promise<{ readonly content: Uint8Array; readonly binding: Readonly<Record<string, string>> }> {
    const header = readHeader(row.ciphertext)
    const where = `The value ${row.key.join(" ")}`
    if (header === undefined) throw new PlatformError("secret_unreadable", `${where} is not an envelope of the vault.`)
    if (header.keyId !== row.dataKeyId) throw new PlatformError("secret_unreadable", `${where} is encrypted with another data key than its row says.`)
    if (header.binding["ws"] !== row.workspaceId) throw new PlatformError("secret_unreadable", `${where} was sealed for another workspace.`)
    if (row.bound !== null && Object.entries(row.bound).some(([name, value]) => header.binding[name] !== value))
      throw new PlatformError("secret_unreadable", `${where} was sealed for another place.`)
    const key = await this.key(row.dataKeyId)
    try {
      return { content: await openEnvelope(row.ciphertext, key), binding: header.binding }
    } catch (cause) {
      throw new PlatformError("secret_unreadable", `${where} cannot be decrypted: it was changed in the database.`, { cause })
    }
  }
}
