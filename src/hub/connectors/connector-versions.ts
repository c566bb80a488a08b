import { type Selectable, sql } from "kysely"
import { parseConfig, showConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { type Fault, PlatformError } from "../../core/errors.ts"
import { BREAKER_CLOSED } from "../../limits/breaker.ts"
import type { ConnectorVersions, Tx, VersionKind } from "../../store/database.ts"
import { notFound } from "../base/not-found.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { leaveType, makeChange, stale, unlessRaced } from "./connector-change.ts"
import { checked } from "./connector-config.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import { type ConnectorRow, findConnector, type Ref } from "./connector-row.ts"
import { planOf, type SecretOwner, type SecretRow, sealedSecrets } from "./connector-secrets.ts"
import type { Change, ConnectorState } from "./connector-state.ts"
import { type ConnectorView, viewsOf } from "./connector-view.ts"

/** One version of a connector: its author, time, kind and changes. `of` is the version that was brought back. */
export interface Version {
  readonly version: number
  readonly kind: VersionKind
  readonly of: number | null
  /** Null for a connector that is older than versions are. */
  readonly author: { readonly id: string; readonly name: string | null } | null
  readonly at: string
  readonly changes: readonly Change[]
}

/** A version with the connector as it was then, secrets as masks. */
export interface WholeVersion extends Version {
  readonly connector: Pick<ConnectorView, "name" | "title" | "type" | "description" | "labels" | "purpose" | "limits" | "config" | "missing"> & {
    readonly enabled: boolean
  }
}

type Row = Selectable<ConnectorVersions>

/** The versions of connectors, the newest first, and the way back to one. */
export class Versions {
  readonly #parts: ConnectorParts

  constructor(parts: ConnectorParts) {
    this.#parts = parts
  }

  async list(by: Principal, ref: Ref, query: PageQuery): Promise<Page<Version>> {
    const before = decodeCursor(query.cursor)
    return this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
      const { id } = await findConnector(tx, by, ref)
      const all = tx.selectFrom("connector_versions").where("workspace_id", "=", by.workspace.id).where("connector_id", "=", id)
      const { total } = await all.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const rows = await (before === 0 ? all : all.where("version", "<", before))
        .selectAll()
        .orderBy("version", "desc")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, total, (row) => row.version)
      return { ...page, data: page.data.map(versionOf) }
    })
  }

  async get(by: Principal, ref: Ref, version: number): Promise<WholeVersion> {
    return this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
      const row = await findConnector(tx, by, ref)
      const found = await findVersion(tx, row, version)
      const { compat: _compat, document: _document, config, ...state } = found.state as unknown as ConnectorState
      const fingerprints = new Map((await sealedSecrets(tx, by.workspace.id, [row.id], version)).map((each) => [each.pointer, each.fingerprint]))
      const fields = this.#parts.registry.find(state.type)?.fields
      const mask = (pointer: string) => {
        const fingerprint = fingerprints.get(pointer)
        return fingerprint === undefined ? undefined : { set: true as const, fingerprint }
      }
      return { ...versionOf(found), connector: { ...state, config: fields === undefined ? {} : showConfig(fields, config, mask) } }
    })
  }

  /**
   * Restores a version as a new one: type, config, secrets, title, description, labels, purpose and limits. The name, by which
   * others use the connector, stays, and so does whether it is enabled. The connector is untested then.
   */
  async restore(by: Principal, ref: Ref, version: number, ifMatch?: number): Promise<ConnectorView> {
    const view = await unlessRaced(ifMatch, () =>
      this.#parts.store.inWorkspace(by.workspace.id, async (tx) => {
        const row = await findConnector(tx, by, ref)
        if (ifMatch !== undefined && row.version !== ifMatch) throw stale(ref)
        const restored = await this.#restored(tx, by, row, await findVersion(tx, row, version))
        if (restored === undefined) throw stale(ref)
        const [view] = await viewsOf(tx, this.#parts.registry, by, [restored])
        if (view === undefined) throw stale(ref)
        return view
      }),
    )
    this.#parts.warm.drop(view.id)
    return view
  }

  async #restored(tx: Tx, by: Principal, row: ConnectorRow, found: Row): Promise<ConnectorRow | undefined> {
    const { vault, registry } = this.#parts
    const { name: _name, enabled: _enabled, ...state } = found.state as unknown as ConnectorState
    const connector = registry.find(state.type)
    if (connector === undefined) {
      const message = `Version ${found.version} is of the type ${state.type}, which this hub does not have; restore another, or change the connector by hand.`
      throw new PlatformError("unsupported", message)
    }
    const owner: SecretOwner = { workspaceId: row.workspace_id, connectorId: row.id }
    const rows = await sealedSecrets(tx, row.workspace_id, [row.id], found.version)
    const { plain, missing } = fitting(connector, state, rows)
    const secrets = await planOf(vault, tx, owner, rows)
    if (state.type !== row.type) await leaveType(tx, row, state.type)
    return makeChange(tx, vault, by, row, {
      kind: "restored",
      of: found.version,
      connector,
      next: { ...state, config: plain, missing },
      secrets,
      columns: (reconfigured) => ({
        ...BREAKER_CLOSED,
        ...(reconfigured ? { last_test: null, last_tested_at: null } : {}),
        status: row.status === "disabled" ? row.status : missing.length > 0 ? "incomplete" : row.refused_at !== null && !reconfigured ? "error" : "untested",
      }),
    })
  }
}

/** The version of that number; `not_found` when there never was one, or when it is no longer kept. */
export async function findVersion(tx: Tx, row: ConnectorRow, version: number): Promise<Row> {
  const found = await tx
    .selectFrom("connector_versions")
    .selectAll()
    .where("workspace_id", "=", row.workspace_id)
    .where("connector_id", "=", row.id)
    .where("version", "=", version)
    .executeTakeFirst()
  if (found !== undefined) return found
  const listing = { things: "versions", path: `/v1/connectors/${row.name}/versions`, command: `jackfield connectors versions ${row.name}` }
  throw notFound(`There is no version ${version} of ${row.name}, or it is no longer kept`, listing)
}

/** The stored config as the type takes it today. A version that was complete cannot come back when its type needs more fields now. */
function fitting(connector: AnyConnector, state: Pick<ConnectorState, "config" | "missing">, rows: readonly SecretRow[]) {
  const stored = { plain: state.config, secrets: new Set(rows.map(({ pointer }) => pointer)) }
  const { plain, missing } = checked(connector, parseConfig(connector.fields, {}, stored), state.missing.length > 0)
  return { plain, missing: missing as readonly Fault[] }
}

const versionOf = (row: Row): Version => ({
  version: row.version,
  kind: row.kind,
  of: row.of_version,
  author: row.author === null ? null : { id: row.author, name: row.author_name },
  at: row.at.toISOString(),
  changes: row.changes as readonly Change[],
})
