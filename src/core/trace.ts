import { PlatformError, platformErrorIn } from "./errors.ts"
import type { Remedy } from "./remedies.ts"

/** The stages of a test, in order. A report omits the stages that a type does not have. */
export const STAGES = ["config", "resolve", "policy", "connect", "tunnel", "tls", "auth", "permission", "probe"] as const
export type StageName = (typeof STAGES)[number]

/** One stage of a test report; times in milliseconds. */
export interface Stage {
  readonly name: StageName
  readonly status: "passed" | "failed"
  readonly durationMs: number
  readonly detail?: string
  /** A failed stage of a report: what mends it, best first. */
  readonly remedies?: readonly Remedy[]
}

/** Stages that only operators may distinguish; everybody else sees them as one stage, `connect`. */
const OPERATORS_ONLY: readonly StageName[] = ["resolve", "policy", "connect"]

/**
 * Records which stages of a lease passed or failed and how long each took. A stage is recorded once, the first time;
 * the time of inner stages is not counted again for the outer one.
 */
export class Trace {
  readonly #stages: Stage[] = []
  readonly #listeners = new Set<(stage: Stage) => void>()
  readonly #open: { readonly name: StageName; readonly begun: number }[] = []
  #lastEnd = 0

  get stages(): readonly Stage[] {
    return this.#stages
  }

  /** Calls `listener` for each later stage as it ends. */
  onStage(listener: (stage: Stage) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Runs `work` as the stage `name`; its failure fails the stage unless an inner stage has already failed. `detail`
   * is read after success.
   */
  async stage<T>(name: StageName, work: () => Promise<T>, detail?: (result: T) => string | undefined): Promise<T> {
    const begun = performance.now()
    const failedBefore = this.failed
    const entry = { name, begun }
    this.#open.push(entry)
    try {
      const result = await work()
      this.#record(name, "passed", begun, detail?.(result))
      return result
    } catch (error) {
      if (this.failed === failedBefore) this.#record(name, "failed", begun, messageOf(error))
      throw error
    } finally {
      this.#open.splice(this.#open.indexOf(entry), 1)
    }
  }

  /**
   * Decides which stage a failure belongs to and returns its name: the stage that has already failed, else the
   * innermost stage that is still running (the deadline passed inside it), else `fallback`.
   */
  settle(error: unknown, fallback: StageName): StageName {
    if (this.failed !== undefined) return this.failed
    const inner = this.#open.at(-1) ?? { name: fallback, begun: performance.now() }
    this.#record(inner.name, "failed", inner.begun, messageOf(error))
    return this.failed ?? inner.name
  }

  /** The stage that failed, if any. */
  get failed(): StageName | undefined {
    return this.#stages.find((stage) => stage.status === "failed")?.name
  }

  #record(name: StageName, status: Stage["status"], begun: number, detail: string | undefined): void {
    if (this.#stages.some((stage) => stage.name === name)) return
    const ended = performance.now()
    const durationMs = round(ended - Math.max(begun, this.#lastEnd))
    this.#lastEnd = ended
    const stage: Stage = { name, status, durationMs, ...(detail === undefined ? {} : { detail }) }
    this.#stages.push(stage)
    for (const listener of this.#listeners) listener(stage)
  }
}

/** Stages as users who are not operators see them: resolve, policy and connect are one, without detail. */
export function collapseStages(stages: readonly Stage[]): Stage[] {
  const hidden = stages.filter((stage) => OPERATORS_ONLY.includes(stage.name))
  if (hidden.length === 0) return [...stages]
  const failed = hidden.some((stage) => stage.status === "failed")
  // If the policy passed but there is no connect yet (the dial is still running), nothing is shown.
  const settled = failed || hidden.some((stage) => stage.name === "connect")
  const one: Stage = { name: "connect", status: failed ? "failed" : "passed", durationMs: round(hidden.reduce((sum, stage) => sum + stage.durationMs, 0)) }
  const first = stages.findIndex((stage) => OPERATORS_ONLY.includes(stage.name))
  const rest = stages.filter((stage) => !OPERATORS_ONLY.includes(stage.name))
  return settled ? [...rest.slice(0, first), one, ...rest.slice(first)] : rest
}

/** Whole tenths of a millisecond. */
export const round = (ms: number): number => Math.round(Math.max(0, ms) * 10) / 10

function messageOf(error: unknown): string | undefined {
  return (error instanceof PlatformError ? error : platformErrorIn(error))?.message
}
