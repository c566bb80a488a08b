import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { parseConfig } from "../../core/config.ts"
import { passBreaker } from "../../limits/breaker.ts"
import type { Tx } from "../../store/database.ts"
import { record } from "../audit/audit.ts"
import { noteTest } from "../audit/audit-notes.ts"
import type { Page } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { requireRoomFor } from "../base/quotas.ts"
import { type TestReport, testPartly } from "../probes/probe.ts"
import type { Subject } from "../probes/probes.ts"
import { requireUploads } from "../uploads/upload-uses.ts"
import { leaveType, makeChange, recordVersion, stale, targetOf, unlessRaced } from "./connector-change.ts"
import { columnsAfter, documentOf, nextOf, statusOf, tested } from "./connector-columns.ts"
import { checked, parsedInput } from "./connector-config.ts"
import type { CompatOptions, ConnectorInput, ConnectorPatch } from "./connector-input.ts"
import { type ConnectorFilter, type ConnectorSearch, listConnectors, searchConnectors } from "./connector-lists.ts"
import { freeHandle, nameTaken, requireFree } from "./connector-names.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import { type ConnectorRow, findConnector, noConnector, type Ref, requireUsable } from "./connector-row.ts"
import { secretValues, settleSecrets } from "./connector-secrets.ts"
import { columnsOf } from "./connector-state.ts"
import { probeConfig, probeOver, storeTest, type TestOptions, verifyConfig } from "./connector-tests.ts"
import { typeOf } from "./connector-types.ts"
import { type ConnectorView, fingerprintsOf, viewsOf } from "./connector-view.ts"
import { isRefusal } from "./login-gate.ts"
import { openRow } from "./opened.ts"
import { requireAccepted, stopUses } from "./refusals.ts"

/** The connectors of workspaces: made, shown, changed, tested. Every query names the workspace, and row-level security enforces it. */
export class Connectors {
  readonly #parts: ConnectorParts

  constructor(parts: ConnectorParts) {
    this.#parts = parts
  }

