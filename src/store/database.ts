import type { ColumnType, Generated, Transaction } from "kysely"
import type { Json, OptionalDate, OptionalJson, OptionalText, Plain, Stamped } from "./column-types.ts"
import type { ConnectorSecrets, Connectors, ConnectorVersions, StagedCredentials } from "./connector-tables.ts"
import type { AdmissionNodes, Admissions, HealthChecks, HealthResults, Probes, WebhookDeliveries, Webhooks } from "./health-tables.ts"
import type { OauthTokens } from "./token-tables.ts"

export type * from "./connector-tables.ts"
export type * from "./health-tables.ts"

export type Role = "admin" | "editor" | "use" | "viewer"

/** Settings of the whole hub. */
export interface Settings {
  key: string
  value: Json<unknown>
}

/**
 * `serial` is the workspace's integer id; `plan` its limits; `next_connector_serial` the serial of its next
 * connector.
 */
export interface Workspaces {
  id: string
  serial: Generated<number>
  name: string
  title: string
  plan: ColumnType<Plain, string | undefined, string>
  next_connector_serial: Generated<number>
  created_at: Stamped
}

/** The users of the whole hub; `email` is lower-case. */
export interface Users {
  id: string
  email: string
  name: string
  password_hash: string
  created_at: Stamped
  disabled_at: OptionalDate
  last_login_at: OptionalDate
}

export interface Memberships {
  workspace_id: string
  user_id: string
  role: Role
  /** The connectors that the user is limited to; null for no limit. */
  scope: OptionalJson<{ readonly connectors: readonly string[]; readonly labels: Readonly<Record<string, string>> }>
  created_at: Stamped
}

export interface Sessions {
  id: string
  user_id: string
  created_at: Stamped
  expires_at: Date
  revoked_at: OptionalDate
  address: OptionalText
  agent: OptionalText
}

/**
 * Login attempts for one e-mail (its SHA-256) from one address: the failures since `since`, and the time of the last
 * success.
 */
export interface LoginAttempts {
  email: Buffer
  address: string
  failures: number
  since: Stamped
  succeeded_at: OptionalDate
}

/** `hash` is the SHA-256 of the whole key; `prefix` is its first characters, which help people tell keys apart. */
export interface ApiKeys {
  id: string
  workspace_id: string
  name: string
  prefix: string
  hash: Buffer
  role: Role
  scope: OptionalJson<{ readonly connectors: readonly string[]; readonly labels: Readonly<Record<string, string>> }>
  created_by: OptionalText
  created_at: Stamped
  expires_at: OptionalDate
  revoked_at: OptionalDate
  last_used_at: OptionalDate
}

/** A workspace's data key, wrapped by the master key `key_id`; the one that is not retired encrypts new secrets. */
export interface DataKeys {
  id: string
  workspace_id: string
  wrapped: string
  key_id: string
  created_at: Stamped
  retired_at: OptionalDate
}

/**
 * `discovered_at` is null while the discovery that reserved the version is still writing streams; `diff` summarises
 * the changes since the previous version.
 */
export interface Catalogs {
  workspace_id: string
  connector_id: string
  version: number
  begun_at: Stamped
  discovered_at: OptionalDate
  complete: boolean
  counts: Json<Plain>
  duration_ms: number
  diff: OptionalJson<Plain>
}

/** An object that a discovery skipped, and the reason; an empty path stands for the whole system. */
export interface CatalogSkipped {
  workspace_id: string
  connector_id: string
  version: number
  position: number
  path: readonly string[]
  reason: string
  remedies: Generated<Json<readonly Plain[]>>
}

/** `position` counts from 0 in the order of discovery; `search` is the lower-cased path and column names, for LIKE. */
export interface CatalogStreams {
  workspace_id: string
  connector_id: string
  version: number
  position: number
  path: readonly string[]
  kind: string
  columns: Json<readonly unknown[]>
  key: ColumnType<readonly string[] | null, readonly string[] | null | undefined, readonly string[] | null>
  estimated_rows: ColumnType<number | null, number | string | null | undefined, number | string | null>
  comment: OptionalText
  guesses: OptionalJson<readonly unknown[]>
  search: string
}

/** Private destinations that an operator allowed; `port_from`–`port_to` inclusive, both null for every port. */
export interface EgressRules {
  id: string
  cidr: string
  port_from: ColumnType<number | null, number | null | undefined, number | null>
  port_to: ColumnType<number | null, number | null | undefined, number | null>
  note: OptionalText
  created_by: OptionalText
  created_at: Stamped
}

