import { type Selectable, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import { callHub, type Remedy } from "../../core/remedies.ts"
import type { Stream } from "../../core/streams.ts"
import type { Catalogs as CatalogTable, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { type ConnectorRow, findConnector } from "../connectors/connector-row.ts"
import type { Use, Uses } from "../connectors/uses.ts"
import { type CatalogChange, changesPage, type DiffSummary, summarize } from "./catalog-diff.ts"
import { type CatalogCounts, CatalogWriter, type Skipped } from "./catalog-writer.ts"

/**
 * A version of a catalog. `complete` is true only when everything that the system counts is a stream. `diff` counts the changes
 * since the version before.
 */
export interface CatalogHead {
  readonly version: number
  readonly discoveredAt: string
  readonly complete: boolean
  readonly counts: CatalogCounts
  readonly diff: DiffSummary | null
}

/** One page of a catalog; `skipped` names the first things that were left out. */
export interface CatalogPage extends CatalogHead {
  readonly skipped: readonly Skipped[]
  readonly streams: readonly Stream[]
  readonly nextCursor: string | null
  readonly total: number
}

export interface CatalogQuery extends PageQuery {
  readonly search?: string
  readonly version?: number
}

/** One version without its streams; `diff` is null for a first version. */
export interface CatalogVersion extends CatalogHead {
  readonly durationMs: number
}

/** The changes between two versions: their number, and a page of them. */
export interface CatalogDiff extends DiffSummary, Page<CatalogChange> {}

type Row = Selectable<CatalogTable>

export const DISCOVERY_DEADLINE_MS = 120_000
/** The number of skipped things that a page of the catalog shows. */
const SKIPPED_SHOWN = 20

/** The catalogs of connectors: discovered, stored by version, searched and paged. */
export class Catalogs {
  readonly #store: Store
  readonly #uses: Uses

  constructor(store: Store, uses: Uses) {
    this.#store = store
    this.#uses = uses
  }

  /**
   * Reads the system's schema into a new version of the catalog, in batches, so that memory stays flat. A discovery that fails or
   * is killed leaves the last version unchanged.
   */
  async discover(by: Principal, ref: string, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<CatalogPage> {
    const { signal, timeoutMs = DISCOVERY_DEADLINE_MS } = options
    const id = await this.#uses.once(by, ref, { kind: "discoveries", deadlineMs: timeoutMs, signal, repeatable: true }, (use) => this.#write(by, use))
    return this.page(by, id, { limit: 20 })
  }

  /** Writes the schema of a connector as a new version, and returns the connector's id. */
  async #write(by: Principal, { session, opened, begunAt }: Use): Promise<string> {
    const writer = await CatalogWriter.begin(this.#store, { workspaceId: by.workspace.id, connectorId: opened.id })
    try {
      for await (const each of session.discover()) {
        if ("skipped" in each) await writer.skip(each.skipped)
        else if ("counted" in each) writer.counted(each.counted.total, each.counted.byKind)
        else await writer.add(each.stream)
      }
      await writer.finish(by, { kind: "connector", id: opened.id, name: opened.name }, Math.round(performance.now() - begunAt))
    } catch (error) {
      await writer.drop()
      throw error
    }
    return opened.id
  }

  /** One page of the newest catalog, or of the given version. `search` is matched against paths and column names, regardless of case. */
  async page(by: Principal, ref: string, query: CatalogQuery): Promise<CatalogPage> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findConnector(tx, by, ref)
      const catalog = await versionOf(tx, row, query.version)
      let matching = tx
        .selectFrom("catalog_streams")
        .where("workspace_id", "=", by.workspace.id)
        .where("connector_id", "=", row.id)
        .where("version", "=", catalog.version)
      if (query.search !== undefined && query.search !== "")
        matching = matching.where("search", "like", `%${query.search.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`)
      // Positions count from 0; a cursor is the last position of a page plus one.
      const rows = await matching
        .selectAll()
        .where("position", ">=", after)
        .orderBy("position")
        .limit(query.limit + 1)
        .execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, (each) => each.position + 1)
      const skipped = await skippedOf(tx, row, catalog.version).orderBy("position").limit(SKIPPED_SHOWN).execute()
      return { ...headOf(catalog), skipped: skipped.map(skippedView), streams: page.data.map(streamOf), nextCursor: page.nextCursor, total }
    })
  }

  /** The stream of that path in the newest catalog, if it has one. */
  async stream(by: Principal, connectorId: string, path: readonly string[]): Promise<Stream | undefined> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const catalog = await newest(tx, by.workspace.id, connectorId)
      if (catalog === undefined) return undefined
      const row = await tx
        .selectFrom("catalog_streams")
        .selectAll()
        .where("workspace_id", "=", by.workspace.id)
        .where("connector_id", "=", connectorId)
        .where("version", "=", catalog.version)
        // Without the cast the array would become a row of values.
        .where("path", "=", sql<string[]>`${[...path]}::text[]`)
        .executeTakeFirst()
      return row === undefined ? undefined : streamOf(row)
    })
  }

  /** The versions that are kept, the newest first. */
  async versions(by: Principal, ref: string, query: PageQuery): Promise<Page<CatalogVersion>> {
    const before = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { id } = await findConnector(tx, by, ref)
      const all = finished(tx, by.workspace.id, id)
      const { total } = await all.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const rows = await (before === 0 ? all : all.where("version", "<", before))
        .selectAll()
        .orderBy("version", "desc")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, total, ({ version }) => version)
      return { ...page, data: page.data.map((row) => ({ ...headOf(row), durationMs: row.duration_ms })) }
    })
  }

  /** The things that the newest catalog, or the given version, left out, with the reasons. */
  async skipped(by: Principal, ref: string, query: PageQuery & { readonly version?: number }): Promise<Page<Skipped>> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findConnector(tx, by, ref)
      const { version, counts } = await versionOf(tx, row, query.version)
      const rows = await skippedOf(tx, row, version)
        .select("position")
        .where("position", ">=", after)
        .orderBy("position")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, (counts as unknown as CatalogCounts).skipped, ({ position }) => position + 1)
      return { ...page, data: page.data.map(skippedView) }
    })
  }

  /** The changes from one version to another; from the version before the newest to the newest unless given. */
  async diff(by: Principal, ref: string, query: PageQuery & { readonly from?: number; readonly to?: number }): Promise<CatalogDiff> {
    const offset = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findConnector(tx, by, ref)
      const to = await versionOf(tx, row, query.to)
      const from = query.from === undefined ? await before(tx, row, to.version) : await versionOf(tx, row, query.from)
      const compared = { workspaceId: by.workspace.id, connectorId: row.id, from: from.version, to: to.version }
      const stored = to.diff as unknown as DiffSummary | null
      const summary = stored?.from === from.version ? stored : await summarize(tx, compared)
      const changes = await changesPage(tx, compared, offset, query.limit + 1)
      // A cursor is the number of changes before the page.
      const page = pageOf(changes, query.limit, summary.changes, () => offset + query.limit)
      return { ...summary, ...page }
    })
  }
}

