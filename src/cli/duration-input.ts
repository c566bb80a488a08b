import { usage } from "./failure.ts"

/** Converts `--timeout` (seconds, from 0.1 to `most`) to a request field; empty if the option was not given. */
export function timeoutOf(seconds: string | undefined, most: number): { timeoutMs?: number } {
  if (seconds === undefined) return {}
  const ms = seconds.trim() === "" ? Number.NaN : Math.round(Number(seconds) * 1_000)
  if (!(ms >= 100 && ms <= most * 1_000)) throw usage(`--timeout must be between 0.1 and ${most} seconds.`)
  return { timeoutMs: ms }
}

/** The longest tests, and the longest queries, calls and discoveries, in seconds, from the command line. */
export const TEST_MAX_SECONDS = 30
export const WORK_MAX_SECONDS = 300
