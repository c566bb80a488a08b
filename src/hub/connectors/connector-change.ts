import { sql } from "kysely"
import { aimChanged } from "../../core/aim.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Tx, VersionKind } from "../../store/database.ts"
import type { Vault } from "../../vault/vault.ts"
import { type AuditAction, type AuditTarget, record } from "../audit/audit.ts"
import { planFrom, VERSIONS_KEPT } from "../base/plans.ts"
import type { Principal } from "../base/principal.ts"
import { requireRoomFor } from "../base/quotas.ts"
import { requireUploads } from "../uploads/upload-uses.ts"
import type { ConnectorRow } from "./connector-row.ts"
import { type SecretPlan, settleSecrets } from "./connector-secrets.ts"
import { type Change, type ConnectorState, changesBetween, columnsOf, reconfigures, stateOf } from "./connector-state.ts"

const ACTIONS: Readonly<Record<ConnectorChange["kind"], AuditAction>> = {
  changed: "connector.update",
  restored: "connector.restore",
  switched: "credentials.switch",
  rolled_back: "credentials.rollback",
}

/** A change of a connector. */
export interface ConnectorChange {
  readonly kind: Exclude<VersionKind, "recorded" | "created">
  /** The version that is brought back, as a whole or in part. */
  readonly of?: number
  /** The type of the connector after the change. */
  readonly connector: AnyConnector
  readonly next: Partial<ConnectorState>
  /** Undefined keeps all secrets as they are. */
  readonly secrets?: SecretPlan
  /** The other columns; `reconfigured` says that the change affects how the connector connects. */
  readonly columns: (reconfigured: boolean) => Readonly<Record<string, unknown>>
}

/**
 * Makes a change and its version in one transaction; returns undefined and changes nothing when another change was quicker. A
 * plain change without a difference makes no version. If the target (host, port, URL origin) changes, credentials that are staged
 * or kept for a rollback are deleted, so that they are never sent elsewhere.
 */
export async function makeChange(tx: Tx, vault: Vault, by: Principal, row: ConnectorRow, change: ConnectorChange): Promise<ConnectorRow | undefined> {
  const owner = { workspaceId: row.workspace_id, connectorId: row.id }
  // The row is locked, so that the state that is compared is the state that is replaced.
  const held = await tx
    .selectFrom("connectors")
    .select("version")
    .where("workspace_id", "=", row.workspace_id)
    .where("id", "=", row.id)
    .forUpdate()
    .executeTakeFirst()
  if (held?.version !== row.version) return undefined
  const before = stateOf(row)
  const after = { ...before, ...change.next }
  const settled = change.secrets === undefined ? undefined : await settleSecrets(vault, tx, owner, change.secrets)
  const changes = [...changesBetween(before, after), ...(settled?.changes ?? [])]
  const reconfigured = changes.some(reconfigures)
  if (change.kind === "changed" && changes.length === 0) return write(tx, row, change.columns(false))
  if (reconfigured) await requireUploads(tx, row.workspace_id, change.connector.fields, after.config)
  const version = row.version + 1
  const moved = before.type !== after.type || aimChanged(change.connector.fields, before.config, after.config)
  const written = await write(tx, row, {
    ...columnsOf(change.next),
    ...(reconfigured ? { refused_at: null } : {}),
    ...(moved ? { rollback_version: null, rollback_fields: null } : {}),
    ...change.columns(reconfigured),
    version,
    updated_at: sql`now()`,
  })
  await settled?.store(version)
  if (moved || (await replacesKept(tx, row, changes))) await dropStaged(tx, owner.workspaceId, row.id)
  else if (reconfigured) await forgetStagedTest(tx, row)
  await recordVersion(tx, by, written, change.kind, changes, change.of)
  await dropOldVersions(tx, written)
  await record(tx, by, {
    action: ACTIONS[change.kind],
    target: targetOf(written),
    details: { version, ...(change.of === undefined ? {} : { of: change.of }), changed: changes.map(({ pointer }) => pointer) },
  })
  return written
}

/** A connector as the audit names it. */
export const targetOf = ({ id, name }: Pick<ConnectorRow, "id" | "name">): AuditTarget => ({ kind: "connector", id, name })

