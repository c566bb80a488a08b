import type { HealthState } from "../../store/database.ts"
import { isRefusal } from "../connectors/login-gate.ts"
import type { TestReport } from "../probes/probe.ts"

/** A connector is down after so many failed checks in a row, so that one lost packet raises no alarm. */
const FAILURES_TO_DOWN = 2
/** Milliseconds until a first failure is checked again. */
const CONFIRM_MS = 15_000

/** The findings of the scheduled checks so far. */
export interface Health {
  readonly state: HealthState
  readonly failures: number
}

/** The consequence of one more check. `stop` says that no further check is made, because a refused login is not tried again. */
export interface Verdict extends Health {
  readonly changed: boolean
  readonly nextInMs: number
  readonly stop: boolean
}

/**
 * One success makes the state up, two failures in a row make it down; after a single failure it stays, and the next check comes
 * soon. A refused login makes it down at once, and no check follows until the connector changes, because repeated logins lock
 * accounts.
 */
export function afterCheck(before: Health, report: TestReport, everyMs: number, random: () => number = Math.random): Verdict {
  const nextInMs = jittered(everyMs, random)
  if (report.ok) return { state: "up", failures: 0, changed: before.state !== "up", nextInMs, stop: false }
  const failures = before.failures + 1
  const refused = isRefusal(report.error)
  if (refused || failures >= FAILURES_TO_DOWN) return { state: "down", failures, changed: before.state !== "down", nextInMs, stop: refused }
  return { state: before.state, failures, changed: false, nextInMs: before.state === "down" ? nextInMs : Math.min(nextInMs, CONFIRM_MS), stop: false }
}

/** A tenth more or less, so that checks that were set up together spread out. */
const jittered = (ms: number, random: () => number): number => Math.round(ms * (0.9 + random() * 0.2))
