import { randomInt } from "node:crypto"
import { type Selectable, sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import { callHub } from "../../core/remedies.ts"
import type { HealthState, HealthChecks as Table, Tx } from "../../store/database.ts"
import type { Store } from "../../store/store.ts"
import { record } from "../audit/audit.ts"
import { decodeCursor, type Page, type PageQuery, pageOf } from "../base/page.ts"
import type { Principal } from "../base/principal.ts"
import { visibleTo } from "../base/scope.ts"
import { findConnector } from "../connectors/connector-row.ts"
import type { TestReport } from "../probes/probe.ts"

/** How often a connector is tested on schedule, and how long such a test may take, in milliseconds. */
export interface CheckInput {
  readonly everyMs: number
  readonly timeoutMs?: number
}

/** A connector's schedule and its findings. `since` is when the present state began; `stopped` says why no further check is made. */
export interface CheckView {
  readonly connector: { readonly id: string; readonly name: string; readonly title: string; readonly type: string }
  readonly everyMs: number
  readonly timeoutMs: number
  readonly state: HealthState
  readonly since: string
  readonly failures: number
  readonly lastCheckedAt: string | null
  /** Null when no further check is made. */
  readonly nextCheckAt: string | null
  readonly stopped: { readonly code: string; readonly message: string } | null
}

/** One check that was made; `changed` says that it changed the state. */
export interface CheckResult {
  readonly id: number
  readonly at: string
  readonly connectorVersion: number
  readonly state: HealthState
  readonly changed: boolean
  readonly report: TestReport
}

export const CHECK_EVERY_MIN_MS = 60_000
export const CHECK_EVERY_MAX_MS = 7 * 24 * 60 * 60 * 1000
/** The deadline of a scheduled test unless its schedule sets one. */
export const TIMEOUT_MS = 10_000
/** The first check comes within this time, at random, so that the checks of a whole import do not come at once. */
const FIRST_WITHIN_MS = 5_000

/** The schedules of a workspace's connectors and the history of their checks. `ScheduledChecks` makes the checks. */
export class Checks {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Schedules a connector or changes its schedule. A schedule that had stopped continues. The state stays. */
  async schedule(by: Principal, ref: string, input: CheckInput): Promise<CheckView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { id, name } = await findConnector(tx, by, ref)
      const next = sql<Date>`now() + ${randomInt(FIRST_WITHIN_MS)} * interval '1 millisecond'`
      const plan = { every_ms: input.everyMs, timeout_ms: input.timeoutMs ?? TIMEOUT_MS, next_at: next, stopped_code: null, stopped_version: null }
      await tx
        .insertInto("health_checks")
        .values({ workspace_id: by.workspace.id, connector_id: id, created_by: by.id, ...plan })
        .onConflict((conflict) => conflict.column("connector_id").doUpdateSet(plan))
        .execute()
      await record(tx, by, { action: "check.schedule", target: { kind: "connector", id, name }, details: { everyMs: input.everyMs } })
      return oneOf(tx, by.workspace.id, id)
    })
  }

  async get(by: Principal, ref: string): Promise<CheckView> {
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { id, name } = await findConnector(tx, by, ref)
      return oneOf(tx, by.workspace.id, id, name)
    })
  }

  /** Ends a schedule. The history is kept as long as any other. */
  async remove(by: Principal, ref: string): Promise<void> {
    await this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { id, name } = await findConnector(tx, by, ref)
      const gone = await tx.deleteFrom("health_checks").where("workspace_id", "=", by.workspace.id).where("connector_id", "=", id).executeTakeFirstOrThrow()
      if (gone.numDeletedRows === 0n) throw unscheduled(name)
      await record(tx, by, { action: "check.remove", target: { kind: "connector", id, name } })
    })
  }

  /** The scheduled connectors of the workspace, in the order of their creation. */
  async list(by: Principal, query: PageQuery & { readonly state?: HealthState }): Promise<Page<CheckView>> {
    const after = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { state } = query
      let matching = scheduled(tx, by.workspace.id).where(visibleTo(by))
      if (state !== undefined) matching = matching.where("health_checks.state", "=", state)
      const rows = await matching
        .where("connectors.serial", ">", after)
        .orderBy("connectors.serial")
        .limit(query.limit + 1)
        .execute()
      let counted = tx
        .selectFrom("health_checks")
        .innerJoin("connectors", "connectors.id", "health_checks.connector_id")
        .select(sql<number>`count(*)::int`.as("total"))
        .where(visibleTo(by))
      if (state !== undefined) counted = counted.where("health_checks.state", "=", state)
      const { total } = await counted.executeTakeFirstOrThrow()
      const page = pageOf(rows, query.limit, total, ({ serial }) => serial)
      return { ...page, data: page.data.map(viewOf) }
    })
  }

  /** The checks of a connector, the newest first. */
  async history(by: Principal, ref: string, query: PageQuery): Promise<Page<CheckResult>> {
    const offset = decodeCursor(query.cursor)
    return this.#store.inWorkspace(by.workspace.id, async (tx) => {
      const { id } = await findConnector(tx, by, ref)
      const all = tx.selectFrom("health_results").where("workspace_id", "=", by.workspace.id).where("connector_id", "=", id)
      const { total } = await all.select(sql<number>`count(*)::int`.as("total")).executeTakeFirstOrThrow()
      // The cursor is the id below which the page begins; new results have greater ids.
      const rows = await (offset === 0 ? all : all.where("id", "<", offset))
        .selectAll()
        .orderBy("id", "desc")
        .limit(query.limit + 1)
        .execute()
      const page = pageOf(rows, query.limit, total, (row) => row.id)
      return {
        ...page,
        data: page.data.map((row) => ({
          id: row.id,
          at: row.at.toISOString(),
          connectorVersion: row.version,
          state: row.state,
          changed: row.changed,
          report: row.report as unknown as TestReport,
        })),
      }
    })
  }
}

