import type { ColumnType, Generated } from "kysely"
import type { Json, OptionalDate, OptionalJson, OptionalText, Plain, Stamped } from "./column-types.ts"

export type HealthState = "unknown" | "up" | "down"
export type DeliveryState = "pending" | "delivered" | "failed"

/** The schedule of a connector's checks and their results so far; `failures` counts failures in a row. */
export interface HealthChecks {
  workspace_id: string
  connector_id: string
  every_ms: number
  timeout_ms: number
  state: Generated<HealthState>
  since: Stamped
  failures: Generated<number>
  checked_at: OptionalDate
  next_at: Stamped
  stopped_code: OptionalText
  stopped_version: ColumnType<number | null, number | null | undefined, number | null>
  leased_until: OptionalDate
  leased_by: OptionalText
  created_by: OptionalText
  created_at: Stamped
}

/** One scheduled check: the report as every user may see it, and the state after it. */
export interface HealthResults {
  id: Generated<number>
  workspace_id: string
  connector_id: string
  at: Stamped
  version: number
  state: HealthState
  changed: boolean
  report: Json<Plain>
}

/** `ciphertext` is the signing secret, as in `connector_secrets`. */
export interface Webhooks {
  id: string
  workspace_id: string
  position: Generated<number>
  url: string
  description: ColumnType<string, string | undefined, string>
  events: readonly string[]
  ciphertext: string
  fingerprint: string
  data_key_id: string
  disabled_at: OptionalDate
  disabled_reason: OptionalText
  failing_since: OptionalDate
  created_by: OptionalText
  created_at: Stamped
  updated_at: Stamped
}

/** The outbox: every attempt sends `body`, byte for byte. */
export interface WebhookDeliveries {
  id: string
  workspace_id: string
  webhook_id: string
  position: Generated<number>
  event_id: string
  type: string
  body: string
  state: ColumnType<DeliveryState, DeliveryState | undefined, DeliveryState>
  attempts: Generated<number>
  next_at: Stamped
  leased_until: OptionalDate
  leased_by: OptionalText
  last_at: OptionalDate
  last_status: ColumnType<number | null, number | null | undefined, number | null>
  last_error: OptionalText
  delivered_at: OptionalDate
  created_at: Stamped
}

/** The starts of one kind in the last minute. */
export interface Admissions {
  workspace_id: string
  kind: string
  starts: Generated<Date[]>
}

/** The number of open items of one kind on a node; expires if it is not renewed. */
export interface AdmissionNodes {
  workspace_id: string
  kind: string
  node: string
  open: number
  expires_at: Date
}

/** A probe of a connector that is running, or has just ended with `report`; `key` identifies the tested config. */
export interface Probes {
  workspace_id: string
  connector_id: string
  node: string
  key: string
  expires_at: Date
  report: OptionalJson<Plain>
}
