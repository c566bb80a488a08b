import { type Selectable, sql } from "kysely"
import type { Stream } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import { open } from "../core/session.ts"
import type { Catalogs as CatalogTable } from "../store/database.ts"
import { parentMissing, uniqueViolation } from "../store/store.ts"
import { findConnector, type Tx } from "./connector-view.ts"
import type { Connectors } from "./connectors.ts"
import type { HubParts } from "./hub.ts"
import type { Principal } from "./identity.ts"
import { decodeCursor, type PageQuery, pageOf } from "./page.ts"

/** What the system has by its own count, and what became of it: streams + skipped = total when `complete` may be true. */
export interface CatalogCounts {
  readonly total: number
  readonly streams: number
  readonly skipped: number
  readonly byKind: Readonly<Record<string, number>>
}

export interface Skipped {
  readonly path: readonly string[]
  readonly reason: string
}

/** One page of a connector's newest catalog. `complete` is true only when every thing that the system counts is a stream. */
export interface CatalogPage {
  readonly version: number
  readonly discoveredAt: string
  readonly complete: boolean
  readonly counts: CatalogCounts
  readonly skipped: readonly Skipped[]
  readonly streams: readonly Stream[]
  readonly nextCursor: string | null
  readonly total: number
}

export interface CatalogQuery extends PageQuery {
  readonly search?: string
}

export const DISCOVERY_DEADLINE_MS = 120_000
const STREAMS_PER_INSERT = 100
const VERSIONS_KEPT = 5
/** Streams and skipped things of one catalog: a system that lists without end shall not fill the store. */
const MOST_THINGS = 250_000

interface Target {
  readonly workspaceId: string
  readonly connectorId: string
}

/** What connectors have to offer: discovered, stored by version, searched and paged. */
export class Catalogs {
  readonly #parts: HubParts
  readonly #connectors: Connectors

  constructor(parts: HubParts, connectors: Connectors) {
    this.#parts = parts
    this.#connectors = connectors
  }

