import { createHash } from "node:crypto"
import { untilAborted } from "../../core/abort.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Stage } from "../../core/trace.ts"
import type { HubParts } from "../hub.ts"
import type { Principal } from "../people/identity.ts"
import { Admissions } from "./admissions.ts"
import { type Found, follow, type ProbeOptions, TEST_DEADLINE_MS, type TestReport } from "./probe.ts"
import { type NodeShare, sharedOverNodes } from "./probe-share.ts"

/** Tests of a workspace over all nodes, unless its plan says otherwise. */
const TESTS = { perMinute: 600, concurrency: 20 }

/** How a test is asked for. */
export interface ProbeCall {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onStage?: (stage: Stage) => void
  /** A check that the hub makes by itself: bounded by its schedule, not by the workspace's limits of tests. */
  readonly scheduled?: boolean
}

/** What is tested. Equal `key`s in a workspace are equal tests; `connectorId` is there when the result is stored, and then other nodes share it too. */
export interface Subject {
  readonly key: string
  readonly connectorId?: string
  /** Names that a caller may ask for it by. */
  readonly names?: readonly (string | number)[]
  probe(options: ProbeOptions): Promise<Found>
  store?(found: Found): Promise<void>
}

type ProbeParts = Pick<HubParts, "store" | "log" | "counters" | "uploads" | "bounds">

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
 * Every probe of a node. Equal tests at one moment are one probe, whose report each caller gets in their own view; it goes on until
 * the last caller is gone. What a workspace may start is bounded over all nodes, and refused before anything is opened.
 */
export class Probes {
  readonly #parts: ProbeParts
  readonly #admissions: Admissions
  readonly #flights = new Map<string, Flight>()

  constructor(parts: ProbeParts) {
    this.#parts = parts
    this.#admissions = new Admissions(parts.store, parts.counters, "tests", TESTS)
  }

  /** Runs `work`, in which a test is prepared and made, unless the workspace has too many going on; cheap, and before any look-up. */
  async bounded<T>(workspaceId: string, ref: string | number | undefined, scheduled: boolean, work: () => Promise<T>): Promise<T> {
    if (scheduled) return work()
    using _place = this.#parts.bounds.enter(workspaceId, "requests of tests")
    if (!this.#mayShare(workspaceId, ref)) this.#admissions.assertOpen(workspaceId)
    return await work()
  }

  /** The report of a probe of `subject`, one begun for it or one that goes on already. Rejects with `cancelled` when the caller goes away. */
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
      // The last one gone ends it; nobody may come to what ends.
      if (flight.callers.size === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
        flight.gone.abort()
      }
    }
  }

  #begin({ workspace, operator }: Principal, key: string, subject: Subject, timeoutMs: number, scheduled: boolean): Flight {
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
        const make = (): Promise<Found> => this.#probe(workspace.id, subject, timeoutMs, scheduled, flight)
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

  async #probe(workspaceId: string, subject: Subject, deadlineMs: number, scheduled: boolean, flight: Flight): Promise<Found> {
    const leave = scheduled ? () => undefined : await this.#admissions.enter(workspaceId)
    try {
      this.#parts.counters.probes.inc()
      const found = await subject.probe({
        deadlineMs,
        upload: this.#parts.uploads.opener(workspaceId),
        signal: flight.gone.signal,
        log: (message, facts) => this.#parts.log.info(facts ?? {}, message),
        onStages: (stages) => {
          flight.stages = [...stages]
          for (const { onStages } of flight.callers) onStages(flight.stages)
        },
      })
      if (!flight.gone.signal.aborted) await subject.store?.(found)
      return found
    } finally {
      leave()
    }
  }

  #mayShare(workspaceId: string, ref: string | number | undefined): boolean {
    if (ref === undefined) return false
    for (const flight of this.#flights.values()) if (flight.workspaceId === workspaceId && flight.names.includes(ref)) return true
    return false
  }
}

/** A key for a config that is stored nowhere; the digest alone is kept. */
export const keyOfConfig = (type: string, config: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify([type, config], sorted))
    .digest("base64url")

/** Objects with their keys in order: configs that are equal look equal. */
const sorted = (_key: string, value: unknown): unknown =>
  value === null || typeof value !== "object" || Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

const left = (signal: AbortSignal): PlatformError =>
  new PlatformError("cancelled", "The caller went away before the test ended; call again.", { cause: signal.reason })

/** The work's result; `cancelled` as soon as the caller is gone. */
async function unlessGone<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  try {
    return await untilAborted(signal, work)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? left(signal) : error
  }
}
