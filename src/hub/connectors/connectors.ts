import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { openConfig, parseConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { record } from "../audit/audit.ts"
import { noteTest } from "../audit/audit-notes.ts"
import type { HubParts } from "../hub.ts"
import type { Page } from "../page.ts"
import type { Principal } from "../people/identity.ts"
import { isRefusal } from "../people/logins.ts"
import { leaveType, withinPlan } from "../plans.ts"
import { passBreaker } from "../probes/breaker.ts"
import { type TestReport, testPartly } from "../probes/probe.ts"
import type { Subject } from "../probes/probes.ts"
import { requireUploads } from "../upload-uses.ts"
import { makeChange, recordVersion, stale, targetOf, unlessRaced } from "./connector-change.ts"
import { columnsAfter, documentOf, nextOf, statusOf, tested } from "./connector-columns.ts"
import { checked } from "./connector-config.ts"
import { listConnectors, searchConnectors, viewsOf } from "./connector-lists.ts"
import { freeHandle, nameTaken, requireFree } from "./connector-names.ts"
import { secretValues, settleSecrets } from "./connector-secrets.ts"
import { columnsOf } from "./connector-state.ts"
import { probeConfig, probeOver, storeTest, type TestOptions, verifyConfig } from "./connector-tests.ts"
import { typeOf } from "./connector-types.ts"
import { type ConnectorUse, ConnectorUses, requireAccepted } from "./connector-uses.ts"
import {
  type CompatOptions,
  type ConnectorFilter,
  type ConnectorInput,
  type ConnectorPatch,
  type ConnectorRow,
  type ConnectorSearch,
  type ConnectorView,
  findConnector,
  fingerprintsOf,
  noConnector,
  requireUsable,
  type Tx,
} from "./connector-view.ts"

/** A connector ready to be used: its type and its typed config with the secrets in memory. */
export interface Opened {
  readonly id: string
  readonly name: string
  readonly version: number
  /** When it was read, by `performance.now()`, and whether it has secrets that a far side may refuse. */
  readonly readAt: number
  readonly secret: boolean
  readonly limits: Readonly<Record<string, unknown>> | null
  readonly connector: AnyConnector
  readonly config: Readonly<Record<string, unknown>>
}

/** A connector by id, by name, or by its serial number in the workspace. */
export type Ref = string | number

/** The connectors of workspaces: made, shown, changed, tested, opened. Every look-up names the workspace, and row-level security holds it. */
export class Connectors {
  readonly #parts: HubParts
  readonly #uses: ConnectorUses

  constructor(parts: HubParts) {
    this.#parts = parts
    this.#uses = new ConnectorUses(parts)
  }

  /** Stores a connector; with `verify` only when its test passes, with `draft` also when required fields are missing. */
  async create(by: Principal, input: ConnectorInput, options: CompatOptions = {}): Promise<ConnectorView> {
    const workspaceId = by.workspace.id
    const connector = typeOf(this.#parts.registry, input.type)
    const parsed = checked(connector, parseConfig(connector.fields, input.config), input.draft === true)
    const { name: handle } = input
    if (handle !== undefined) await this.#inWorkspace(by, (tx) => requireFree(tx, workspaceId, handle))
    const report = input.verify === true ? await verifyConfig(this.#parts, by, connector, parsed, new Map()) : undefined
    return this.#inWorkspace(by, async (tx) => {
      // Counting up holds the workspace's row: titles, handles and plan limits are judged one creation at a time.
      const { serial, plan } = await tx
        .updateTable("workspaces")
        .set({ next_connector_serial: sql`next_connector_serial + 1` })
        .where("id", "=", workspaceId)
        .returning([sql<number>`next_connector_serial - 1`.as("serial"), "plan"])
        .executeTakeFirstOrThrow()
      await withinPlan(tx, workspaceId, input.type, plan)
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
          type: input.type,
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

  /** Refuses what a creation would refuse before anything is dialled: faults of the config, a name that is taken. */
  async assertCreatable(by: Principal, input: ConnectorInput): Promise<void> {
    const connector = typeOf(this.#parts.registry, input.type)
    checked(connector, parseConfig(connector.fields, input.config), input.draft === true)
    const { name } = input
    if (name !== undefined) await this.#inWorkspace(by, (tx) => requireFree(tx, by.workspace.id, name))
  }

  async get(by: Principal, ref: Ref): Promise<ConnectorView> {
    return this.#inWorkspace(by, async (tx) => this.#view(tx, by, await findConnector(tx, by.workspace.id, ref)))
  }

  /** Connectors in the order they were made. */
  async list(by: Principal, filter: ConnectorFilter): Promise<Page<ConnectorView>> {
    return this.#inWorkspace(by, (tx) => listConnectors(tx, this.#parts.registry, by.workspace.id, filter))
  }

  /** The connectors that a compatible API lists, and how many there are in all. */
  async search(by: Principal, search: ConnectorSearch): Promise<{ data: ConnectorView[]; total: number }> {
    return this.#inWorkspace(by, (tx) => searchConnectors(tx, this.#parts.registry, by.workspace.id, search))
  }

  /**
   * Changes what `patch` names: an absent field is kept, `null` cleared, a secret's mask kept. `ifMatch` is the version
   * that the caller saw. A changed config makes the connector untested, or active when `verify` tested it.
   */
  async patch(by: Principal, ref: Ref, patch: ConnectorPatch, ifMatch?: number, options: CompatOptions = {}): Promise<ConnectorView> {
    return unlessRaced(ifMatch, () => this.#tryPatch(by, ref, patch, ifMatch, options))
  }

  async #tryPatch(by: Principal, ref: Ref, patch: ConnectorPatch, ifMatch: number | undefined, options: CompatOptions): Promise<ConnectorView> {
    const workspaceId = by.workspace.id
    const { row, secrets } = await this.#inWorkspace(by, async (tx) => {
      const found = await findConnector(tx, workspaceId, ref)
      return { row: found, secrets: (await fingerprintsOf(tx, workspaceId, [found.id])).get(found.id) ?? new Map<string, string>() }
    })
    if (ifMatch !== undefined && row.version !== ifMatch) throw stale(ref)
    const type = patch.type ?? row.type
    const connector = typeOf(this.#parts.registry, type)
    // Nothing of another type's config can be kept.
    const stored = type === row.type ? { plain: row.config, secrets: new Set(secrets.keys()) } : undefined
    const parsed = checked(connector, parseConfig(connector.fields, patch.config ?? {}, stored), patch.draft ?? row.missing.length > 0)
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
    await this.#inWorkspace(by, async (tx) => {
      const row = await findConnector(tx, by.workspace.id, ref)
      let removal = tx.deleteFrom("connectors").where("workspace_id", "=", by.workspace.id).where("id", "=", row.id)
      if (ifMatch !== undefined) removal = removal.where("version", "=", ifMatch)
      const { numDeletedRows } = await removal.executeTakeFirstOrThrow()
      if (numDeletedRows === 0n) throw ifMatch === undefined ? noConnector(String(ref)) : stale(ref)
      await record(tx, by, { action: "connector.remove", target: targetOf(row), details: { version: row.version, type: row.type } })
    })
  }

  /** Tests a stored connector and stores what it found, unless the connector was changed or every caller went away meanwhile. */
  async test(by: Principal, ref: Ref, options: TestOptions): Promise<TestReport> {
    const { door, store, counters, probes } = this.#parts
    return probes.bounded(by.workspace.id, ref, options.scheduled === true, async () => {
      const readAt = performance.now()
      const { row, view } = await this.#inWorkspace(by, async (tx) => {
        const found = await findConnector(tx, by.workspace.id, ref)
        return { row: found, view: await this.#view(tx, by, found) }
      })
      const partial = row.status === "disabled" ? undefined : options.partial?.(view)
      if (partial === undefined) requireUsable(row)
      if (partial === undefined && options.breaker === true) requireAccepted(row)
      if (options.breaker === true) await passBreaker(store, row)
      const subject: Subject = {
        key: `${row.id} ${row.version} ${JSON.stringify(partial)}`,
        connectorId: row.id,
        names: [row.id, row.name, row.serial],
        probe: async (how) => {
          if (partial !== undefined) return testPartly(door, row.name, partial, how)
          const { connector, config } = await this.#opened(by, row, readAt)
          return probeOver(this.#parts, by.workspace.id, connector, config, how, row.id)
        },
        store: async ({ operator }) => {
          if (operator.error !== undefined && isRefusal(operator.error)) await this.#uses.stop(by, row, operator.error.code)
          await this.#inWorkspace(by, (tx) => storeTest(tx, row, operator, counters, partial === undefined))
        },
      }
      const report = await probes.run(by, subject, options)
      if (options.scheduled !== true) noteTest(this.#parts, by, targetOf(row), report)
      return report
    })
  }

  /** Tests a config that is stored nowhere; a config with faults is refused, not tested. */
  async testUnsaved(by: Principal, type: string, config: Readonly<Record<string, unknown>>, options: TestOptions): Promise<TestReport> {
    return this.#parts.probes.bounded(by.workspace.id, undefined, false, async () => {
      const connector = typeOf(this.#parts.registry, type)
      const parsed = checked(connector, parseConfig(connector.fields, config), false)
      const report = await probeConfig(this.#parts, by, connector, parsed, new Map(), options)
      noteTest(this.#parts, by, { kind: "type", id: type, name: type }, report)
      return report
    })
  }

  /** What it takes to use a connector: refused while it is incomplete, disabled, or its credentials are refused. */
  async open(by: Principal, ref: Ref): Promise<Opened> {
    const readAt = performance.now()
    const row = await this.#inWorkspace(by, (tx) => findConnector(tx, by.workspace.id, ref))
    requireUsable(row)
    requireAccepted(row)
    return this.#opened(by, row, readAt)
  }

  /** Begins to use what was opened: waits until its credentials may be tried, and is to be told how that went. */
  use(by: Principal, opened: Opened, signal?: AbortSignal): Promise<ConnectorUse> {
    return this.#uses.begin(by, opened, signal)
  }

  /** What `mask` makes of each secret, by pointer: the values themselves stay here. */
  async maskedSecrets(by: Principal, ref: Ref, mask: (value: string) => string): Promise<ReadonlyMap<string, string>> {
    const row = await this.#inWorkspace(by, (tx) => findConnector(tx, by.workspace.id, ref))
    return new Map([...(await this.#secrets(by, row))].map(([pointer, value]) => [pointer, mask(value)]))
  }

  async #opened(by: Principal, row: ConnectorRow, readAt: number): Promise<Opened> {
    requireUsable(row)
    const connector = typeOf(this.#parts.registry, row.type)
    const secrets = await this.#secrets(by, row)
    const config = openConfig(connector.fields, row.config, secrets)
    return { id: row.id, name: row.name, version: row.version, readAt, secret: secrets.size > 0, limits: row.limits, connector, config }
  }

  async #judgeTitle(tx: Tx, by: Principal, title: string, self: string | undefined, { refuse }: CompatOptions): Promise<void> {
    if (refuse === undefined) return
    // Renames hold the workspace's row too, as creations do.
    await tx.selectFrom("workspaces").select("id").where("id", "=", by.workspace.id).forUpdate().execute()
    const rows = await tx.selectFrom("connectors").selectAll().where("workspace_id", "=", by.workspace.id).where("title", "=", title).execute()
    const others = rows.filter((row) => row.id !== self)
    const refused = refuse(await viewsOf(tx, this.#parts.registry, by.workspace.id, others))
    if (refused !== undefined) throw refused
  }

  /** The secrets of the very version that was read, whatever became of the connector since. */
  #secrets(by: Principal, { id, version }: ConnectorRow): Promise<Map<string, string>> {
    return this.#inWorkspace(by, (tx) => secretValues(this.#parts.vault, tx, { workspaceId: by.workspace.id, connectorId: id }, version))
  }

  async #view(tx: Tx, by: Principal, row: ConnectorRow): Promise<ConnectorView> {
    const [view] = await viewsOf(tx, this.#parts.registry, by.workspace.id, [row])
    if (view === undefined) throw noConnector(row.name)
    return view
  }

  #inWorkspace<T>(by: Principal, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#parts.store.inWorkspace(by.workspace.id, work)
  }
}
