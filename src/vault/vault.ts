import { randomBytes, randomUUID } from "node:crypto"
import { PlatformError } from "../core/errors.ts"
import type { Tx } from "../store/database.ts"
import { someDataKeys } from "../store/lookups.ts"
import type { Store } from "../store/store.ts"
import { keyIdOf, openEnvelope, sealEnvelope } from "./envelope.ts"
import { type Fingerprinter, fingerprinter, remembering } from "./fingerprint.ts"
import type { KeyContext, KeyProvider, WrappedKey } from "./key-provider.ts"
import { type KeyPlace, type KeySettings, loadKeys } from "./key-settings.ts"

/** The only place at which a secret can be opened: `pointer` is the JSON pointer of its field. */
export interface SecretBinding {
  readonly workspaceId: string
  readonly connectorId: string
  readonly pointer: string
}

/** A secret, as stored: a compact JWE, the fingerprint for display, and the id of its data key. */
export interface Sealed {
  readonly ciphertext: string
  readonly fingerprint: string
  readonly dataKeyId: string
}

interface DataKey {
  readonly id: string
  readonly workspaceId: string
  readonly key: Uint8Array
  readonly fingerprint: Fingerprinter
}

/** The prefix of the hub's own keys in the settings. */
export const HUB_KEY = "hub-key/"
const RECENT_MS = 1_000
const RECENT_MAX = 1_000
/** The number of data keys that a start tries before it reports that the master key opens none. */
const TRIED = 20

/**
 * Encrypts secrets with a data key per workspace, and opens each only at the place that it was sealed for. The given
 * transactions must be the workspace's (`store.inWorkspace`). Unwrapped data keys stay in memory.
 */
export class Vault {
  readonly #provider: KeyProvider
  readonly #dataKeys = new Map<string, DataKey>()
  /** The keys in use, for fingerprints alone; by workspace. */
  readonly #recent = new Map<string, { readonly fingerprint: Fingerprinter; readonly until: number }>()
  /** Keys that are being unwrapped, so that any number of callers cause one request to a key service. */
  readonly #opening = new Map<string, Promise<Uint8Array>>()

  constructor(provider: KeyProvider) {
    this.#provider = provider
  }

  /** Encrypts a secret for its place. Creates the workspace's data key if it has none yet. */
  async seal(tx: Tx, binding: SecretBinding, value: string): Promise<Sealed> {
    const dataKey = await this.#active(tx, binding.workspaceId)
    const ciphertext = await sealEnvelope(Buffer.from(value, "utf8"), dataKey.key, dataKey.id, headerOf(binding))
    return { ciphertext, fingerprint: dataKey.fingerprint(value), dataKeyId: dataKey.id }
  }

  /**
   * The secret in clear. PlatformError `secret_unreadable` if it was sealed for another place, was changed, or its
   * key is missing.
   */
  async unseal(tx: Tx, binding: SecretBinding, row: { readonly ciphertext: string }): Promise<string> {
    const keyId = keyIdOf(row.ciphertext, headerOf(binding))
    if (keyId === undefined) throw unreadable(binding, "it was stored for another field, connector or workspace")
    const dataKey = await this.#find(tx, keyId)
    if (dataKey?.workspaceId !== binding.workspaceId) throw unreadable(binding, "its data key belongs to another workspace")
    try {
      return Buffer.from(await openEnvelope(row.ciphertext, dataKey.key)).toString("utf8")
    } catch (cause) {
      throw unreadable(binding, "it was changed in the database", cause)
    }
  }

