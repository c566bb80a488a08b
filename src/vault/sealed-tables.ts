/** A table with values that the vault sealed: `ciphertext` under `data_key_id`, each row in one workspace. */
export interface SealedTable {
  readonly name: string
  /** The columns of its primary key. */
  readonly key: readonly string[]
  /** Whether it has a `fingerprint` of the sealed value, which changes with the data key. */
  readonly fingerprint: boolean
  /**
   * Columns that repeat the binding of a value, by their names in the envelope; they reveal a value that was moved to
   * another row.
   */
  readonly bound?: Readonly<Record<string, string>>
}

/**
 * Every table that rotation and proof walk. A test compares this list with the schema, so that no table is forgotten.
 */
export const SEALED_TABLES: readonly SealedTable[] = [
  { name: "connector_secrets", key: ["id"], fingerprint: true, bound: { con: "connector_id", ptr: "pointer" } },
  { name: "idempotency_keys", key: ["workspace_id", "principal", "key"], fingerprint: false },
  { name: "oauth_tokens", key: ["workspace_id", "identity"], fingerprint: false, bound: { con: "identity" } },
  { name: "webhooks", key: ["id"], fingerprint: true, bound: { con: "id" } },
]
