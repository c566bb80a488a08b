import { sql } from "kysely"
import { type ErrorCode, PlatformError } from "../core/errors.ts"
import type { Store } from "../store/store.ts"

const FAILURES_TO_OPEN = 5
const OPEN_SECONDS = 60

/** Failures that mean "nothing answers there". A refused login never counts: it is an answer, and repeating it locks accounts. */
const COUNTED: readonly ErrorCode[] = ["host_unreachable", "host_not_found", "dns_failed", "egress_denied", "timed_out", "connection_lost", "tunnel_failed"]

/** The columns of a connector that the breaker reads. */
export interface Guarded {
  readonly id: string
  readonly workspace_id: string
  readonly name: string
  readonly failures: number
  readonly open_until: Date | null
}

/**
 * Lets a test pass, or throws `circuit_open` with the seconds to wait. After five failures in a row no test is made for 60 s,
 * and then a single one. The state is in the connector's row, so that all nodes share it.
 */
export async function passBreaker(store: Store, row: Guarded): Promise<void> {
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

/**
 * The breaker's columns after a test that ended with that error, or with none. A success or an answer of the system closes it; a
 * failure to reach the system counts, and the fifth in a row opens it.
 */
export function breakerAfter(error: ErrorCode | undefined): Record<string, unknown> {
  if (error === undefined || !COUNTED.includes(error)) return { failures: 0, open_until: null }
  return {
    failures: sql<number>`failures + 1`,
    open_until: sql<Date>`case when failures + 1 >= ${FAILURES_TO_OPEN} then now() + ${OPEN_SECONDS} * interval '1 second' end`,
  }
}

/** Whether that number of failures in a row has just opened a breaker. */
export const opened = (failures: number): boolean => failures === FAILURES_TO_OPEN

/** The breaker's columns of a connector whose configuration changed. */
export const BREAKER_CLOSED = { failures: 0, open_until: null }