  /**
   * Reads the system's schema into a new version of the catalog, in batches, so that memory stays flat. A discovery that
   * fails or is killed leaves the last version as it was.
   */
  async discover(by: Principal, ref: string, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<CatalogPage> {
    const { door, log, uploads, bounds } = this.#parts
    using _place = bounds.enter(by.workspace.id, "discoveries")
    const opened = await this.#connectors.open(by, ref)
    const target: Target = { workspaceId: by.workspace.id, connectorId: opened.id }
    const begun = performance.now()
    const lease = door.lease({ deadlineMs: options.timeoutMs ?? DISCOVERY_DEADLINE_MS, operator: by.operator, signal: options.signal })
    let unfinished: number | undefined
    try {
      await using session = await open(opened.connector, opened.config, lease, {
        log: (message, facts) => log.info(facts ?? {}, message),
        upload: uploads.opener(by.workspace.id),
        token: this.#parts.tokens.of({ ...target, operator: by.operator }),
      })
      const version = await this.#reserve(target)
      unfinished = version
      const found = { streams: 0, skipped: [] as Skipped[], counted: undefined as { total: number; byKind: Readonly<Record<string, number>> } | undefined }
      let batch: Stream[] = []
      const flush = async (): Promise<void> => {
        await this.#insert(target, version, found.streams - batch.length, batch)
        batch = []
      }
      for await (const each of session.discover()) {
        if (found.streams + found.skipped.length >= MOST_THINGS)
          throw new PlatformError("response_too_large", `The system lists more than ${MOST_THINGS} tables and the like; give the hub a login that sees fewer.`)
        if ("skipped" in each) found.skipped.push(each.skipped)
        else if ("counted" in each) found.counted = each.counted
        else {
          batch.push(each.stream)
          found.streams++
          if (batch.length >= STREAMS_PER_INSERT) await flush()
        }
      }
      await flush()
      const seen = found.streams + found.skipped.length
      const counted = found.counted ?? { total: seen, byKind: {} }
      const unaccounted = counted.total - seen
      if (unaccounted !== 0)
        found.skipped.push({ path: [], reason: `The system counts ${counted.total} things, ${seen} were seen; it changed meanwhile, so discover again.` })
      const counts: CatalogCounts = { total: counted.total, streams: found.streams, skipped: found.skipped.length, byKind: counted.byKind }
      await this.#finish(target, version, {
        complete: found.skipped.length === 0,
        counts,
        skipped: found.skipped,
        durationMs: Math.round(performance.now() - begun),
      })
      unfinished = undefined
    } finally {
      await lease.close()
      if (unfinished !== undefined) await this.#drop(target, unfinished)
    }
    return this.page(by, opened.id, { limit: 20 })
  }

  /** One page of the newest catalog; `search` is looked for in paths and column names, whatever the case. */
  async page(by: Principal, ref: string, query: CatalogQuery): Promise<CatalogPage> {
    const after = decodeCursor(query.cursor)
    return this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findConnector(tx, by.workspace.id, ref)
      const catalog = await newest(tx, by.workspace.id, row.id)
      if (catalog === undefined)
        throw new PlatformError("catalog_missing", `The connector ${row.name} was never discovered; run POST /v1/connectors/${row.name}/discover.`)
      let matching = tx
        .selectFrom("catalog_streams")
        .where("workspace_id", "=", by.workspace.id)
        .where("connector_id", "=", row.id)
        .where("version", "=", catalog.version)
      if (query.search !== undefined && query.search !== "")
        matching = matching.where("search", "like", `%${query.search.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`)
      // Positions count from 0, cursors name the last position of a page plus one.
      const rows = await matching
        .selectAll()
        .where("position", ">=", after)
        .orderBy("position")
        .limit(query.limit + 1)
        .execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, (each) => each.position + 1)
      return { ...headOf(catalog), streams: page.data.map(streamOf), nextCursor: page.nextCursor, total }
    })
  }

  /** The stream of that path in the newest catalog, if it has one. */
  async stream(by: Principal, connectorId: string, path: readonly string[]): Promise<Stream | undefined> {
    return this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
      const catalog = await newest(tx, by.workspace.id, connectorId)
      if (catalog === undefined) return undefined
      const row = await tx
        .selectFrom("catalog_streams")
        .selectAll()
        .where("workspace_id", "=", by.workspace.id)
        .where("connector_id", "=", connectorId)
        .where("version", "=", catalog.version)
        // A bare array would become a row of values.
        .where("path", "=", sql<string[]>`${[...path]}::text[]`)
        .executeTakeFirst()
      return row === undefined ? undefined : streamOf(row)
    })
  }

  /** Takes the next version number; two discoveries at once take two. */
  async #reserve({ workspaceId, connectorId }: Target): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#parts.store.inWorkspace(workspaceId, async (tx) => {
          const { version } = await tx
            .selectFrom("catalogs")
            .select(sql<number>`coalesce(max(version), 0) + 1`.as("version"))
            .where("workspace_id", "=", workspaceId)
            .where("connector_id", "=", connectorId)
            .executeTakeFirstOrThrow()
          const nothing = { complete: false, counts: "{}", skipped: "[]", duration_ms: 0 }
          await tx
            .insertInto("catalogs")
            .values({ workspace_id: workspaceId, connector_id: connectorId, version, ...nothing })
            .execute()
          return version
        })
      } catch (error) {
        if (uniqueViolation(error) === undefined || attempt === 5) return gone(error)
      }
    }
  }

  async #insert({ workspaceId, connectorId }: Target, version: number, first: number, streams: readonly Stream[]): Promise<void> {
    if (streams.length === 0) return
    const rows = streams.map((stream, index) => ({
      workspace_id: workspaceId,
      connector_id: connectorId,
      version,
      position: first + index,
      path: [...stream.path],
      kind: stream.kind,
      columns: JSON.stringify(stream.columns),
      key: [...stream.key],
      estimated_rows: stream.estimatedRows ?? null,
      comment: stream.comment ?? null,
      search: [...stream.path, ...stream.columns.map((column) => column.name)].join("\n").toLowerCase(),
    }))
    await this.#parts.store.inWorkspace(workspaceId, (tx) => tx.insertInto("catalog_streams").values(rows).execute()).catch(gone)
  }

  /** Takes back a version that will not be finished: nobody reads it, and failing again and again must not fill the store. */
  async #drop({ workspaceId, connectorId }: Target, version: number): Promise<void> {
    await this.#parts.store.inWorkspace(workspaceId, (tx) =>
      tx.deleteFrom("catalogs").where("workspace_id", "=", workspaceId).where("connector_id", "=", connectorId).where("version", "=", version).execute(),
    )
  }

  /** Makes the version the newest, and drops those that nobody reads any more: old ones, and what killed discoveries left. */
  async #finish(
    { workspaceId, connectorId }: Target,
    version: number,
    result: { complete: boolean; counts: CatalogCounts; skipped: readonly Skipped[]; durationMs: number },
  ): Promise<void> {
    await this.#parts.store.inWorkspace(workspaceId, async (tx) => {
      await tx
        .updateTable("catalogs")
        .set({
          discovered_at: new Date(),
          complete: result.complete,
          counts: JSON.stringify(result.counts),
          skipped: JSON.stringify(result.skipped),
          duration_ms: result.durationMs,
        })
        .where("workspace_id", "=", workspaceId)
        .where("connector_id", "=", connectorId)
        .where("version", "=", version)
        .execute()
      await tx
        .deleteFrom("catalogs")
        .where("workspace_id", "=", workspaceId)
        .where("connector_id", "=", connectorId)
        .where((where) =>
          where.or([where("version", "<=", version - VERSIONS_KEPT), where.and([where("discovered_at", "is", null), where("version", "<", version - 1)])]),
        )
        .execute()
    })
  }
}

/** A version goes with its connector, or when later discoveries were done before it. */
function gone(error: unknown): never {
  if (!parentMissing(error)) throw error
  throw new PlatformError("not_found", "The connector was removed or discovered again while it was read; list it, then discover it once more.", {
    cause: error,
  })
}

async function newest(tx: Tx, workspaceId: string, connectorId: string): Promise<Selectable<CatalogTable> | undefined> {
  return tx
    .selectFrom("catalogs")
    .selectAll()
    .where("workspace_id", "=", workspaceId)
    .where("connector_id", "=", connectorId)
    .where("discovered_at", "is not", null)
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst()
}

const headOf = (row: Selectable<CatalogTable>): Pick<CatalogPage, "version" | "discoveredAt" | "complete" | "counts" | "skipped"> => ({
  version: row.version,
  discoveredAt: row.discovered_at?.toISOString() ?? "",
  complete: row.complete,
  counts: row.counts as unknown as CatalogCounts,
  skipped: row.skipped as readonly Skipped[],
})

const streamOf = (row: {
  path: readonly string[]
  kind: string
  columns: readonly unknown[]
  key: readonly string[] | null
  estimated_rows: number | null
  comment: string | null
}): Stream => ({
  path: row.path,
  kind: row.kind as Stream["kind"],
  columns: row.columns as Stream["columns"],
  key: row.key ?? [],
  ...(row.estimated_rows === null ? {} : { estimatedRows: row.estimated_rows }),
  ...(row.comment === null ? {} : { comment: row.comment }),
})