/** The error for a change that names a version which is no longer the present one. */
export const stale = (ref: string | number): PlatformError =>
  new PlatformError("version_stale", `The connector ${String(ref).slice(0, 100)} was changed meanwhile; read it again and repeat the change.`)

/** Makes a change again, at most 20 times, when it has no If-Match and another change was quicker (`version_stale`). */
export async function unlessRaced<T>(ifMatch: number | undefined, change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "version_stale" || ifMatch !== undefined || attempt === 20) throw error
    }
  }
}

/** Stores the present state of a connector as its newest version. */
export async function recordVersion(tx: Tx, by: Principal, row: ConnectorRow, kind: VersionKind, changes: readonly Change[], of?: number): Promise<void> {
  await tx
    .insertInto("connector_versions")
    .values({
      workspace_id: row.workspace_id,
      connector_id: row.id,
      version: row.version,
      kind,
      of_version: of ?? null,
      author: by.id,
      author_name: by.name,
      changes: JSON.stringify(changes),
      state: JSON.stringify(stateOf(row)),
    })
    .execute()
}

/** Empties the slot of the next credentials; true when it held any. */
export async function dropStaged(tx: Tx, workspaceId: string, connectorId: string): Promise<boolean> {
  await tx
    .deleteFrom("connector_secrets")
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "=", connectorId)
    .where("state", "=", "staged")
    .execute()
  const gone = await tx
    .deleteFrom("staged_credentials")
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "=", connectorId)
    .executeTakeFirstOrThrow()
  return gone.numDeletedRows > 0n
}

/**
 * Whether a secret changes that the staged credentials keep by its mask. The mask meant the secret before the change, and the
 * staged fields may send the new one elsewhere, such as to another token URL.
 */
async function replacesKept(tx: Tx, row: ConnectorRow, changes: readonly Change[]): Promise<boolean> {
  const changed = changes.flatMap(({ pointer, secret }) => (secret === true ? [pointer.slice("/config".length)] : []))
  if (changed.length === 0) return false
  const staged = await tx
    .selectFrom("staged_credentials")
    .select("kept")
    .where("workspace_id", "=", row.workspace_id)
    .where("connector_id", "=", row.id)
    .executeTakeFirst()
  return staged?.kept.some((pointer) => changed.includes(pointer)) === true
}

/** Forgets the test of the next credentials, which was of another configuration. */
async function forgetStagedTest(tx: Tx, row: ConnectorRow): Promise<void> {
  await tx
    .updateTable("staged_credentials")
    .set({ test: null, tested_at: null })
    .where("workspace_id", "=", row.workspace_id)
    .where("connector_id", "=", row.id)
    .execute()
}

async function write(tx: Tx, row: ConnectorRow, columns: Readonly<Record<string, unknown>>): Promise<ConnectorRow> {
  if (Object.keys(columns).length === 0) return row
  return tx
    .updateTable("connectors")
    .set(columns)
    .where("workspace_id", "=", row.workspace_id)
    .where("id", "=", row.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Deletes the versions beyond those that the plan keeps, with the secrets that no kept version has. */
async function dropOldVersions(tx: Tx, row: ConnectorRow): Promise<void> {
  const { plan } = await tx.selectFrom("workspaces").select("plan").where("id", "=", row.workspace_id).executeTakeFirstOrThrow()
  const { versions = VERSIONS_KEPT } = planFrom(plan)
  const oldest = row.version - versions + 1
  if (oldest <= 1) return
  await tx
    .deleteFrom("connector_versions")
    .where("workspace_id", "=", row.workspace_id)
    .where("connector_id", "=", row.id)
    .where("version", "<", oldest)
    .execute()
  await tx
    .deleteFrom("connector_secrets")
    .where("workspace_id", "=", row.workspace_id)
    .where("connector_id", "=", row.id)
    .where("to_version", "<=", oldest)
    .execute()
}

/** Prepares the change to another type: the plan must allow it, and the catalogs of the old type are deleted. */
export async function leaveType(tx: Tx, row: ConnectorRow, type: string): Promise<void> {
  if (type === "http") await requireRoomFor(tx, row.workspace_id, "httpConnectors")
  await tx.deleteFrom("catalogs").where("workspace_id", "=", row.workspace_id).where("connector_id", "=", row.id).execute()
}