  /** Stores a connector. With `verify` it must pass a test first; with `draft` required fields may be missing. */
  async create(by: Principal, input: ConnectorInput, options: CompatOptions = {}): Promise<ConnectorView> {
    const workspaceId = by.workspace.id
    const connector = typeOf(this.#parts.registry, input.type)
    const parsed = checked(connector, parsedInput(connector, input.config), input.draft === true)
    const { name: handle } = input
    if (handle !== undefined) await this.#inWorkspace(by, (tx) => requireFree(tx, workspaceId, handle))
    const report = input.verify === true ? await verifyConfig(this.#parts, by, connector, parsed, new Map()) : undefined
    return this.#inWorkspace(by, async (tx) => {
      // The counter locks the workspace's row, so that titles, handles and the plan are checked one creation at a time.
      const { serial } = await tx
        .updateTable("workspaces")
        .set({ next_connector_serial: sql`next_connector_serial + 1` })
        .where("id", "=", workspaceId)
        .returning(sql<number>`next_connector_serial - 1`.as("serial"))
        .executeTakeFirstOrThrow()
      await requireRoomFor(tx, workspaceId, "connectors", ...(connector.type === "http" ? (["httpConnectors"] as const) : []))
      await requireUploads(tx, workspaceId, connector.fields, parsed.plain)
      const title = input.title ?? handle ?? connector.title
      const name = handle ?? (await freeHandle(tx, workspaceId, title))
      await this.#judgeTitle(tx, by, title, undefined, options)
      const row = await tx
        .insertInto("connectors")
        .values({
          id: randomUUID(),
          workspace_id: workspaceId,
          serial,
          name,
          title,
          type: connector.type,
          config: JSON.stringify(parsed.plain),
          status: input.enabled === false ? "disabled" : statusOf(parsed, report),
          created_by: by.id,
          ...columnsOf({ ...nextOf(input, parsed), ...documentOf(options) }),
          ...tested(report),
        })
        .returningAll()
        .executeTakeFirstOrThrow()
        .catch((error: unknown) => Promise.reject(nameTaken(error, name)))
      await (await settleSecrets(this.#parts.vault, tx, { workspaceId, connectorId: row.id }, parsed.secrets)).store(row.version)
      await recordVersion(tx, by, row, "created", [])
      const view = await this.#view(tx, by, row)
      await record(tx, by, { action: "connector.create", target: targetOf(row), details: { version: row.version, type: row.type } })
      return view
    })
  }

  /** Throws what a creation throws before it dials: for a faulty config or a taken name. */
  async assertCreatable(by: Principal, input: ConnectorInput): Promise<void> {
    const connector = typeOf(this.#parts.registry, input.type)
    checked(connector, parsedInput(connector, input.config), input.draft === true)
    const { name } = input
    if (name !== undefined) await this.#inWorkspace(by, (tx) => requireFree(tx, by.workspace.id, name))
  }

  async get(by: Principal, ref: Ref): Promise<ConnectorView> {
    return this.#inWorkspace(by, async (tx) => this.#view(tx, by, await findConnector(tx, by, ref)))
  }

  /** Connectors in the order of their creation. */
  async list(by: Principal, filter: ConnectorFilter): Promise<Page<ConnectorView>> {
    return this.#inWorkspace(by, (tx) => listConnectors(tx, this.#parts.registry, by, filter))
  }

  /** The connectors that a compatible API lists, and how many there are in all. */
  async search(by: Principal, search: ConnectorSearch): Promise<{ data: ConnectorView[]; total: number }> {
    return this.#inWorkspace(by, (tx) => searchConnectors(tx, this.#parts.registry, by, search))
  }

  /**
   * Changes the parts that `patch` names: an absent field is kept, as is a secret given as its mask; `null` clears a field.
   * `ifMatch` is the version that the caller saw. A changed config makes the connector untested, or active when `verify` tested
   * it.
   */
  async patch(by: Principal, ref: Ref, patch: ConnectorPatch, ifMatch?: number, options: CompatOptions = {}): Promise<ConnectorView> {
    const view = await unlessRaced(ifMatch, () => this.#tryPatch(by, ref, patch, ifMatch, options))
    this.#parts.warm.drop(view.id)
    return view
  }

  async #tryPatch(by: Principal, ref: Ref, patch: ConnectorPatch, ifMatch: number | undefined, options: CompatOptions): Promise<ConnectorView> {
    const workspaceId = by.workspace.id
    const { row, secrets } = await this.#inWorkspace(by, async (tx) => {
      const found = await findConnector(tx, by, ref)
      return { row: found, secrets: (await fingerprintsOf(tx, workspaceId, [found.id])).get(found.id) ?? new Map<string, string>() }
    })
    if (ifMatch !== undefined && row.version !== ifMatch) throw stale(ref)
    const connector = typeOf(this.#parts.registry, patch.type ?? row.type)
    const { type } = connector
    // The config of another type cannot be kept.
    const stored = type === row.type ? { plain: row.config, secrets: new Set(secrets.keys()) } : undefined
    const posted = patch.config === undefined ? parseConfig(connector.fields, {}, stored) : parsedInput(connector, patch.config, stored)
    const parsed = checked(connector, posted, patch.draft ?? row.missing.length > 0)
    const { name } = patch
    if (name !== undefined && name !== row.name) await this.#inWorkspace(by, (tx) => requireFree(tx, workspaceId, name))
    const report = patch.verify === true ? await verifyConfig(this.#parts, by, connector, parsed, await this.#secrets(by, row)) : undefined
    const configured = patch.config !== undefined || type !== row.type
    return this.#inWorkspace(by, async (tx) => {
      if (patch.title !== undefined && patch.title !== row.title) await this.#judgeTitle(tx, by, patch.title, row.id, options)
      if (type !== row.type) await leaveType(tx, row, type)
      const changed = await makeChange(tx, this.#parts.vault, by, row, {
        kind: "changed",
        connector,
        next: { ...nextOf(patch, configured ? parsed : undefined), ...documentOf(options) },
        ...(configured ? { secrets: parsed.secrets } : {}),
        columns: (reconfigured) => columnsAfter(row, patch, parsed, report, reconfigured),
      }).catch((error: unknown) => Promise.reject(nameTaken(error, name ?? row.name)))
      if (changed === undefined) throw stale(ref)
      return this.#view(tx, by, changed)
    })
  }

