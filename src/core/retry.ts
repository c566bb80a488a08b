import { setTimeout as sleep } from "node:timers/promises"
import { PlatformError } from "./errors.ts"

/** Why a failure is worth another try, in a word for people, and how long the other side asks us to wait. */
export interface Another {
  readonly reason: string
  readonly afterMs?: number | undefined
}

/** The rules of one piece of work that may be tried again. */
export interface Retries {
  /** Further tries at most. */
  readonly most: number
  /** Undefined for a failure that is final. */
  again(error: unknown): Another | undefined
  /** The first wait; each next one is twice as long. 250 ms unless given. */
  readonly firstWaitMs?: number
  /** The longest wait of our own; the other side may ask for a longer one. 10 s unless given. */
  readonly longestWaitMs?: number
  /** Ends a wait, and allows no further try. */
  readonly signal?: AbortSignal
  /** A wait that would not end before the deadline is not begun: the failure says more than a timeout would. */
  remainingMs?(): number
  /** Waits until the limits allow one more try. */
  turn?(reason: string): Promise<void>
}

/** Chance and time, for tests to replace. */
export interface RetryClock {
  /** From 0 to 1. */
  random(): number
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>
}

/** A try needs some time of its own before the deadline. */
const LEAST_LEFT_MS = 50

/**
 * Does the work, and again after a failure that the rules call worth it. A wait is half fixed and half chance, so that
 * callers who failed together do not come back together, and never shorter than the other side asks. The last failure is
 * thrown; `details.attempts` says how many there were.
 */
export async function retrying<T>(work: (attempt: number) => Promise<T>, retries: Retries, clock: RetryClock = realClock): Promise<T> {
  const { most, firstWaitMs = 250, longestWaitMs = 10_000, signal } = retries
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      const next = attempt > most || signal?.aborted ? undefined : retries.again(error)
      const own = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1)) * (0.5 + clock.random() / 2)
      const waitMs = Math.max(next?.afterMs ?? 0, own)
      const leftMs = (retries.remainingMs?.() ?? Number.POSITIVE_INFINITY) - LEAST_LEFT_MS
      if (next === undefined || waitMs >= leftMs) throw attempt === 1 ? error : counted(error, attempt)
      await clock.wait(waitMs, signal)
      await retries.turn?.(next.reason)
    }
  }
}

function counted(error: unknown, attempts: number): unknown {
  if (!(error instanceof PlatformError)) return error
  return new PlatformError(error.code, error.message, { cause: error, details: { ...error.details, attempts }, faults: error.faults })
}

const realClock: RetryClock = {
  random: Math.random,
  async wait(ms, signal) {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}
