import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Remedy } from "../../core/remedies.ts"
import type { Stream } from "../../core/streams.ts"
import type { Tx } from "../../store/database.ts"
import { parentMissing, type Store, uniqueViolation } from "../../store/store.ts"
import { type AuditTarget, record } from "../audit/audit.ts"
import type { Principal } from "../base/principal.ts"
import { emit } from "../webhooks/outbox.ts"
import { type DiffSummary, summarize } from "./catalog-diff.ts"

/** The system's own count of its things, and the numbers of streams and skipped ones; `complete` needs streams + skipped = total. */
export interface CatalogCounts {
  readonly total: number
  readonly streams: number
  readonly skipped: number
  readonly byKind: Readonly<Record<string, number>>
}

export interface Skipped {
  readonly path: readonly string[]
  readonly reason: string
  /** What would make it a stream. */
  readonly remedies?: readonly Remedy[]
}

/** The owner of a catalog. */
export interface CatalogOwner {
  readonly workspaceId: string
  readonly connectorId: string
}

/** Streams are stored with their columns; skipped things are short. */
const STREAMS_PER_INSERT = 100
const SKIPPED_PER_INSERT = 2_000
/** The number of versions of a connector's catalog that are kept. */
export const VERSIONS_KEPT = 20
/** The most streams and skipped things of one catalog, so that a system that lists without end cannot fill the store. */
const MOST_THINGS = 250_000
/** A version that was begun so long ago and is not finished was killed, since no discovery may take so long. */
const FORGOTTEN_MINUTES = 20

/** Writes one new version of a catalog in batches, so that memory stays flat. The version is not visible until `finish`. */
export class CatalogWriter {
  readonly #store: Store
  readonly #owner: CatalogOwner
  readonly version: number
  #streams: Stream[] = []
  #skipped: Skipped[] = []
  #counts = { streams: 0, skipped: 0 }
  #counted: { readonly total: number; readonly byKind: Readonly<Record<string, number>> } | undefined

  private constructor(store: Store, owner: CatalogOwner, version: number) {
    this.#store = store
    this.#owner = owner
    this.version = version
  }

  /** Takes the next version number; two discoveries at once take two numbers. */
  static async begin(store: Store, owner: CatalogOwner): Promise<CatalogWriter> {
    const { workspaceId, connectorId } = owner
    for (let attempt = 1; ; attempt++) {
      try {
        const version = await store.inWorkspace(workspaceId, async (tx) => {
          const { next } = await tx
            .selectFrom("catalogs")
            .select(sql<number>`coalesce(max(version), 0) + 1`.as("next"))
            .where("workspace_id", "=", workspaceId)
            .where("connector_id", "=", connectorId)
            .executeTakeFirstOrThrow()
          const row = { workspace_id: workspaceId, connector_id: connectorId, version: next, complete: false, counts: "{}", duration_ms: 0 }
          await tx.insertInto("catalogs").values(row).execute()
          return next
        })
        return new CatalogWriter(store, owner, version)
      } catch (error) {
        if (uniqueViolation(error) === undefined || attempt === 5) return gone(error)
      }
    }
  }

