import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { openConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { credentialFields } from "../../core/credentials.ts"
import { PlatformError } from "../../core/errors.ts"
import { BREAKER_CLOSED } from "../../limits/breaker.ts"
import type { Tx } from "../../store/database.ts"
import { record } from "../audit/audit.ts"
import { noteTest } from "../audit/audit-notes.ts"
import type { Principal } from "../base/principal.ts"
import { publicReport, storedReport, type TestReport } from "../probes/probe.ts"
import { type ConnectorChange, dropStaged, makeChange, stale, targetOf, unlessRaced } from "./connector-change.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import { type ConnectorRow, findConnector, type Ref, requireUsable, requireWhole } from "./connector-row.ts"
import { sealedSecrets, secretValues, storeSecret } from "./connector-secrets.ts"
import { entered, type Fitted, findStaged, fitSlot, fitStaged, requireStaged, showCredentials } from "./connector-slots.ts"
import type { ConnectorState } from "./connector-state.ts"
import { probeConnector, type TestOptions } from "./connector-tests.ts"
import { typeOf } from "./connector-types.ts"
import { findVersion } from "./connector-versions.ts"
import { type ConnectorView, viewsOf } from "./connector-view.ts"

type Plain = Readonly<Record<string, unknown>>

/** The slots of a connector's credentials, with secrets as masks. */
export interface CredentialsView {
  readonly refusedAt: string | null
  readonly current: { readonly config: Plain; readonly testedAt: string | null; readonly ok: boolean | null }
  readonly next: {
    readonly config: Plain
    readonly stagedAt: string
    readonly stagedBy: { readonly id: string; readonly name: string }
    readonly testedAt: string | null
    readonly lastTest: TestReport | null
  } | null
  /** The credentials that a rollback brings back, and the version that had them. */
  readonly previous: { readonly config: Plain; readonly version: number } | null
}

/**
 * The credentials of connectors, in slots: the current ones, the next ones, which are tested before a switch, and the previous
 * ones for a rollback.
 */
export class Credentials {
  readonly #parts: ConnectorParts

  constructor(parts: ConnectorParts) {
    this.#parts = parts
  }

  async show(by: Principal, ref: Ref): Promise<CredentialsView> {
    return this.#inWorkspace(by, async (tx) => this.#view(tx, await findConnector(tx, by, ref)))
  }

  /**
   * Stages the next credentials: fields of the config that are secrets or go with them. A field is replaced as a whole; a mask in
   * it keeps the connector's present secret. Credentials that were staged before are deleted. The connector itself is not
   * changed.
   */
  async stage(by: Principal, ref: Ref, config: Plain, ifMatch?: number): Promise<CredentialsView> {
    return this.#inWorkspace(by, async (tx) => {
      const row = await this.#held(tx, by, ref, ifMatch)
      requireWhole(row, this.#parts.registry)
      const owner = { workspaceId: row.workspace_id, connectorId: row.id }
      const connector = typeOf(this.#parts.registry, row.type)
      const { fields, plain, secrets, kept } = entered(connector, row, await sealedSecrets(tx, owner.workspaceId, [row.id], "current"), config)
      await dropStaged(tx, owner.workspaceId, row.id)
      await tx
        .insertInto("staged_credentials")
        .values({
          workspace_id: owner.workspaceId,
          connector_id: row.id,
          id: randomUUID(),
          fields: [...fields],
          plain: JSON.stringify(plain),
          kept: [...kept],
          author: by.id,
          author_name: by.name,
        })
        .execute()
      for (const [pointer, value] of secrets) await storeSecret(this.#parts.vault, tx, { ...owner, pointer }, value, "staged", row.version)
      const view = await this.#view(tx, row)
      await record(tx, by, { action: "credentials.stage", target: targetOf(row), details: { fields } })
      return view
    })
  }

  /** Empties the slot of the next credentials. */
  async discard(by: Principal, ref: Ref): Promise<void> {
    await this.#inWorkspace(by, async (tx) => {
      const row = await this.#held(tx, by, ref, undefined)
      await requireStaged(tx, row)
      await dropStaged(tx, row.workspace_id, row.id)
      await record(tx, by, { action: "credentials.discard", target: targetOf(row) })
    })
  }

  /** Tests the connector with the next credentials and stores the findings, unless either was changed or the caller went away meanwhile. */
  async test(by: Principal, ref: Ref, options: TestOptions): Promise<TestReport> {
    const { row, id, connector, config } = await this.#inWorkspace(by, async (tx) => {
      const found = await findConnector(tx, by, ref)
      requireUsable(found, this.#parts.registry)
      const staged = await requireStaged(tx, found)
      const type = typeOf(this.#parts.registry, found.type)
      const fitted = await fitStaged(tx, this.#parts.vault, type, found, staged)
      return { row: found, id: staged.id, connector: type, config: await this.#opened(tx, type, found, fitted) }
    })
    const report = await probeConnector(this.#parts, by, connector, config, options)
    noteTest(this.#parts, by, targetOf(row), report, "credentials.test")
    if (options.signal?.aborted === true) return report
    await this.#inWorkspace(by, async (tx) => {
      const now = await tx
        .selectFrom("connectors")
        .select("version")
        .where("workspace_id", "=", row.workspace_id)
        .where("id", "=", row.id)
        .forUpdate()
        .executeTakeFirst()
      if (now?.version !== row.version) return
      await tx
        .updateTable("staged_credentials")
        .set({ test: JSON.stringify(publicReport(report)), tested_at: sql<Date>`now()` })
        .where("workspace_id", "=", row.workspace_id)
        .where("id", "=", id)
        .execute()
    })
    return report
  }

  /**
   * Makes the next credentials the current ones, as a new version, and keeps the previous ones for a rollback. Throws
   * `credentials_untested` unless their last test passed or `force` is set. The connector is active then, or untested when
   * forced.
   */
  async switch(by: Principal, ref: Ref, options: { readonly force?: boolean; readonly ifMatch?: number }): Promise<ConnectorView> {
    return this.#change(by, ref, options.ifMatch, async (tx, row) => {
      const staged = await requireStaged(tx, row)
      const report = staged.test as TestReport | null
      if (options.force !== true && report?.ok !== true) {
        const why = report === null ? "were not tested as they are now" : "failed their test"
        throw new PlatformError("credentials_untested", `The credentials staged for ${row.name} ${why}; test them, or switch with \`force: true\`.`)
      }
      const connector = typeOf(this.#parts.registry, row.type)
      const fitted = await fitStaged(tx, this.#parts.vault, connector, row, staged)
      const passed = report?.ok === true ? { last_test: JSON.stringify(report), last_tested_at: staged.tested_at } : undefined
      const changed = await this.#make(tx, by, row, connector, fitted, { kind: "switched", fields: staged.fields }, passed)
      await dropStaged(tx, row.workspace_id, row.id)
      return changed
    })
  }

  /**
   * Brings back the credentials from before the last switch, as a new version. The ones that they replace are kept for another
   * rollback.
   */
  async rollback(by: Principal, ref: Ref, ifMatch?: number): Promise<ConnectorView> {
    return this.#change(by, ref, ifMatch, async (tx, row) => {
      const { rollback_version: version, rollback_fields: fields } = row
      if (version === null || fields === null) throw nothingKept(row)
      const found = await findVersion(tx, row, version).catch((cause: unknown) => {
        throw nothingKept(row, cause)
      })
      const connector = typeOf(this.#parts.registry, row.type)
      const rows = await sealedSecrets(tx, row.workspace_id, [row.id], version)
      const fitted = await fitSlot(tx, this.#parts.vault, connector, row, { fields, plain: (found.state as unknown as ConnectorState).config, rows })
      return this.#make(tx, by, row, connector, fitted, { kind: "rolled_back", of: version, fields })
    })
  }

  async #make(
    tx: Tx,
    by: Principal,
    row: ConnectorRow,
    connector: AnyConnector,
    fitted: Fitted,
    how: Pick<ConnectorChange, "kind" | "of"> & { readonly fields: readonly string[] },
    passed?: Readonly<Record<string, unknown>>,
  ): Promise<ConnectorRow> {
    const { fields, ...kind } = how
    const changed = await makeChange(tx, this.#parts.vault, by, row, {
      ...kind,
      connector,
      next: { config: fitted.plain, missing: [] },
      secrets: fitted.secrets,
      columns: () => ({
        ...BREAKER_CLOSED,
        refused_at: null,
        rollback_version: row.version,
        rollback_fields: fields,
        ...(passed ?? { last_test: null, last_tested_at: null }),
        status: row.status === "disabled" ? row.status : passed === undefined ? "untested" : "active",
      }),
    })
    if (changed === undefined) throw stale(row.name)
    return changed
  }

  async #change(by: Principal, ref: Ref, ifMatch: number | undefined, make: (tx: Tx, row: ConnectorRow) => Promise<ConnectorRow>): Promise<ConnectorView> {
    const changed = await unlessRaced(ifMatch, () =>
      this.#inWorkspace(by, async (tx) => {
        const row = await this.#held(tx, by, ref, ifMatch)
        requireWhole(row, this.#parts.registry)
        const [view] = await viewsOf(tx, this.#parts.registry, by, [await make(tx, row)])
        if (view === undefined) throw stale(ref)
        return view
      }),
    )
    this.#parts.warm.drop(changed.id)
    return changed
  }

  /** The connector, locked until the transaction ends, so that it is not changed together with its slots. */
  async #held(tx: Tx, by: Principal, ref: Ref, ifMatch: number | undefined): Promise<ConnectorRow> {
    const { id } = await findConnector(tx, by, ref)
    await tx.selectFrom("connectors").select("id").where("workspace_id", "=", by.workspace.id).where("id", "=", id).forUpdate().execute()
    const row = await findConnector(tx, by, id)
    if (ifMatch !== undefined && row.version !== ifMatch) throw stale(ref)
    return row
  }

  async #opened(tx: Tx, connector: AnyConnector, row: ConnectorRow, { plain, secrets }: Fitted): Promise<Plain> {
    const current = await secretValues(this.#parts.vault, tx, { workspaceId: row.workspace_id, connectorId: row.id }, "current")
    const values = new Map([...secrets].map(([pointer, change]) => [pointer, change === "keep" ? (current.get(pointer) ?? "") : change.value]))
    return openConfig(connector.fields, plain, values)
  }

  async #view(tx: Tx, row: ConnectorRow): Promise<CredentialsView> {
    const { fields } = typeOf(this.#parts.registry, row.type)
    const secrets = (slot: "current" | "staged" | number) => sealedSecrets(tx, row.workspace_id, [row.id], slot)
    const current = await secrets("current")
    const lastTest = storedReport(row.last_test, false)
    const staged = await findStaged(tx, row)
    const kept = current.filter(({ pointer }) => staged?.kept.includes(pointer))
    const { rollback_version: version, rollback_fields: previous } = row
    const before = version === null ? undefined : await findVersion(tx, row, version).catch(unlessUnknown)
    return {
      refusedAt: row.refused_at?.toISOString() ?? null,
      current: {
        config: showCredentials(fields, credentialFields(fields), row.config, current),
        testedAt: row.last_tested_at?.toISOString() ?? null,
        ok: lastTest?.ok ?? null,
      },
      next:
        staged === undefined
          ? null
          : {
              config: showCredentials(fields, staged.fields, staged.plain, [...(await secrets("staged")), ...kept]),
              stagedAt: staged.at.toISOString(),
              stagedBy: { id: staged.author, name: staged.author_name },
              testedAt: staged.tested_at?.toISOString() ?? null,
              lastTest: staged.test as TestReport | null,
            },
      previous:
        before === undefined || version === null || previous === null
          ? null
          : { config: showCredentials(fields, previous, (before.state as unknown as ConnectorState).config, await secrets(version)), version },
    }
  }

  #inWorkspace<T>(by: Principal, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#parts.store.inWorkspace(by.workspace.id, work)
  }
}

const nothingKept = ({ name }: ConnectorRow, cause?: unknown): PlatformError =>
  new PlatformError("credentials_missing", `No previous credentials are kept for ${name}; restore one of its versions instead.`, { cause })

/** Ignores the error for a version that is no longer kept. */
function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof PlatformError) || error.code !== "not_found") throw error
}