const finished = (tx: Tx, workspaceId: string, connectorId: string) =>
  tx.selectFrom("catalogs").where("workspace_id", "=", workspaceId).where("connector_id", "=", connectorId).where("discovered_at", "is not", null)

const skippedOf = (tx: Tx, { workspace_id, id }: ConnectorRow, version: number) =>
  tx
    .selectFrom("catalog_skipped")
    .select(["path", "reason", "remedies"])
    .where("workspace_id", "=", workspace_id)
    .where("connector_id", "=", id)
    .where("version", "=", version)

const skippedView = ({ path, reason, remedies }: { readonly path: readonly string[]; readonly reason: string; readonly remedies: unknown }): Skipped => ({
  path,
  reason,
  remedies: remedies as readonly Remedy[],
})

const newest = (tx: Tx, workspaceId: string, connectorId: string): Promise<Row | undefined> =>
  finished(tx, workspaceId, connectorId).selectAll().orderBy("version", "desc").limit(1).executeTakeFirst()

/** The given version, or the newest. */
async function versionOf(tx: Tx, row: ConnectorRow, version: number | undefined): Promise<Row> {
  const found =
    version === undefined
      ? await newest(tx, row.workspace_id, row.id)
      : await finished(tx, row.workspace_id, row.id).selectAll().where("version", "=", version).executeTakeFirst()
  if (found !== undefined) return found
  if (version === undefined)
    throw new PlatformError("catalog_missing", `The connector ${row.name} has not been discovered yet; run a discovery.`, {
      remedies: [callHub("Discover it", "POST", `/v1/connectors/${row.name}/discover`, `jackfield connectors catalog ${row.name} --refresh`)],
    })
  const listing = { things: "versions", path: `/v1/connectors/${row.name}/catalogs`, command: `jackfield catalog versions ${row.name}` }
  throw notFound(`The catalog of ${row.name} has no version ${version}, or it is no longer kept`, listing)
}

/** The version before that one. */
async function before(tx: Tx, row: ConnectorRow, version: number): Promise<Row> {
  const found = await finished(tx, row.workspace_id, row.id).selectAll().where("version", "<", version).orderBy("version", "desc").limit(1).executeTakeFirst()
  if (found !== undefined) return found
  throw new PlatformError(
    "catalog_missing",
    `The catalog of ${row.name} has no version before ${version} to compare it with; discover it again, or name both versions.`,
  )
}

const headOf = (row: Row): CatalogHead => ({
  version: row.version,
  discoveredAt: row.discovered_at?.toISOString() ?? "",
  complete: row.complete,
  counts: row.counts as unknown as CatalogCounts,
  diff: row.diff as unknown as DiffSummary | null,
})

const streamOf = (row: {
  path: readonly string[]
  kind: string
  columns: readonly unknown[]
  key: readonly string[] | null
  estimated_rows: number | null
  comment: string | null
  guesses: readonly unknown[] | null
}): Stream => ({
  path: row.path,
  kind: row.kind as Stream["kind"],
  columns: row.columns as Stream["columns"],
  key: row.key ?? [],
  ...(row.estimated_rows === null ? {} : { estimatedRows: row.estimated_rows }),
  ...(row.comment === null ? {} : { comment: row.comment }),
  ...(row.guesses === null ? {} : { guesses: row.guesses as NonNullable<Stream["guesses"]> }),
})
