import { randomBytes, randomUUID } from "node:crypto"
import type { Transaction } from "kysely"
import { append, auditBody, hubActor } from "../../src/hub/audit/audit.ts"
import type { Database } from "../../src/store/database.ts"
import type { Log } from "../../src/store/log.ts"
import type { Store } from "../../src/store/store.ts"

/** A log that keeps its messages. */
export function keepLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, info: keep, warn: keep }
}

/** Ids of one workspace with a row in every table that belongs to a workspace. */
export interface Seeded {
  readonly workspaceId: string
  readonly userId: string
  readonly connectorId: string
  readonly dataKeyId: string
  readonly webhookId: string
  readonly kind: string
  readonly uploadId: string
}

type Tx = Transaction<Database>

/** One row for every workspace-scoped table, in an order that foreign keys allow. `at` may name another workspace than the transaction's. */
export const ROWS: Readonly<Record<string, (tx: Tx, at: Seeded) => Promise<unknown>>> = {
  workspaces: (tx, at) =>
    tx
      .insertInto("workspaces")
      .values({ id: at.workspaceId, name: `w-${randomUUID()}`, title: "W" })
      .execute(),
  memberships: (tx, at) => tx.insertInto("memberships").values({ workspace_id: at.workspaceId, user_id: at.userId, role: "admin" }).execute(),
  api_keys: (tx, at) =>
    tx
      .insertInto("api_keys")
      .values({ id: randomUUID(), workspace_id: at.workspaceId, name: "k", prefix: "jf_abcd", hash: randomBytes(32), role: "viewer" })
      .execute(),
  connectors: (tx, at) =>
    tx
      .insertInto("connectors")
      .values({ id: at.connectorId, workspace_id: at.workspaceId, serial: 1, name: "c", title: "C", type: "postgres", config: "{}", status: "untested" })
      .execute(),
  data_keys: (tx, at) => tx.insertInto("data_keys").values({ id: at.dataKeyId, workspace_id: at.workspaceId, wrapped: "x", key_id: "k" }).execute(),
  connector_secrets: (tx, at) =>
    tx
      .insertInto("connector_secrets")
      .values({
        workspace_id: at.workspaceId,
        connector_id: at.connectorId,
        pointer: "/password",
        ciphertext: "x",
        fingerprint: "f",
        data_key_id: at.dataKeyId,
      })
      .execute(),
  connector_versions: (tx, at) =>
    tx
      .insertInto("connector_versions")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, version: 1, kind: "created", changes: "[]", state: "{}" })
      .execute(),
  staged_credentials: (tx, at) =>
    tx
      .insertInto("staged_credentials")
      .values({
        workspace_id: at.workspaceId,
        connector_id: at.connectorId,
        id: randomUUID(),
        fields: [],
        plain: "{}",
        kept: [],
        author: "a",
        author_name: "A",
      })
      .execute(),
  catalogs: (tx, at) =>
    tx
      .insertInto("catalogs")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, version: 1, complete: true, counts: "{}", duration_ms: 1 })
      .execute(),
  catalog_skipped: (tx, at) =>
    tx
      .insertInto("catalog_skipped")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, version: 1, position: 0, path: ["public", "t"], reason: "r" })
      .execute(),
  catalog_streams: (tx, at) =>
    tx
      .insertInto("catalog_streams")
      .values({
        workspace_id: at.workspaceId,
        connector_id: at.connectorId,
        version: 1,
        position: 0,
        path: ["public", "t"],
        kind: "table",
        columns: "[]",
        search: "public.t",
      })
      .execute(),
  limiter_rates: (tx, at) => tx.insertInto("limiter_rates").values({ workspace_id: at.workspaceId, connector_id: at.connectorId }).execute(),
  limiter_starts: (tx, at) =>
    tx.insertInto("limiter_starts").values({ workspace_id: at.workspaceId, connector_id: at.connectorId, first: 1, upto: 1, at: new Date() }).execute(),
  oauth_tokens: (tx, at) =>
    tx
      .insertInto("oauth_tokens")
      .values({ workspace_id: at.workspaceId, identity: `i${randomUUID()}`, connector_id: at.connectorId })
      .execute(),
  recent_calls: (tx, at) =>
    tx
      .insertInto("recent_calls")
      .values({ workspace_id: at.workspaceId, name: `n${randomUUID()}` })
      .execute(),
  audit_heads: (tx, at) => append(tx, at.workspaceId, [auditBody(hubActor(at.workspaceId), { action: "seed.head" })]),
  audit_entries: (tx, at) => append(tx, at.workspaceId, [auditBody(hubActor(at.workspaceId), { action: "seed.entry" })]),
  uploads: (tx, at) => tx.insertInto("uploads").values({ id: at.uploadId, workspace_id: at.workspaceId, name: "u" }).execute(),
  upload_chunks: (tx, at) =>
    tx
      .insertInto("upload_chunks")
      .values({ workspace_id: at.workspaceId, upload_id: at.uploadId, position: 0, data: Buffer.from("x") })
      .execute(),
  idempotency_keys: (tx, at) =>
    tx
      .insertInto("idempotency_keys")
      .values({
        workspace_id: at.workspaceId,
        principal: "key:1",
        key: randomUUID(),
        request: randomBytes(32),
        claim: randomUUID(),
        leased_until: new Date(),
        expires_at: new Date(Date.now() + 60_000),
      })
      .execute(),
  limiter_slots: (tx, at) =>
    tx.insertInto("limiter_slots").values({ id: randomUUID(), workspace_id: at.workspaceId, connector_id: at.connectorId, expires_at: new Date() }).execute(),
  health_checks: (tx, at) =>
    tx.insertInto("health_checks").values({ workspace_id: at.workspaceId, connector_id: at.connectorId, every_ms: 60_000, timeout_ms: 1_000 }).execute(),
  health_results: (tx, at) =>
    tx
      .insertInto("health_results")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, version: 1, state: "up", changed: false, report: "{}" })
      .execute(),
  webhooks: (tx, at) =>
    tx
      .insertInto("webhooks")
      .values({
        id: at.webhookId,
        workspace_id: at.workspaceId,
        url: "https://a.test",
        events: ["x"],
        ciphertext: "x",
        fingerprint: "f",
        data_key_id: at.dataKeyId,
      })
      .execute(),
  webhook_deliveries: (tx, at) =>
    tx
      .insertInto("webhook_deliveries")
      .values({ id: randomUUID(), workspace_id: at.workspaceId, webhook_id: at.webhookId, event_id: randomUUID(), type: "x", body: "{}" })
      .execute(),
  admissions: (tx, at) => tx.insertInto("admissions").values({ workspace_id: at.workspaceId, kind: at.kind }).execute(),
  admission_nodes: (tx, at) =>
    tx.insertInto("admission_nodes").values({ workspace_id: at.workspaceId, kind: at.kind, node: randomUUID(), open: 1, expires_at: new Date() }).execute(),
  probes: (tx, at) =>
    tx
      .insertInto("probes")
      .values({ workspace_id: at.workspaceId, connector_id: at.connectorId, node: randomUUID(), key: "k", expires_at: new Date() })
      .execute(),
}

/** Makes a user and a workspace with one row in each table. */
export async function seedWorkspace(store: Store): Promise<Seeded> {
  const at = {
    workspaceId: randomUUID(),
    userId: randomUUID(),
    connectorId: randomUUID(),
    dataKeyId: randomUUID(),
    webhookId: randomUUID(),
    uploadId: randomUUID(),
    kind: "tests",
  }
  await store.asHub((tx) =>
    tx
      .insertInto("users")
      .values({ id: at.userId, email: `${at.userId}@example.test`, name: "U", password_hash: "x" })
      .execute(),
  )
  await store.inWorkspace(at.workspaceId, async (tx) => {
    for (const insert of Object.values(ROWS)) await insert(tx, at)
  })
  return at
}
