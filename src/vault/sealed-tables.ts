/** A table with values that the vault sealed: `ciphertext` under `data_key_id`, one workspace's at a time. */
export interface SealedTable {
  readonly name: string
  /** The columns of its primary key. */
  readonly key: readonly string[]
  /** Whether it has a `fingerprint` of the sealed value, which is made anew with the data key. */
  readonly fingerprint: boolean
  /** Columns that say what a value is bound to, by the name that its envelope gives them; a value that was moved to another row is then told. */
  readonly bound?: Readonly<Record<string, string>>
}

/** Every table that rotation and proof walk. A test compares this list with the schema, so that none is forgotten. */
export const SEALED_TABLES: readonly SealedTable[] = [
  { name: "connector_secrets", key: ["id"], fingerprint: true, bound: { con: "connector_id", ptr: "pointer" } },
  { name: "idempotency_keys", key: ["workspace_id", "principal", "key"], fingerprint: false },
  { name: "oauth_tokens", key: ["workspace_id", "identity"], fingerprint: false, bound: { con: "identity" } },
  { name: "webhooks", key: ["id"], fingerprint: true, bound: { con: "id" } },
]
