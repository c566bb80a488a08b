import { sql } from "kysely"
import { PlatformError } from "../../core/errors.ts"
import type { Tx } from "../../store/database.ts"
import { parentMissing } from "../../store/store.ts"
import { type DueRows, OF_ONE_WORKSPACE } from "../base/due-worker.ts"
import type { Principal } from "../base/principal.ts"
import type { Connectors } from "../connectors/connectors.ts"
import type { HubParts } from "../parts.ts"
import { publicReport, type TestReport } from "../probes/probe.ts"
import { emit } from "../webhooks/outbox.ts"
import { afterCheck } from "./check-states.ts"

/** The history of a connector keeps so many days, and so many results at most. */
const DAYS_KEPT = 30
const RESULTS_KEPT = 1_000

interface Claimed {
  readonly workspace_id: string
  readonly connector_id: string
  readonly every_ms: number
  readonly timeout_ms: number
  readonly version: number
}

/** The scheduled checks of all workspaces. */
export class ScheduledChecks implements DueRows<Claimed> {
  readonly name = "scheduled checks"
  readonly pollMs = 1_000
  readonly #parts: HubParts
  readonly #connectors: Connectors
  readonly #node: string

  /** `node` is the id under which this process leases rows. */
  constructor(parts: HubParts, connectors: Connectors, node: string) {
    this.#parts = parts
    this.#connectors = connectors
    this.#node = node
  }

  named({ connector_id: connector }: Claimed): { readonly connector: string } {
    return { connector }
  }

  async claim(most: number): Promise<readonly Claimed[]> {
    const claim = sql<Claimed>`select * from jackfield.claim_health_checks(${this.#node}::uuid, ${most}::int, ${OF_ONE_WORKSPACE}::int)`
    return this.#parts.store.asHub(async (tx) => (await claim.execute(tx)).rows)
  }

  async work(claimed: Claimed, stopping: AbortSignal): Promise<void> {
    let report: TestReport
    try {
      report = await this.#connectors.test(asWorker(claimed.workspace_id), claimed.connector_id, {
        timeoutMs: claimed.timeout_ms,
        signal: stopping,
        breaker: true,
        scheduled: true,
      })
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      if (stopping.aborted) return this.#postpone(claimed, 0)
      const found = await this.#untested(claimed, error)
      if (found === undefined) return
      report = found
    }
    await this.#finish(claimed, report).catch(unlessGone)
  }

  /** A check that was not made is put off; when the connector cannot be used at all, it is a failure like any other. */
  async #untested(claimed: Claimed, error: PlatformError): Promise<TestReport | undefined> {
    switch (error.code) {
      case "not_found":
      case "store_unavailable":
        return undefined
      case "circuit_open":
      case "rate_limited":
        await this.#postpone(claimed, Number(error.details["retryAfterSeconds"] ?? 1) * 1_000)
        return undefined
      case "connector_disabled":
      case "connector_incomplete":
        await this.#postpone(claimed, claimed.every_ms)
        return undefined
      default:
        this.#parts.log.warn({ code: error.code, err: error.cause, workspace: claimed.workspace_id, connector: claimed.connector_id }, error.message)
        return { ok: false, durationMs: 0, stages: [], error: { code: error.code, message: error.message, next: "", stage: "config" } }
    }
  }

  async #postpone({ workspace_id, connector_id }: Claimed, ms: number): Promise<void> {
    await this.#parts.store.inWorkspace(workspace_id, (tx) =>
      tx
        .updateTable("health_checks")
        .set({ next_at: sql<Date>`now() + ${ms} * interval '1 millisecond'`, leased_until: null, leased_by: null })
        .where("workspace_id", "=", workspace_id)
        .where("connector_id", "=", connector_id)
        .where("leased_by", "=", this.#node)
        .execute(),
    )
  }

  /** Stores the result, the state and the event for the webhooks in one transaction. */
  async #finish(claimed: Claimed, given: TestReport): Promise<void> {
    const { workspace_id, connector_id } = claimed
    const report = publicReport(given)
    const changed = await this.#parts.store.inWorkspace(workspace_id, async (tx) => {
      const found = await currentOf(tx, claimed, this.#node)
      if (found === undefined) return undefined
      // The connector was changed while it was tested, so the next check comes at once.
      if (found.version !== claimed.version) {
        await release(tx, claimed, { next_at: sql<Date>`now()` })
        return undefined
      }
      const verdict = afterCheck(found, report, claimed.every_ms)
      await release(tx, claimed, {
        next_at: sql<Date>`now() + ${verdict.nextInMs} * interval '1 millisecond'`,
        checked_at: sql<Date>`now()`,
        state: verdict.state,
        failures: verdict.failures,
        ...(verdict.changed ? { since: sql<Date>`now()` } : {}),
        stopped_code: verdict.stop ? (report.error?.code ?? null) : null,
        stopped_version: verdict.stop ? claimed.version : null,
      })
      await record(tx, claimed, report, verdict)
      if (!verdict.changed) return { from: found.state, to: found.state }
      const connector = { id: connector_id, name: found.name, title: found.title, type: found.type }
      await emit(tx, workspace_id, "connector.state_changed", { connector, from: found.state, to: verdict.state, stopped: verdict.stop, report })
      return { from: found.state, to: verdict.state }
    })
    if (changed === undefined) return
    this.#parts.counters.checks.inc({ result: report.ok ? "ok" : "failed" })
    if (changed.from !== changed.to)
      this.#parts.log.info({ workspace: workspace_id, connector: connector_id, ...changed, code: report.error?.code }, "a connector changed state")
  }
}