  /**
   * The visible form of a secret: 12 hex digits, equal for equal values in one workspace, and useless for guessing
   * without the workspace's key. Fingerprints change when the data keys are rotated.
   */
  async fingerprint(tx: Tx, workspaceId: string, value: string): Promise<string> {
    return (await this.#active(tx, workspaceId)).fingerprint(value)
  }

  /** The same without a transaction, by the data key that was active within the last second. */
  async fingerprintByRecentKey(store: Pick<Store, "inWorkspace">, workspaceId: string, value: string): Promise<string> {
    const known = this.#recent.get(workspaceId)
    if (known !== undefined && performance.now() < known.until) return known.fingerprint(value)
    const dataKey = await store.inWorkspace(workspaceId, (tx) => this.#active(tx, workspaceId))
    if (this.#recent.size >= RECENT_MAX) this.#recent.clear()
    const fingerprint = remembering(dataKey.fingerprint)
    this.#recent.set(workspaceId, { fingerprint, until: performance.now() + RECENT_MS })
    return fingerprint(value)
  }

  /**
   * A key of the hub itself (such as the one that signs sessions), created on first use and stored in the settings,
   * wrapped by the master key; the same on every node.
   */
  async hubKey(store: Pick<Store, "asHub">, name: string): Promise<Uint8Array> {
    const context = hubContext(name)
    const key = `${HUB_KEY}${name}`
    const find = async (tx: Tx): Promise<WrappedKey | undefined> =>
      (await tx.selectFrom("settings").select("value").where("key", "=", key).executeTakeFirst())?.value as WrappedKey | undefined
    const value = (await store.asHub(find)) ?? (await this.#makeHubKey(store, key, context, find))
    return this.#provider.unwrap(value.keyId, value.wrapped, context)
  }

  async #makeHubKey(store: Pick<Store, "asHub">, key: string, context: KeyContext, find: (tx: Tx) => Promise<WrappedKey | undefined>): Promise<WrappedKey> {
    const fresh = await this.#provider.wrap(randomBytes(32), context)
    return await store.asHub(async (tx) => {
      await tx
        .insertInto("settings")
        .values({ key, value: JSON.stringify(fresh) })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      return (await find(tx)) ?? fresh
    })
  }

  /**
   * Rejects a master key that opens none of the existing keys, because every stored secret would be unreadable with
   * it.
   */
  async verify(store: Pick<Store, "asHub">): Promise<void> {
    const found = await store.asHub((tx) => someWrappedKeys(tx))
    let cause: unknown
    for (const { keyId, wrapped, context } of found) {
      try {
        await this.#provider.unwrap(keyId, wrapped, context)
        return
      } catch (error) {
        // An unavailable key service says nothing about its keys.
        if (error instanceof PlatformError && error.code === "keys_unavailable") throw error
        cause = error
      }
    }
    if (found.length === 0) return
    const message = `The master key (${await this.#provider.currentKeyId()}) opens none of this hub's secrets; start with the key that they were stored under (${found[0]?.keyId}), or name that in JACKFIELD_MASTER_KEY_PREVIOUS.`
    throw new PlatformError("secret_unreadable", message, { cause })
  }

  async #active(tx: Tx, workspaceId: string): Promise<DataKey> {
    const id = (await activeId(tx, workspaceId)) ?? (await this.#make(tx, workspaceId))
    const found = await this.#find(tx, id)
    if (found?.workspaceId === workspaceId) return found
    throw new PlatformError("internal", "The data key of a workspace disappeared while it was in use; try again.")
  }

  /** Two transactions may do so at once: the index lets one row stand, and both use it. */
  async #make(tx: Tx, workspaceId: string): Promise<string> {
    const id = randomUUID()
    const { keyId, wrapped } = await this.#provider.wrap(randomBytes(32), { workspaceId, dataKeyId: id })
    const row = { id, workspace_id: workspaceId, wrapped, key_id: keyId }
    await tx
      .insertInto("data_keys")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return (await activeId(tx, workspaceId)) ?? id
  }

  async #find(tx: Tx, id: string): Promise<DataKey | undefined> {
    const cached = this.#dataKeys.get(id)
    if (cached) return cached
    const row = await tx.selectFrom("data_keys").select(["workspace_id", "wrapped", "key_id"]).where("id", "=", id).executeTakeFirst()
    if (!row) return undefined
    const opening = this.#opening.get(id) ?? this.#provider.unwrap(row.key_id, row.wrapped, { workspaceId: row.workspace_id, dataKeyId: id })
    this.#opening.set(id, opening)
    const key = await opening.finally(() => this.#opening.delete(id))
    const dataKey = { id, workspaceId: row.workspace_id, key, fingerprint: fingerprinter(key) }
    this.#dataKeys.set(id, dataKey)
    return dataKey
  }
}

/** Keys that the master key wraps: the newest data keys, and those of the hub itself. */
async function someWrappedKeys(tx: Tx): Promise<readonly (WrappedKey & { readonly context: KeyContext })[]> {
  const dataKeys = await someDataKeys(tx, TRIED)
  const hubKeys = await tx.selectFrom("settings").selectAll().where("key", "like", `${HUB_KEY}%`).limit(TRIED).execute()
  return [
    ...dataKeys.map((row) => ({ keyId: row.key_id, wrapped: row.wrapped, context: { workspaceId: row.workspace_id, dataKeyId: row.id } })),
    ...hubKeys.map((row) => ({ ...(row.value as WrappedKey), context: hubContext(row.key.slice(HUB_KEY.length)) })),
  ]
}

/** The context in which a key of the hub itself is wrapped. */
export const hubContext = (name: string): KeyContext => ({ workspaceId: "hub", dataKeyId: name })

/**
 * Opens the vault of a hub: finds the master key, or creates it on the very first start of an embedded hub (which
 * passes `dataDir`), and verifies it against the store.
 */
export async function openVault(store: Store, settings: KeySettings, place: Omit<KeyPlace, "mayCreate">): Promise<Vault> {
  const known = await store.asHub((tx) => someWrappedKeys(tx))
  const vault = new Vault(await loadKeys(settings, { ...place, mayCreate: known.length === 0 }))
  await vault.verify(store)
  return vault
}

/** The active data key of a workspace, read each time, because a rotation on any node may change it. */
async function activeId(tx: Tx, workspaceId: string): Promise<string | undefined> {
  const row = await tx.selectFrom("data_keys").select("id").where("workspace_id", "=", workspaceId).where("retired_at", "is", null).executeTakeFirst()
  return row?.id
}

const headerOf = (binding: SecretBinding) => ({ ws: binding.workspaceId, con: binding.connectorId, ptr: binding.pointer })

function unreadable(binding: SecretBinding, why: string, cause?: unknown): PlatformError {
  return new PlatformError("secret_unreadable", `The secret ${binding.pointer} of connector ${binding.connectorId} cannot be opened: ${why}; enter it again.`, {
    cause,
  })
}