  async add(stream: Stream): Promise<void> {
    this.#refuseEndless()
    this.#counts.streams++
    if (this.#streams.push(stream) >= STREAMS_PER_INSERT) await this.#flushStreams()
  }

  async skip(skipped: Skipped): Promise<void> {
    this.#refuseEndless()
    await this.#skip(skipped)
  }

  /** Notes the system's own count. */
  counted(total: number, byKind: Readonly<Record<string, number>>): void {
    this.#counted = { total, byKind }
  }

  /**
   * Makes the version visible, tells webhooks about its changes, and deletes versions beyond those kept and the rests of
   * discoveries that were killed.
   */
  async finish(by: Principal, target: AuditTarget, durationMs: number): Promise<void> {
    const seen = this.#counts.streams + this.#counts.skipped
    const { total, byKind } = this.#counted ?? { total: seen, byKind: {} }
    if (total !== seen)
      await this.#skip({ path: [], reason: `The system counts ${total} things, and ${seen} were seen; it changed meanwhile, so discover it again.` })
    await this.#flushStreams()
    await this.#flushSkipped()
    const counts: CatalogCounts = { total, ...this.#counts, byKind }
    const { workspaceId, connectorId } = this.#owner
    await this.#store
      .inWorkspace(workspaceId, async (tx) => {
        const diff = await this.#diff(tx)
        await tx
          .updateTable("catalogs")
          .set({
            discovered_at: sql<Date>`now()`,
            complete: this.#counts.skipped === 0,
            counts: JSON.stringify(counts),
            duration_ms: durationMs,
            diff: diff === undefined ? null : JSON.stringify(diff),
          })
          .where("workspace_id", "=", workspaceId)
          .where("connector_id", "=", connectorId)
          .where("version", "=", this.version)
          .execute()
        if (diff !== undefined && diff.changes > 0) await this.#tell(tx, diff)
        await dropOld(tx, this.#owner)
        await record(tx, by, { action: "catalog.discover", target, details: { version: this.version, streams: counts.streams, skipped: counts.skipped } })
      })
      .catch(gone)
  }

  /** Deletes a version that will not be finished, so that repeated failures cannot fill the store. */
  async drop(): Promise<void> {
    const { workspaceId, connectorId } = this.#owner
    await this.#store.inWorkspace(workspaceId, (tx) =>
      tx.deleteFrom("catalogs").where("workspace_id", "=", workspaceId).where("connector_id", "=", connectorId).where("version", "=", this.version).execute(),
    )
  }

  #refuseEndless(): void {
    if (this.#counts.streams + this.#counts.skipped < MOST_THINGS) return
    throw new PlatformError("response_too_large", `The system lists more than ${MOST_THINGS} tables and other things; give the hub a login that sees fewer.`)
  }

  async #skip(skipped: Skipped): Promise<void> {
    this.#counts.skipped++
    if (this.#skipped.push(skipped) >= SKIPPED_PER_INSERT) await this.#flushSkipped()
  }

  async #diff(tx: Tx): Promise<DiffSummary | undefined> {
    const { workspaceId, connectorId } = this.#owner
    const before = await tx
      .selectFrom("catalogs")
      .select("version")
      .where("workspace_id", "=", workspaceId)
      .where("connector_id", "=", connectorId)
      .where("discovered_at", "is not", null)
      .where("version", "<", this.version)
      .orderBy("version", "desc")
      .limit(1)
      .executeTakeFirst()
    return before === undefined ? undefined : summarize(tx, { workspaceId, connectorId, from: before.version, to: this.version })
  }

  async #tell(tx: Tx, diff: DiffSummary): Promise<void> {
    const { workspaceId, connectorId } = this.#owner
    const connector = await tx
      .selectFrom("connectors")
      .select(["id", "name", "title", "type"])
      .where("workspace_id", "=", workspaceId)
      .where("id", "=", connectorId)
      .executeTakeFirstOrThrow()
    await emit(tx, workspaceId, "catalog.changed", { connector, ...diff })
  }

  async #flushStreams(): Promise<void> {
    const streams = this.#streams
    if (streams.length === 0) return
    this.#streams = []
    const first = this.#counts.streams - streams.length
    const rows = streams.map((stream, index) => ({
      ...this.#keys(first + index),
      path: [...stream.path],
      kind: stream.kind,
      columns: JSON.stringify(stream.columns),
      key: [...stream.key],
      estimated_rows: stream.estimatedRows ?? null,
      comment: stream.comment ?? null,
      guesses: stream.guesses === undefined ? null : JSON.stringify(stream.guesses),
      search: [...stream.path, ...stream.columns.map((column) => column.name)].join("\n").toLowerCase(),
    }))
    await this.#store.inWorkspace(this.#owner.workspaceId, (tx) => tx.insertInto("catalog_streams").values(rows).execute()).catch(gone)
  }

  async #flushSkipped(): Promise<void> {
    const skipped = this.#skipped
    if (skipped.length === 0) return
    this.#skipped = []
    const first = this.#counts.skipped - skipped.length
    const rows = JSON.stringify(skipped.map(({ path, reason, remedies = [] }, index) => ({ position: first + index, path, reason, remedies })))
    const { workspaceId, connectorId } = this.#owner
    // One parameter instead of thousands: a statement of so many parameters takes longer to write than to run.
    const insert = sql`insert into jackfield.catalog_skipped (workspace_id, connector_id, version, position, path, reason, remedies)
      select ${workspaceId}::uuid, ${connectorId}::uuid, ${this.version}::integer, s.position, s.path, s.reason, s.remedies
      from json_to_recordset(${rows}::json) as s (position integer, path text[], reason text, remedies jsonb)`
    await this.#store.inWorkspace(workspaceId, (tx) => insert.execute(tx)).catch(gone)
  }

  #keys(position: number) {
    return { workspace_id: this.#owner.workspaceId, connector_id: this.#owner.connectorId, version: this.version, position }
  }
}

async function dropOld(tx: Tx, { workspaceId, connectorId }: CatalogOwner): Promise<void> {
  const oldest = tx
    .selectFrom("catalogs")
    .select("version")
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "=", connectorId)
    .where("discovered_at", "is not", null)
    .orderBy("version", "desc")
    .offset(VERSIONS_KEPT)
    .limit(1)
  const forgotten = sql<Date>`now() - ${FORGOTTEN_MINUTES} * interval '1 minute'`
  await tx
    .deleteFrom("catalogs")
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "=", connectorId)
    .where((where) =>
      where.or([
        where.and([where("discovered_at", "is not", null), where("version", "<=", oldest)]),
        where.and([where("discovered_at", "is", null), where("begun_at", "<", forgotten)]),
      ]),
    )
    .execute()
}

/** A version cannot outlive its connector. */
function gone(error: unknown): never {
  if (!parentMissing(error)) throw error
  throw new PlatformError("not_found", "The connector was removed while it was discovered; list connectors, then discover another.", { cause: error })
}
