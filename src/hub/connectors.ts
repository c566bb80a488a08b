import { randomUUID } from "node:crypto"
import { sql } from "kysely"
import { openConfig, type ParsedConfig, parseConfig } from "../core/config.ts"
import type { AnyConnector } from "../core/connector.ts"
import { type Fault, PlatformError } from "../core/errors.ts"
import type { Stage } from "../core/trace.ts"
import type { ConnectorStatus } from "../store/database.ts"
import { typeOf } from "./connector-types.ts"
import {
  type ConnectorFilter,
  type ConnectorInput,
  type ConnectorPatch,
  type ConnectorRow,
  type ConnectorView,
  findConnector,
  fingerprintsOf,
  looksLikeId,
  noConnector,
  type Tx,
  viewOf,
} from "./connector-view.ts"
import type { HubParts } from "./hub.ts"
import type { Principal } from "./identity.ts"
import { decodeCursor, type Page, pageOf } from "./page.ts"
import { probe, publicReport, TEST_DEADLINE_MS, type TestReport } from "./probe.ts"

/** A connector ready to be used: its type and its typed config with the secrets in memory. */
export interface Opened {
  readonly id: string
  readonly name: string
  readonly connector: AnyConnector
  readonly config: Readonly<Record<string, unknown>>
}

export interface TestOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onStage?: (stage: Stage) => void
}

/** The connectors of workspaces: made, shown, changed, tested, opened. Every look-up names the workspace, and row-level security holds it. */
export class Connectors {
  readonly #parts: HubParts

  constructor(parts: HubParts) {
    this.#parts = parts
  }

