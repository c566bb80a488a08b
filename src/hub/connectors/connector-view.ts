import { type SqlBool, sql } from "kysely"
import { type SecretMask, showConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import type { Fault } from "../../core/errors.ts"
import type { Registry } from "../../core/registry.ts"
import type { ConnectorLimits, ConnectorPurpose, ConnectorStatus, Tx } from "../../store/database.ts"
import type { Viewer } from "../base/scope.ts"
import { storedReport, type TestReport } from "../probes/probe.ts"
import type { ConnectorRow } from "./connector-row.ts"

/** A connector as every answer shows it: secrets as `{ set, fingerprint }`. */
export interface ConnectorView {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly title: string
  readonly type: string
  readonly description: string
  readonly labels: Readonly<Record<string, string>>
  readonly purpose: ConnectorPurpose | null
  readonly limits: ConnectorLimits | null
  readonly config: Readonly<Record<string, unknown>>
  readonly status: ConnectorStatus
  readonly missing: readonly Fault[]
  readonly version: number
  /** The compatible API through which it was made or last changed, and the document that was sent there; the native API shows neither. */
  readonly compat: string | null
  readonly document: Readonly<Record<string, unknown>> | null
  readonly lastTest: TestReport | null
  readonly lastTestedAt: string | null
  /** Since when the far side refuses the credentials; the connector is not used then. */
  readonly credentialsRefusedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The fingerprints of a connector's secrets, by pointer. */
export type Fingerprints = ReadonlyMap<string, string>

/** The view of a row; `connector` is its type, undefined when this hub does not have it. */
export function viewOf(row: ConnectorRow, connector: AnyConnector | undefined, secrets: Fingerprints, operator = false): ConnectorView {
  const mask = (pointer: string): SecretMask | undefined => {
    const fingerprint = secrets.get(pointer)
    return fingerprint === undefined ? undefined : { set: true, fingerprint }
  }
  return {
    id: row.id,
    serial: row.serial,
    name: row.name,
    title: row.title,
    type: row.type,
    description: row.description,
    labels: row.labels,
    purpose: row.purpose,
    limits: row.limits,
    config: connector === undefined ? {} : showConfig(connector.fields, row.config, mask),
    status: row.status,
    missing: row.missing,
    version: row.version,
    compat: row.compat,
    document: row.document,
    lastTest: storedReport(row.last_test, operator),
    lastTestedAt: row.last_tested_at?.toISOString() ?? null,
    credentialsRefusedAt: row.refused_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

/** The fingerprints of the secrets of some connectors, by connector. */
export async function fingerprintsOf(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>(ids.map((id) => [id, new Map<string, string>()]))
  if (ids.length === 0) return found
  const rows = await tx
    .selectFrom("connector_secrets")
    .select(["connector_id", "pointer", "fingerprint"])
    .where("workspace_id", "=", workspaceId)
    // One parameter for any number of ids.
    .where(sql<SqlBool>`connector_id = any(${[...ids]}::uuid[])`)
    .where("state", "=", "current")
    .execute()
  for (const row of rows) found.get(row.connector_id)?.set(row.pointer, row.fingerprint)
  return found
}

/** Rows as answers show them. */
export async function viewsOf(tx: Tx, registry: Registry, by: Viewer, rows: readonly ConnectorRow[]): Promise<ConnectorView[]> {
  const ids = rows.map((row) => row.id)
  const secrets = await fingerprintsOf(tx, by.workspace.id, ids)
  return rows.map((row) => viewOf(row, registry.find(row.type), secrets.get(row.id) ?? new Map(), by.operator))
}
