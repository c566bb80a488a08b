import type { ColumnType, Generated } from "kysely"
import type { Json, OptionalDate, OptionalJson, OptionalText, Plain, Stamped } from "./column-types.ts"

export type ConnectorPurpose = "enrichment" | "exporter" | "simple" | "source" | "destination"
/** A connector's own limits: `requests` in any window of `perMs`, and `concurrency` at the same time. */
export type ConnectorLimits = { readonly requests?: number; readonly perMs?: number; readonly concurrency?: number }
export type ConnectorStatus = "incomplete" | "untested" | "active" | "error" | "disabled"

/**
 * `config` contains no secrets; `document` is the document that the compatible API `compat` received, without its
 * secrets; `missing` are the faults of a draft; `failures` and `open_until` belong to the breaker; since
 * `refused_at`, the system has refused the credentials; `rollback_fields` are the credential fields of the last
 * switch, whose previous values are in `rollback_version`.
 */
export interface Connectors {
  id: string
  workspace_id: string
  serial: number
  name: string
  title: string
  type: string
  description: ColumnType<string, string | undefined, string>
  labels: ColumnType<Readonly<Record<string, string>>, string | undefined, string>
  purpose: ColumnType<ConnectorPurpose | null, string | null | undefined, string | null>
  limits: OptionalJson<ConnectorLimits>
  config: Json<Plain>
  compat: OptionalText
  document: OptionalJson<Plain>
  failures: ColumnType<number, number | undefined, number>
  open_until: OptionalDate
  status: ConnectorStatus
  missing: ColumnType<readonly { readonly pointer: string; readonly message: string }[], string | undefined, string>
  version: ColumnType<number, number | undefined, number>
  last_test: OptionalJson<Plain>
  last_tested_at: OptionalDate
  refused_at: OptionalDate
  rollback_version: ColumnType<number | null, undefined, number | null>
  rollback_fields: ColumnType<readonly string[] | null, undefined, readonly string[] | null>
  created_by: OptionalText
  created_at: Stamped
  updated_at: Stamped
}

/**
 * One secret of a connector, by the JSON pointer of its field; `ciphertext` is a compact JWE. A `past` secret was in
 * use from `from_version` until `to_version`, which replaced it; a `staged` secret was entered at `from_version` and
 * is not in use yet.
 */
export interface ConnectorSecrets {
  id: Generated<string>
  workspace_id: string
  connector_id: string
  pointer: string
  state: ColumnType<"current" | "past" | "staged", "current" | "staged" | undefined, "current" | "past">
  from_version: ColumnType<number, number | undefined, number>
  to_version: ColumnType<number | null, undefined, number | null>
  ciphertext: string
  fingerprint: string
  data_key_id: string
}

export type VersionKind = "recorded" | "created" | "changed" | "restored" | "switched" | "rolled_back"

/**
 * One change of a connector and its result: `state` contains no secrets; `of_version` is the version that was
 * restored.
 */
export interface ConnectorVersions {
  workspace_id: string
  connector_id: string
  version: number
  kind: VersionKind
  of_version: ColumnType<number | null, number | null | undefined, never>
  author: OptionalText
  author_name: OptionalText
  changes: Json<readonly unknown[]>
  state: Json<Plain>
  at: Stamped
}

/**
 * The next credentials of a connector: `fields` are whole config fields; their secrets are staged, or listed in
 * `kept` if the connector's current ones stay.
 */
export interface StagedCredentials {
  connector_id: string
  workspace_id: string
  id: string
  fields: readonly string[]
  plain: Json<Plain>
  kept: readonly string[]
  author: string
  author_name: string
  at: Stamped
  test: OptionalJson<Plain>
  tested_at: OptionalDate
}