  /** Stores a connector; with `verify` only when its test passes, with `draft` also when required fields are missing. */
  async create(by: Principal, input: ConnectorInput): Promise<ConnectorView> {
    const connector = typeOf(this.#parts.registry, input.type)
    const parsed = checked(connector, parseConfig(connector.fields, input.config), input.draft === true)
    await this.#requireFreeName(by, input.name)
    const report = input.verify === true ? await this.#verify(by, connector, parsed, new Map()) : undefined
    const row = {
      id: randomUUID(),
      workspace_id: by.workspace.id,
      name: input.name,
      title: input.title ?? input.name,
      type: input.type,
      description: input.description ?? "",
      labels: JSON.stringify(input.labels ?? {}),
      purpose: input.purpose ?? null,
      limits: jsonOrNull(input.limits),
      config: JSON.stringify(parsed.plain),
      status: statusOf(parsed, report),
      missing: JSON.stringify(parsed.missing),
      created_by: by.id,
      ...tested(report),
    }
    return this.#inWorkspace(by, async (tx) => {
      const { serial } = await tx
        .updateTable("workspaces")
        .set({ next_connector_serial: sql`next_connector_serial + 1` })
        .where("id", "=", by.workspace.id)
        .returning(sql<number>`next_connector_serial - 1`.as("serial"))
        .executeTakeFirstOrThrow()
      const stored = await tx
        .insertInto("connectors")
        .values({ ...row, serial })
        .returningAll()
        .executeTakeFirstOrThrow()
        .catch((error: unknown) => Promise.reject(nameTaken(error, input.name)))
      await this.#storeSecrets(tx, by, stored.id, parsed)
      return this.#view(tx, by, stored)
    })
  }

  async get(by: Principal, ref: string): Promise<ConnectorView> {
    return this.#inWorkspace(by, async (tx) => this.#view(tx, by, await findConnector(tx, by.workspace.id, ref)))
  }

  /** Connectors in the order they were made. */
  async list(by: Principal, filter: ConnectorFilter): Promise<Page<ConnectorView>> {
    const after = decodeCursor(filter.cursor)
    const { registry } = this.#parts
    return this.#inWorkspace(by, async (tx) => {
      let matching = tx.selectFrom("connectors").where("workspace_id", "=", by.workspace.id)
      if (filter.type !== undefined) matching = matching.where("type", "=", filter.type)
      if (filter.status !== undefined) matching = matching.where("status", "=", filter.status)
      if (filter.label !== undefined) matching = matching.where(sql<boolean>`labels @> ${JSON.stringify(labelOf(filter.label))}::jsonb`)
      if (filter.q !== undefined) {
        const like = `%${filter.q.replace(/[\\%_]/g, "\\$&")}%`
        matching = matching.where((where) => where.or([where("name", "ilike", like), where("title", "ilike", like), where("description", "ilike", like)]))
      }
      const rows = await matching
        .selectAll()
        .where("serial", ">", after)
        .orderBy("serial")
        .limit(filter.limit + 1)
        .execute()
      const { total } = await matching.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      const page = pageOf(rows, filter.limit, total, (row) => row.serial)
      const secrets = await fingerprintsOf(
        tx,
        by.workspace.id,
        page.data.map((row) => row.id),
      )
      return { ...page, data: page.data.map((row) => viewOf(row, registry.find(row.type), secrets.get(row.id) ?? new Map())) }
    })
  }

  /**
   * Changes what `patch` names: an absent field is kept, `null` cleared, a secret's mask kept. `ifMatch` is the version
   * that the caller saw. A changed config makes the connector untested, or active when `verify` tested it.
   */
  async patch(by: Principal, ref: string, patch: ConnectorPatch, ifMatch: number | undefined): Promise<ConnectorView> {
    // Without If-Match a change that raced with another is made again on what the other left.
    for (let attempt = 1; ; attempt++) {
      const changed = await this.#tryPatch(by, ref, patch, ifMatch)
      if (changed !== undefined) return changed
      if (ifMatch !== undefined || attempt === 5) throw stale(ref)
    }
  }

  async #tryPatch(by: Principal, ref: string, patch: ConnectorPatch, ifMatch: number | undefined): Promise<ConnectorView | undefined> {
    const { row, secrets } = await this.#inWorkspace(by, async (tx) => {
      const found = await findConnector(tx, by.workspace.id, ref)
      return { row: found, secrets: (await fingerprintsOf(tx, by.workspace.id, [found.id])).get(found.id) ?? new Map<string, string>() }
    })
    if (ifMatch !== undefined && row.version !== ifMatch) throw stale(ref)
    const connector = typeOf(this.#parts.registry, row.type)
    const stored = { plain: row.config, secrets: new Set(secrets.keys()) }
    const parsed = checked(connector, parseConfig(connector.fields, patch.config ?? {}, stored), patch.draft ?? row.status === "incomplete")
    if (patch.name !== undefined && patch.name !== row.name) await this.#requireFreeName(by, patch.name)
    const report = patch.verify === true ? await this.#verify(by, connector, parsed, await this.#secretValues(by, row.id)) : undefined
    return this.#inWorkspace(by, async (tx) => {
      const updated = await tx
        .updateTable("connectors")
        .set({
          ...changesOf(patch, parsed),
          ...tested(report),
          status: nextStatus(row, patch, parsed, report),
          version: row.version + 1,
          updated_at: new Date(),
        })
        .where("workspace_id", "=", by.workspace.id)
        .where("id", "=", row.id)
        .where("version", "=", row.version)
        .returningAll()
        .executeTakeFirst()
        .catch((error: unknown) => Promise.reject(nameTaken(error, patch.name ?? row.name)))
      if (updated === undefined) return undefined
      if (patch.config !== undefined) await this.#storeSecrets(tx, by, row.id, parsed)
      return this.#view(tx, by, updated)
    })
  }

  async remove(by: Principal, ref: string, ifMatch: number | undefined): Promise<void> {
    await this.#inWorkspace(by, async (tx) => {
      const row = await findConnector(tx, by.workspace.id, ref)
      let removal = tx.deleteFrom("connectors").where("workspace_id", "=", by.workspace.id).where("id", "=", row.id)
      if (ifMatch !== undefined) removal = removal.where("version", "=", ifMatch)
      const { numDeletedRows } = await removal.executeTakeFirstOrThrow()
      if (numDeletedRows === 0n) throw ifMatch === undefined ? noConnector(ref) : stale(ref)
    })
  }

  /** Tests a stored connector and stores what it found, unless the connector was changed or the caller went away meanwhile. */
  async test(by: Principal, ref: string, options: TestOptions): Promise<TestReport> {
    const row = await this.#inWorkspace(by, (tx) => findConnector(tx, by.workspace.id, ref))
    const { connector, config } = await this.#opened(by, row)
    const report = await this.#probe(by, connector, config, options)
    if (options.signal?.aborted === true) return report
    await this.#inWorkspace(by, (tx) =>
      tx
        .updateTable("connectors")
        .set({ ...tested(report), status: report.ok ? "active" : "error" })
        .where("workspace_id", "=", by.workspace.id)
        .where("id", "=", row.id)
        .where("version", "=", row.version)
        .execute(),
    )
    return report
  }

  /** Tests a config that is stored nowhere; a config with faults is refused, not tested. */
  async testUnsaved(by: Principal, type: string, config: Readonly<Record<string, unknown>>, options: TestOptions): Promise<TestReport> {
    const connector = typeOf(this.#parts.registry, type)
    const parsed = checked(connector, parseConfig(connector.fields, config), false)
    return this.#probe(by, connector, openConfig(connector.fields, parsed.plain, secretsOf(parsed, new Map())), options)
  }

  /** What it takes to use a connector: refused while it is incomplete or disabled. */
  async open(by: Principal, ref: string): Promise<Opened> {
    return this.#opened(by, await this.#inWorkspace(by, (tx) => findConnector(tx, by.workspace.id, ref)))
  }

  async #opened(by: Principal, row: ConnectorRow): Promise<Opened> {
    if (row.status === "disabled") throw new PlatformError("connector_disabled", `The connector ${row.name} is switched off; enable it first.`)
    if (row.status === "incomplete") {
      const lacking = row.missing.map((each) => each.message).join(" ")
      throw new PlatformError("connector_incomplete", `The connector ${row.name} is a draft: ${lacking}`, { faults: row.missing })
    }
    const connector = typeOf(this.#parts.registry, row.type)
    return { id: row.id, name: row.name, connector, config: openConfig(connector.fields, row.config, await this.#secretValues(by, row.id)) }
  }

  async #verify(by: Principal, connector: AnyConnector, parsed: ParsedConfig, stored: ReadonlyMap<string, string>): Promise<TestReport> {
    checked(connector, parsed, false)
    const report = await this.#probe(by, connector, openConfig(connector.fields, parsed.plain, secretsOf(parsed, stored)), {})
    if (report.ok) return report
    throw new PlatformError("verification_failed", `The test failed and nothing was stored: ${report.error?.message ?? "see the report."}`, {
      details: { report },
    })
  }

  #probe(
    by: Principal,
    connector: AnyConnector,
    config: Readonly<Record<string, unknown>>,
    { timeoutMs = TEST_DEADLINE_MS, ...rest }: TestOptions,
  ): Promise<TestReport> {
    const { door, log } = this.#parts
    return probe(door, connector, config, { ...rest, operator: by.operator, deadlineMs: timeoutMs, log: (message, facts) => log.info(facts ?? {}, message) })
  }

  async #requireFreeName(by: Principal, name: string): Promise<void> {
    if (looksLikeId(name)) {
      const message = "must not look like an id."
      throw new PlatformError("request_invalid", `The name ${message}`, { faults: [{ pointer: "/name", message }] })
    }
    const taken = await this.#inWorkspace(by, (tx) =>
      tx.selectFrom("connectors").select("id").where("workspace_id", "=", by.workspace.id).where("name", "=", name).executeTakeFirst(),
    )
    if (taken !== undefined) throw alreadyNamed(name)
  }

  /** Writes the changed secrets, keeps the kept ones, and removes the rest. */
  async #storeSecrets(tx: Tx, by: Principal, id: string, parsed: ParsedConfig): Promise<void> {
    const workspaceId = by.workspace.id
    const pointers = [...parsed.secrets.keys()]
    let gone = tx.deleteFrom("connector_secrets").where("workspace_id", "=", workspaceId).where("connector_id", "=", id)
    if (pointers.length > 0) gone = gone.where("pointer", "not in", pointers)
    await gone.execute()
    for (const [pointer, change] of parsed.secrets) {
      if (change === "keep") continue
      const sealed = await this.#parts.vault.seal(tx, { workspaceId, connectorId: id, pointer }, change.value)
      const values = { ciphertext: sealed.ciphertext, fingerprint: sealed.fingerprint, data_key_id: sealed.dataKeyId }
      await tx
        .insertInto("connector_secrets")
        .values({ workspace_id: workspaceId, connector_id: id, pointer, ...values })
        .onConflict((conflict) => conflict.columns(["connector_id", "pointer"]).doUpdateSet(values))
        .execute()
    }
  }

  async #secretValues(by: Principal, id: string): Promise<Map<string, string>> {
    const workspaceId = by.workspace.id
    return this.#inWorkspace(by, async (tx) => {
      const rows = await tx.selectFrom("connector_secrets").selectAll().where("workspace_id", "=", workspaceId).where("connector_id", "=", id).execute()
      const values = new Map<string, string>()
      for (const row of rows) values.set(row.pointer, await this.#parts.vault.unseal(tx, { workspaceId, connectorId: id, pointer: row.pointer }, row))
      return values
    })
  }

  async #view(tx: Tx, by: Principal, row: ConnectorRow): Promise<ConnectorView> {
    const secrets = (await fingerprintsOf(tx, by.workspace.id, [row.id])).get(row.id) ?? new Map<string, string>()
    return viewOf(row, this.#parts.registry.find(row.type), secrets)
  }

  #inWorkspace<T>(by: Principal, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#parts.store.inWorkspace(by.workspace.id, work)
  }
}

