import { sql } from "kysely"
import { type ErrorCode, PlatformError } from "../../core/errors.ts"
import type { Store } from "../../store/store.ts"
import type { ConnectorRow } from "../connectors/connector-view.ts"
import type { TestReport } from "./probe.ts"

const FAILURES_TO_OPEN = 5
const OPEN_SECONDS = 60

/** Failures that say "nobody is there". A refused login never counts: it is an answer, and repeating it locks accounts. */
const COUNTED: readonly ErrorCode[] = ["host_unreachable", "host_not_found", "dns_failed", "egress_denied", "timed_out", "connection_lost", "tunnel_failed"]

/**
 * Lets a test pass, or throws `circuit_open` with the seconds to wait: after five failures in a row nobody probes for
 * 60 s, then one does. The state is the connector's row, so that all nodes share it.
 */
export async function passBreaker(store: Store, row: ConnectorRow): Promise<void> {
  if (row.failures < FAILURES_TO_OPEN) return
  const chosen = await store.inWorkspace(row.workspace_id, (tx) =>
    tx
      .updateTable("connectors")
      .set({ open_until: sql<Date>`now() + ${OPEN_SECONDS} * interval '1 second'` })
      .where("workspace_id", "=", row.workspace_id)
      .where("id", "=", row.id)
      .where((where) => where.or([where("open_until", "is", null), where("open_until", "<=", sql<Date>`now()`), where("failures", "<", FAILURES_TO_OPEN)]))
      .returning("id")
      .executeTakeFirst(),
  )
  if (chosen !== undefined) return
  const retryAfterSeconds = Math.max(1, Math.ceil(((row.open_until?.getTime() ?? 0) - Date.now()) / 1000))
  throw new PlatformError("circuit_open", `The last ${row.failures} tests of ${row.name} did not reach it; the next is made in ${retryAfterSeconds} seconds.`, {
    details: { retryAfterSeconds },
  })
}

/** The breaker's columns after a test: a success or an answer closes it, a failure to reach counts, the fifth opens it. */
export function breakerAfter(report: TestReport): Record<string, unknown> {
  if (report.error === undefined || !COUNTED.includes(report.error.code)) return { failures: 0, open_until: null }
  return {
    failures: sql<number>`failures + 1`,
    open_until: sql<Date>`case when failures + 1 >= ${FAILURES_TO_OPEN} then now() + ${OPEN_SECONDS} * interval '1 second' end`,
  }
}

/** Whether so many failures in a row have just opened a breaker. */
export const opened = (failures: number): boolean => failures === FAILURES_TO_OPEN

/** The breaker's columns of a connector whose configuration changed. */
export const BREAKER_CLOSED = { failures: 0, open_until: null }
