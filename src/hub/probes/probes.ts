import { createHash } from "node:crypto"
import { untilAborted } from "../../core/abort.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Stage } from "../../core/trace.ts"
import { WorkspaceLimits } from "../../limits/workspace-limits.ts"
import { type Principal, subjectOf } from "../base/principal.ts"
import type { HubParts } from "../parts.ts"
import { type Found, follow, type ProbeOptions, TEST_DEADLINE_MS, type TestReport } from "./probe.ts"
import { type NodeShare, sharedOverNodes } from "./probe-share.ts"

/** The limits of a workspace's tests over all nodes, unless its plan sets others. */
const TESTS = { perMinute: 600, concurrency: 20 }

/** The options of a caller of a test. */
export interface ProbeCall {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onStage?: (stage: Stage) => void
  /** The hub makes the test as a scheduled check, which the workspace's limits of tests do not count. */
  readonly scheduled?: boolean
}

/**
 * The subject of a test. Tests of equal `key`s in a workspace are equal. With a `connectorId` the result is stored, and other
 * nodes share it too.
 */
export interface Subject {
  readonly key: string
  readonly connectorId?: string
  /** The names by which callers refer to it. */
  readonly names?: readonly (string | number)[]
  probe(options: ProbeOptions): Promise<Found>
  store?(found: Found): Promise<void>
}

type ProbeParts = Pick<HubParts, "store" | "log" | "counters" | "uploads" | "nodeLimits" | "evaluator">

interface Caller {
  readonly onStages: (stages: readonly Stage[]) => void
}

interface Flight {
  readonly workspaceId: string
  readonly names: readonly (string | number)[]
  readonly callers: Set<Caller>
  readonly gone: AbortController
  stages: readonly Stage[]
  readonly found: Promise<Found>
}

/**
 * All probes of a node. Equal tests at one moment share one probe; each caller gets its report in that caller's own view. A probe
 * runs until its last caller has gone. The tests of a workspace are limited over all nodes, and refused before anything is
 * opened.
 */
export class Probes {
  readonly #parts: ProbeParts
  readonly #limits: WorkspaceLimits
  readonly #flights = new Map<string, Flight>()

  constructor(parts: ProbeParts) {
    this.#parts = parts
    this.#limits = new WorkspaceLimits(parts.store, "tests", TESTS, () => parts.counters.refused.inc({ kind: "tests" }))
  }

  /**
   * Runs `work`, which prepares and makes a test, unless the workspace has too many tests. The check is cheap and comes before
   * any look-up.
   */
  async bounded<T>(workspaceId: string, ref: string | number | undefined, scheduled: boolean, work: () => Promise<T>): Promise<T> {
    if (scheduled) return work()
    using _slot = this.#parts.nodeLimits.take(workspaceId, "requests of tests")
    if (!this.#mayShare(workspaceId, ref)) this.#limits.assertOpen(workspaceId)
    return await work()
  }

  /** The report of a new probe of `subject`, or of one that is running already. Rejects with `cancelled` when the caller goes away. */
  async run(by: Principal, subject: Subject, options: ProbeCall): Promise<TestReport> {
    if (options.signal?.aborted === true) throw left(options.signal)
    const timeoutMs = options.timeoutMs ?? TEST_DEADLINE_MS
    const key = `${by.workspace.id} ${timeoutMs} ${subject.key}`
    const known = this.#flights.get(key)
    if (known !== undefined) this.#parts.counters.probesShared.inc()
    const flight = known ?? this.#begin(by, key, subject, timeoutMs, options.scheduled === true)
    const follower = follow(by.operator, options.onStage ?? (() => undefined))
    const caller: Caller = { onStages: follower.stages }
    flight.callers.add(caller)
    follower.stages(flight.stages)
    try {
      const found = await unlessGone(flight.found, options.signal)
      const report = by.operator ? found.operator : found.others
      follower.end(report)
      return report
    } finally {
      flight.callers.delete(caller)
      // When the last caller leaves, abort the probe and remove it first, so that no new caller joins it.
      if (flight.callers.size === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
        flight.gone.abort()
      }
    }
  }

  #begin(by: Principal, key: string, subject: Subject, timeoutMs: number, scheduled: boolean): Flight {
    const { workspace, operator } = by
    const gone = new AbortController()
    const share: NodeShare | undefined =
      subject.connectorId === undefined || operator || this.#parts.store.embedded
        ? undefined
        : { workspaceId: workspace.id, connectorId: subject.connectorId, timeoutMs }
    const flight: Flight = {
      workspaceId: workspace.id,
      names: subject.names ?? [],
      callers: new Set(),
      gone,
      stages: [],
      found: Promise.resolve().then(async () => {
        const make = (): Promise<Found> => this.#probe(by, subject, timeoutMs, scheduled, flight)
        return share === undefined ? make() : sharedOverNodes(this.#parts, share, `${timeoutMs} ${subject.key}`, gone.signal, make)
      }),
    }
    const end = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    flight.found.then(end, end)
    this.#flights.set(key, flight)
    return flight
  }

  async #probe(by: Principal, subject: Subject, deadlineMs: number, scheduled: boolean, flight: Flight): Promise<Found> {
    const workspaceId = by.workspace.id
    const release = scheduled ? () => undefined : await this.#limits.take(workspaceId)
    try {
      this.#parts.counters.probes.inc()
      const found = await subject.probe({
        deadlineMs,
        upload: this.#parts.uploads.opener(workspaceId),
        services: (lease) => this.#parts.evaluator.for({ workspaceId, signal: lease.signal, remainingMs: () => lease.remainingMs() }),
        signal: flight.gone.signal,
        log: (message, facts) => this.#parts.log.info({ ...facts, ...subjectOf(by, subject.connectorId) }, message),
        onStages: (stages) => {
          flight.stages = [...stages]
          for (const { onStages } of flight.callers) onStages(flight.stages)
        },
      })
      if (!flight.gone.signal.aborted) await subject.store?.(found)
      return found
    } finally {
      release()
    }
  }

  #mayShare(workspaceId: string, ref: string | number | undefined): boolean {
    if (ref === undefined) return false
    for (const flight of this.#flights.values()) if (flight.workspaceId === workspaceId && flight.names.includes(ref)) return true
    return false
  }
}

/** The key of a config that is not stored; only a digest is kept. */
export const keyOfConfig = (type: string, config: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify([type, config], sorted))
    .digest("base64url")

/** Sorts the keys of objects, so that equal configs have equal texts. */
const sorted = (_key: string, value: unknown): unknown =>
  value === null || typeof value !== "object" || Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

const left = (signal: AbortSignal): PlatformError =>
  new PlatformError("cancelled", "The caller went away before the test ended; call again.", { cause: signal.reason })

/** The result of the work; `cancelled` as soon as the caller goes away. */
async function unlessGone<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  try {
    return await untilAborted(signal, work)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? left(signal) : error
  }
}