/** Refuses faults always, missing fields unless it is a draft; all at once. */
function checked(connector: AnyConnector, parsed: ParsedConfig, draft: boolean): ParsedConfig {
  const faults = [...parsed.faults, ...(draft ? [] : parsed.missing)].map((fault): Fault => ({ ...fault, pointer: `/config${fault.pointer}` }))
  if (faults.length === 0) return parsed
  const message = faults.map((fault) => fault.message).join(" ")
  throw new PlatformError(
    "config_invalid",
    `The ${connector.title} configuration has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}: ${message}`,
    { faults },
  )
}

/** The secrets' values of a parsed config: new ones as given, kept ones as stored. */
const secretsOf = (parsed: ParsedConfig, stored: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...parsed.secrets].map(([pointer, change]) => [pointer, change === "keep" ? (stored.get(pointer) ?? "") : change.value]))

const statusOf = (parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus =>
  parsed.missing.length > 0 ? "incomplete" : report?.ok === true ? "active" : "untested"

function nextStatus(row: ConnectorRow, patch: ConnectorPatch, parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus {
  if (patch.enabled === false) return "disabled"
  if (row.status === "disabled") return patch.enabled === true ? statusOf(parsed, report) : "disabled"
  return patch.config === undefined && report === undefined ? row.status : statusOf(parsed, report)
}

function changesOf(patch: ConnectorPatch, parsed: ParsedConfig): Record<string, unknown> {
  const { name, title, description, purpose, labels, limits } = patch
  return {
    ...(name === undefined ? {} : { name }),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    ...(limits === undefined ? {} : { limits: jsonOrNull(limits) }),
    ...(patch.config === undefined ? {} : { config: JSON.stringify(parsed.plain), missing: JSON.stringify(parsed.missing) }),
  }
}

const tested = (report: TestReport | undefined): { last_test?: string; last_tested_at?: Date } =>
  report === undefined ? {} : { last_test: JSON.stringify(publicReport(report)), last_tested_at: new Date() }

const jsonOrNull = (value: Readonly<Record<string, unknown>> | null | undefined): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)

function labelOf(filter: string): Record<string, string> {
  const colon = filter.indexOf(":")
  if (colon > 0) return { [filter.slice(0, colon)]: filter.slice(colon + 1) }
  const message = "must be key:value."
  throw new PlatformError("request_invalid", `The label filter ${message}`, { faults: [{ pointer: "/querystring/label", message }] })
}

const stale = (ref: string): PlatformError =>
  new PlatformError("version_stale", `The connector ${ref.slice(0, 100)} was changed meanwhile; read it again and repeat the change.`)

const alreadyNamed = (name: string, cause?: unknown): PlatformError =>
  new PlatformError("name_taken", `The workspace has a connector named ${name} already; choose another name or change that one.`, {
    cause,
    faults: [{ pointer: "/name", message: "is taken." }],
  })

/** PostgreSQL's unique violation on the name, as ours. */
function nameTaken(error: unknown, name: string): unknown {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return code === "23505" && String(constraint).includes("name") ? alreadyNamed(name, error) : error
}
