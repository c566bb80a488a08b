import { usage } from "./failure.ts"

/** What `--timeout` in seconds, from 0.1 to `most`, is in a request; nothing when it was not given. */
export function timeoutOf(seconds: string | undefined, most: number): { timeoutMs?: number } {
  if (seconds === undefined) return {}
  const ms = seconds.trim() === "" ? Number.NaN : Math.round(Number(seconds) * 1_000)
  if (!(ms >= 100 && ms <= most * 1_000)) throw usage(`--timeout must be 0.1 to ${most} seconds.`)
  return { timeoutMs: ms }
}

/** The longest that a test, and that a query, a call or a discovery may take, in seconds, over the command line. */
export const TEST_MAX_SECONDS = 30
export const WORK_MAX_SECONDS = 300
