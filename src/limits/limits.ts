/** The limits in a connector's row or in its workspace's plan; each part may be absent. */
type Plain = Readonly<Record<string, unknown>>

/** A rate limit: at most `requests` starts in any window of `perMs` milliseconds. */
export interface Rate {
  readonly requests: number
  readonly perMs: number
}

/** The limits that hold for a connector: all of its rate limits at once, and at most `concurrency` open uses. */
export interface Limits {
  readonly rates: readonly Rate[]
  readonly concurrency: number | undefined
}

const MINUTE_MS = 60_000

/** A connector's own `{ requests, perMs, concurrency }` under its plan's `{ ratePerMinute, concurrency }`: both hold, and so the smaller; a rate without `perMs` is per minute. */
export function effectiveLimits(own: Plain | null, plan: Plain): Limits {
  const requests = positive(own?.["requests"])
  const perMinute = positive(plan["ratePerMinute"])
  const rates = [
    ...(requests === undefined ? [] : [{ requests, perMs: positive(own?.["perMs"]) ?? MINUTE_MS }]),
    ...(perMinute === undefined ? [] : [{ requests: perMinute, perMs: MINUTE_MS }]),
  ]
  const both = [positive(own?.["concurrency"]), positive(plan["concurrency"])].filter((each) => each !== undefined)
  return {
    rates: rates.filter((rate, index) => !rates.some((other, at) => implies(other, rate, at < index))),
    concurrency: both.length === 0 ? undefined : Math.min(...both),
  }
}

/** Whether a caller that keeps `a` keeps `b` too; of two equal rates the first implies the second. */
const implies = (a: Rate, b: Rate, earlier: boolean): boolean =>
  a.requests <= b.requests && a.perMs >= b.perMs && (a.requests < b.requests || a.perMs > b.perMs || earlier)

const positive = (value: unknown): number | undefined => (typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined)

/**
 * How much longer than `perMs` the window is kept, in milliseconds: the far server sees calls with more or less delay after
 * their grant (timer, dial, TLS), and so closer together than they were granted. One in twenty-five, 25 ms to a second.
 */
export const marginOf = (perMs: number): number => Math.min(1_000, Math.max(25, perMs / 25))