const currentOf = (tx: Tx, { workspace_id, connector_id }: Claimed, node: string) =>
  tx
    .selectFrom("health_checks")
    .innerJoin("connectors", "connectors.id", "health_checks.connector_id")
    .select(["health_checks.state", "health_checks.failures", "connectors.version", "connectors.name", "connectors.title", "connectors.type"])
    .where("health_checks.workspace_id", "=", workspace_id)
    .where("health_checks.connector_id", "=", connector_id)
    .where("health_checks.leased_by", "=", node)
    .forUpdate("health_checks")
    .executeTakeFirst()

async function release(tx: Tx, { workspace_id, connector_id }: Claimed, more: Readonly<Record<string, unknown>>): Promise<void> {
  await tx
    .updateTable("health_checks")
    .set({ ...more, leased_until: null, leased_by: null })
    .where("workspace_id", "=", workspace_id)
    .where("connector_id", "=", connector_id)
    .execute()
}

async function record(tx: Tx, { workspace_id, connector_id, version }: Claimed, report: TestReport, verdict: ReturnType<typeof afterCheck>): Promise<void> {
  const { id } = await tx
    .insertInto("health_results")
    .values({ workspace_id, connector_id, version, state: verdict.state, changed: verdict.changed, report: JSON.stringify(report) })
    .returning("id")
    .executeTakeFirstOrThrow()
  // Ids count over the whole hub, so the thousandth last of this connector is looked up.
  const oldest = tx
    .selectFrom("health_results")
    .select("id")
    .where("workspace_id", "=", workspace_id)
    .where("connector_id", "=", connector_id)
    .where("id", "<", id)
    .orderBy("id", "desc")
    .offset(RESULTS_KEPT - 1)
    .limit(1)
  await tx
    .deleteFrom("health_results")
    .where("workspace_id", "=", workspace_id)
    .where("connector_id", "=", connector_id)
    .where((where) => where.or([where("at", "<", sql<Date>`now() - ${DAYS_KEPT} * interval '1 day'`), where("id", "<=", oldest)]))
    .execute()
}

/** A connector that was removed while it was checked has no schedule any more. */
const unlessGone = (error: unknown): void => {
  if (!parentMissing(error)) throw error
}

const asWorker = (workspaceId: string): Principal => ({
  id: "hub:checks",
  kind: "key",
  name: "scheduled check",
  workspace: { id: workspaceId, serial: 0, name: "" },
  role: "editor",
  operator: false,
})