type Row = Selectable<Table> & { readonly serial: number; readonly name: string; readonly title: string; readonly type: string; readonly version: number }

const scheduled = (tx: Tx, workspaceId: string) =>
  tx
    .selectFrom("health_checks")
    .innerJoin("connectors", "connectors.id", "health_checks.connector_id")
    .selectAll("health_checks")
    .select(["connectors.serial", "connectors.name", "connectors.title", "connectors.type", "connectors.version"])
    .where("health_checks.workspace_id", "=", workspaceId)

/** The schedule of a connector; undefined when it has none. */
export async function scheduleOf(tx: Tx, workspaceId: string, connectorId: string): Promise<Required<CheckInput> | undefined> {
  const row = await scheduled(tx, workspaceId).where("connector_id", "=", connectorId).executeTakeFirst()
  return row === undefined ? undefined : { everyMs: row.every_ms, timeoutMs: row.timeout_ms }
}

async function oneOf(tx: Tx, workspaceId: string, connectorId: string, name = connectorId): Promise<CheckView> {
  const row = await scheduled(tx, workspaceId).where("connector_id", "=", connectorId).executeTakeFirst()
  if (row === undefined) throw unscheduled(name)
  return viewOf(row)
}

const unscheduled = (name: string): PlatformError =>
  new PlatformError("not_found", `The connector ${name} has no scheduled check; schedule one.`, {
    remedies: [callHub("Schedule a check every five minutes", "PUT", `/v1/connectors/${name}/check`, `jackfield checks set ${name} --every 5m`)],
  })

function viewOf(row: Row): CheckView {
  const stopped = row.stopped_code !== null && row.stopped_version === row.version
  return {
    connector: { id: row.connector_id, name: row.name, title: row.title, type: row.type },
    everyMs: row.every_ms,
    timeoutMs: row.timeout_ms,
    state: row.state,
    since: row.since.toISOString(),
    failures: row.failures,
    lastCheckedAt: row.checked_at?.toISOString() ?? null,
    nextCheckAt: stopped ? null : row.next_at.toISOString(),
    stopped: stopped
      ? {
          code: row.stopped_code ?? "",
          message:
            "The system refused the login, so no further check is made, because repeated logins may lock the account. Change the connector, or set the check again.",
        }
      : null,
  }
}