/**
 * The number of starts granted to a connector, and the time of the latest; `began` is the time at which the latest
 * entry of `limiter_starts` began.
 */
export interface LimiterRates {
  connector_id: string
  workspace_id: string
  granted: Generated<number>
  began: Stamped
  latest: Stamped
}

/** The starts `first` to `upto` of a connector, which count as made at `at`. */
export interface LimiterStarts {
  workspace_id: string
  connector_id: string
  first: number
  upto: number
  at: Date
}

/** A call that may run (`held`) or waits for its turn; expires if it is not renewed. */
export interface LimiterSlots {
  id: string
  workspace_id: string
  connector_id: string
  position: Generated<number>
  held: Generated<boolean>
  expires_at: Date
}

/** The times of a workspace's recent calls of one kind, oldest first. */
export interface RecentCalls {
  workspace_id: string
  name: string
  calls: Generated<Date[]>
}

/**
 * The end of a workspace's audit chain: the number, time and hash of its last entry, and those of the last entry that was
 * removed, 0 and null as long as there is none. Only `audit_append` and `audit_trim` write it.
 */
export interface AuditHeads {
  workspace_id: string
  seq: number
  at: Date
  hash: Buffer
  removed_seq: Generated<number>
  removed_hash: Buffer | null
}

/**
 * One entry of a workspace's audit, with `seq` from 1 without gaps; `body` is canonical JSON, and the last five
 * columns repeat parts of it.
 */
export interface AuditEntries {
  workspace_id: string
  seq: number
  at: Date
  previous: Buffer
  hash: Buffer
  body: string
  action: string
  actor_id: string
  actor_name: string
  target_id: string | null
  target_name: string | null
}

/**
 * A file uploaded to the workspace; without `completed_at` it is still arriving. `arrived_at` is the arrival time of
 * its latest chunk.
 */
export interface Uploads {
  id: string
  workspace_id: string
  position: Generated<number>
  name: string
  bytes: ColumnType<number, number | undefined, number>
  sha256: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>
  created_by: OptionalText
  created_at: Stamped
  arrived_at: Stamped
  completed_at: OptionalDate
}

/** A part of an upload; all parts except the last have the same size; `position` counts from 0. */
export interface UploadChunks {
  workspace_id: string
  upload_id: string
  position: number
  data: Buffer
}

/** A request that a caller sent with a key; without a `status` it is running under `claim`. */
export interface IdempotencyKeys {
  workspace_id: string
  principal: string
  key: string
  request: Buffer
  claim: string
  leased_until: Date
  outcome: OptionalJson<readonly unknown[]>
  status: ColumnType<number | null, number | null | undefined, number | null>
  headers: OptionalJson<Readonly<Record<string, string>>>
  ciphertext: OptionalText
  data_key_id: OptionalText
  created_at: Stamped
  expires_at: Date
}

/**
 * The tables of schema `jackfield` as the hub's login sees them; all except settings, users, sessions and
 * egress_rules show the rows of one workspace at a time.
 */
export interface Database {
  settings: Settings
  workspaces: Workspaces
  users: Users
  memberships: Memberships
  sessions: Sessions
  login_attempts: LoginAttempts
  api_keys: ApiKeys
  connectors: Connectors
  connector_secrets: ConnectorSecrets
  connector_versions: ConnectorVersions
  staged_credentials: StagedCredentials
  data_keys: DataKeys
  catalogs: Catalogs
  catalog_streams: CatalogStreams
  catalog_skipped: CatalogSkipped
  egress_rules: EgressRules
  limiter_rates: LimiterRates
  limiter_starts: LimiterStarts
  limiter_slots: LimiterSlots
  recent_calls: RecentCalls
  oauth_tokens: OauthTokens
  audit_heads: AuditHeads
  audit_entries: AuditEntries
  health_checks: HealthChecks
  health_results: HealthResults
  webhooks: Webhooks
  webhook_deliveries: WebhookDeliveries
  admissions: Admissions
  admission_nodes: AdmissionNodes
  probes: Probes
  uploads: Uploads
  upload_chunks: UploadChunks
  idempotency_keys: IdempotencyKeys
}

/** A transaction of the hub's database. */
export type Tx = Transaction<Database>
