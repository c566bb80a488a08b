import type { HealthState } from "../../store/database.ts"
import { isRefusal } from "../connectors/login-gate.ts"
import type { TestReport } from "../probes/probe.ts"

/** A connector is down after so many failed checks in a row: one lost packet wakes nobody. */
const FAILURES_TO_DOWN = 2
/** How soon a first failure is looked at again, in milliseconds. */
const CONFIRM_MS = 15_000

/** What scheduled checks found so far. */
export interface Health {
  readonly state: HealthState
  readonly failures: number
}

/** What follows from one more check. `stop` is set when no further one may be made: a login that was refused is not tried again. */
export interface Verdict extends Health {
  readonly changed: boolean
  readonly nextInMs: number
  readonly stop: boolean
}

/**
 * The first success is up, two failures in a row are down, and in between the state stays. A first failure is looked at again
 * soon. A refused login is down at once and the last check until the connector changes: repeating it locks accounts.
 */
export function afterCheck(before: Health, report: TestReport, everyMs: number, random: () => number = Math.random): Verdict {
  const nextInMs = jittered(everyMs, random)
  if (report.ok) return { state: "up", failures: 0, changed: before.state !== "up", nextInMs, stop: false }
  const failures = before.failures + 1
  const refused = isRefusal(report.error)
  if (refused || failures >= FAILURES_TO_DOWN) return { state: "down", failures, changed: before.state !== "down", nextInMs, stop: refused }
  return { state: before.state, failures, changed: false, nextInMs: before.state === "down" ? nextInMs : Math.min(nextInMs, CONFIRM_MS), stop: false }
}

/** A tenth more or less, so that checks set up together do not stay together. */
const jittered = (ms: number, random: () => number): number => Math.round(ms * (0.9 + random() * 0.2))