  async remove(by: Principal, ref: Ref, ifMatch?: number): Promise<void> {
    const removed = await this.#inWorkspace(by, async (tx) => {
      const row = await findConnector(tx, by, ref)
      let removal = tx.deleteFrom("connectors").where("workspace_id", "=", by.workspace.id).where("id", "=", row.id)
      if (ifMatch !== undefined) removal = removal.where("version", "=", ifMatch)
      const { numDeletedRows } = await removal.executeTakeFirstOrThrow()
      if (numDeletedRows === 0n) throw ifMatch === undefined ? noConnector(String(ref)) : stale(ref)
      await record(tx, by, { action: "connector.remove", target: targetOf(row), details: { version: row.version, type: row.type } })
      return row
    })
    this.#parts.warm.drop(removed.id)
  }

  /** Tests a stored connector and stores the findings, unless the connector was changed or every caller went away meanwhile. */
  async test(by: Principal, ref: Ref, options: TestOptions): Promise<TestReport> {
    const { door, store, counters, probes } = this.#parts
    return probes.bounded(by.workspace.id, ref, options.scheduled === true, async () => {
      const readAt = performance.now()
      const { row, view } = await this.#inWorkspace(by, async (tx) => {
        const found = await findConnector(tx, by, ref)
        return { row: found, view: await this.#view(tx, by, found) }
      })
      const partial = row.status === "disabled" ? undefined : options.partial?.(view)
      if (partial === undefined) requireUsable(row, this.#parts.registry)
      if (partial === undefined && options.breaker === true) requireAccepted(row)
      if (options.breaker === true) await passBreaker(store, row)
      const subject: Subject = {
        key: `${row.id} ${row.version} ${JSON.stringify(partial)}`,
        connectorId: row.id,
        names: [row.id, row.name, row.serial],
        probe: async (how) => {
          if (partial !== undefined)
            return testPartly(door, row.name, { fields: typeOf(this.#parts.registry, row.type).fields, config: row.config }, partial, how)
          const { connector, config } = await this.#inWorkspace(by, (tx) => openRow(this.#parts, tx, row, readAt))
          return probeOver(this.#parts, by.workspace.id, connector, config, how, row.id)
        },
        store: async ({ operator }) => {
          if (operator.error !== undefined && isRefusal(operator.error)) await stopUses(this.#parts, by, row, operator.error.code)
          await this.#inWorkspace(by, (tx) => storeTest(tx, row, operator, counters, partial === undefined))
        },
      }
      const report = await probes.run(by, subject, options)
      if (options.scheduled !== true) noteTest(this.#parts, by, targetOf(row), report)
      return report
    })
  }

  /** Tests a config that is not stored. A faulty config is refused, not tested. */
  async testUnsaved(by: Principal, type: string, config: Readonly<Record<string, unknown>>, options: TestOptions): Promise<TestReport> {
    return this.#parts.probes.bounded(by.workspace.id, undefined, false, async () => {
      const connector = typeOf(this.#parts.registry, type)
      const parsed = checked(connector, parsedInput(connector, config), false)
      const report = await probeConfig(this.#parts, by, connector, parsed, new Map(), options)
      noteTest(this.#parts, by, { kind: "type", id: type, name: type }, report)
      return report
    })
  }

  /** The secrets by pointer, each as `mask` shows it. The values themselves are not returned. */
  async maskedSecrets(by: Principal, ref: Ref, mask: (value: string) => string): Promise<ReadonlyMap<string, string>> {
    const row = await this.#inWorkspace(by, (tx) => findConnector(tx, by, ref))
    return new Map([...(await this.#secrets(by, row))].map(([pointer, value]) => [pointer, mask(value)]))
  }

  async #judgeTitle(tx: Tx, by: Principal, title: string, self: string | undefined, { refuse }: CompatOptions): Promise<void> {
    if (refuse === undefined) return
    // Renames lock the workspace's row too, as creations do.
    await tx.selectFrom("workspaces").select("id").where("id", "=", by.workspace.id).forUpdate().execute()
    const rows = await tx.selectFrom("connectors").selectAll().where("workspace_id", "=", by.workspace.id).where("title", "=", title).execute()
    const others = rows.filter((row) => row.id !== self)
    const refused = refuse(await viewsOf(tx, this.#parts.registry, by, others))
    if (refused !== undefined) throw refused
  }

  /** The secrets of the version that was read, even when the connector was changed since. */
  #secrets(by: Principal, { id, version }: ConnectorRow): Promise<Map<string, string>> {
    return this.#inWorkspace(by, (tx) => secretValues(this.#parts.vault, tx, { workspaceId: by.workspace.id, connectorId: id }, version))
  }

  async #view(tx: Tx, by: Principal, row: ConnectorRow): Promise<ConnectorView> {
    const [view] = await viewsOf(tx, this.#parts.registry, by, [row])
    if (view === undefined) throw noConnector(row.name)
    return view
  }

  #inWorkspace<T>(by: Principal, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#parts.store.inWorkspace(by.workspace.id, work)
  }
}
