import type { OpenUpload, TokenSource } from "../../core/call.ts"
import type { AnyConnector, ServerFacts } from "../../core/connector.ts"
import { ERRORS, type ErrorCode, type Fault, PlatformError } from "../../core/errors.ts"
import type { Address } from "../../core/lease.ts"
import { type Mended, mended } from "../../core/mending.ts"
import { askOperator, type Remedy } from "../../core/remedies.ts"
import { type OpenOptions, open } from "../../core/session.ts"
import { collapseStages, round, type Stage, type StageName } from "../../core/trace.ts"
import type { Door, OpenLease } from "../../net/door.ts"

/** The findings of one probe, in the operators' view and in the view of all others. */
export interface Found {
  readonly operator: TestReport
  readonly others: TestReport
}

/** The findings of a test. A failed test is an answer, not an error: `ok: false` with the stage, the code of the cause and what to do. */
export interface TestReport {
  readonly ok: boolean
  readonly durationMs: number
  readonly stages: readonly Stage[]
  readonly server?: ServerFacts
  readonly error?: TestFailure
}

export interface TestFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly next: string
  readonly stage: StageName
  readonly details?: Readonly<Record<string, unknown>>
  /** What mends it, best first. */
  readonly remedies?: readonly Remedy[]
}

export interface ProbeOptions {
  readonly deadlineMs: number
  /** Only operators see the findings, so that a failed dial need not be delayed. */
  readonly operator?: boolean
  readonly signal?: AbortSignal
  /** Called with the stages so far each time one ends. The listener must show them in the view of its caller (`follow`). */
  readonly onStages?: (stages: readonly Stage[]) => void
  readonly log?: (message: string, facts?: Readonly<Record<string, unknown>>) => void
  /** For types that read uploads. */
  readonly upload?: OpenUpload
  /** For types whose requests have templates, or whose answers may be large. */
  readonly services?: (lease: Pick<OpenLease, "signal" | "remainingMs">) => Pick<OpenOptions, "render" | "evaluate" | "room">
  /** Keeps access tokens; without it they last for the test only. */
  readonly token?: TokenSource
}

/** The default and the greatest deadline of a test, in milliseconds. */
export const TEST_DEADLINE_MS = 10_000
export const TEST_DEADLINE_MAX_MS = 30_000

/**
 * Tests a connector over a lease of its own. A failure of the far side never throws. A failed dial takes equally long for every
 * cause, so that a caller who must not tell causes apart can share the probe of one who may.
 */
export function probe(door: Door, connector: AnyConnector, config: Readonly<Record<string, unknown>>, options: ProbeOptions): Promise<Found> {
  return prove(door, { fields: connector.fields, config }, options, async (lease) => {
    await lease.trace.stage("config", () => Promise.resolve())
    const { log, upload, token, services } = options
    await using session = await open(connector, config, lease, {
      ...(log === undefined ? {} : { log }),
      ...(upload === undefined ? {} : { upload }),
      ...(token === undefined ? {} : { token }),
      ...services?.(lease),
    })
    return await session.test()
  })
}

/** A test of an incomplete connector: it reports the missing fields, or whether an address can be connected to. */
export type PartialTest = { readonly missing: readonly Fault[] } | { readonly reach: Address }

/** Tests the draft named `name` as far as possible. Like `probe`, it never throws for a failure of the far side. */
export function testPartly(door: Door, name: string, draft: Mended, partial: PartialTest, options: ProbeOptions): Promise<Found> {
  return prove(door, draft, options, async (lease) => {
    await lease.trace.stage("config", async () => {
      if (!("missing" in partial)) return
      const faults = partial.missing
      throw new PlatformError("connector_incomplete", `${name} is not complete: ${faults.map((each) => each.message).join(" ")}`, { faults })
    })
    if ("reach" in partial) (await lease.dial(partial.reach)).destroy()
    return { product: "TCP server" }
  })
}

async function prove(door: Door, connector: Mended, options: ProbeOptions, work: (lease: OpenLease) => Promise<ServerFacts>): Promise<Found> {
  const begun = performance.now()
  const lease = door.lease({
    deadlineMs: options.deadlineMs,
    operator: options.operator === true,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  lease.trace.onStage(() => options.onStages?.(lease.trace.stages))
  let outcome: { server: ServerFacts } | { error: PlatformError; stage: StageName }
  try {
    outcome = { server: await work(lease) }
  } catch (cause) {
    const error =
      cause instanceof PlatformError
        ? cause
        : new PlatformError("internal", "The test failed in a way that the hub does not explain; the log has the cause.", { cause })
    options.log?.("test failed", { code: error.code, err: error.cause })
    outcome = { error, stage: lease.trace.settle(error, stageOf(error.code)) }
  }
  const stages = [...lease.trace.stages]
  await lease.close()
  const timed = { ok: "server" in outcome, durationMs: round(performance.now() - begun) }
  if ("server" in outcome) return { operator: { ...timed, stages, ...outcome }, others: { ...timed, stages: collapseStages(stages), ...outcome } }
  const { stage } = outcome
  const error = mended(outcome.error, connector)
  const revealed = CONCEALED.has(error.code) && lease.concealed !== undefined ? mended(lease.concealed, connector) : error
  return {
    operator: {
      ...timed,
      stages: withRemedies(stages, revealed.remedies).map((each) => (each.status === "failed" ? { ...each, detail: revealed.message } : each)),
      error: failure(revealed, stage),
    },
    others: { ...timed, stages: withRemedies(collapseStages(stages), error.remedies), error: failure(error, collapsed(stage)) },
  }
}

/** The stages, with the remedies at the failed one. */
const withRemedies = (stages: readonly Stage[], remedies: readonly Remedy[] | undefined): Stage[] =>
  stages.map((each) => (each.status === "failed" && remedies !== undefined ? { ...each, remedies } : each))

/** Tells a caller about a probe that runs: each passed stage once, when it passes, and the failed stage with the report. */
export interface Follower {
  stages(soFar: readonly Stage[]): void
  end(report: TestReport): void
}

/** Tells one caller the stages of a probe in that caller's view. */
export function follow(operator: boolean, onStage: (stage: Stage) => void): Follower {
  const shown = new Set<StageName>()
  const tell = (stages: readonly Stage[]): void => {
    for (const stage of stages) {
      if (shown.has(stage.name)) continue
      shown.add(stage.name)
      onStage(stage)
    }
  }
  return {
    stages: (soFar) => tell((operator ? soFar : collapseStages(soFar)).filter(({ status }) => status === "passed")),
    end: (report) => tell(report.stages),
  }
}

/**
 * The public report, which is stored. An operator's report tells by its words and its times whether a connection was denied,
 * refused or not found; the public one does not.
 */
export function publicReport(report: TestReport): TestReport {
  const stages = collapseStages(report.stages)
  if (report.error === undefined) return { ...report, stages }
  const { code, remedies } = report.error
  const stage = collapsed(report.error.stage)
  const lateInside = code === "timed_out" && stage !== report.error.stage
  if (!CONCEALED.has(code) && !lateInside) return { ...report, stages: withRemedies(stages, remedies), error: { ...report.error, stage } }
  const one = lateInside
    ? new PlatformError("timed_out", "The system did not answer in time; check that the right service listens there.", ASK)
    : stage === "tunnel"
      ? new PlatformError(
          "tunnel_failed",
          "The bastion could not reach the target, or it is not allowed; check host and port, or ask an operator to run the test.",
          ASK,
        )
      : new PlatformError("host_unreachable", UNREACHABLE, ASK)
  const shown = withRemedies(stages, one.remedies).map(({ detail, ...each }) =>
    each.status === "failed" ? { ...each, durationMs: 0 } : { ...each, ...(detail === undefined ? {} : { detail }) },
  )
  return { ok: false, durationMs: round(shown.reduce((sum, each) => sum + each.durationMs, 0)), stages: shown, error: failure(one, stage) }
}

/** A stored report as that reader may see it. */
export function storedReport(stored: unknown, operator: boolean): TestReport | null {
  if (stored === null || stored === undefined) return null
  const { forOperators, ...report } = stored as TestReport & { readonly forOperators?: TestReport }
  return operator ? (forOperators ?? report) : report
}

/** Errors that may stand for a denial. */
const CONCEALED: ReadonlySet<ErrorCode> = new Set(["egress_denied", "host_not_found", "dns_failed", "host_unreachable", "tunnel_failed"])
const UNREACHABLE = "No connection could be made, or the address is not allowed; check host and port, or ask an operator to run the test."

/** The remedy that says nothing about the cause. */
const ASK = { remedies: [askOperator("Ask an operator of the hub to run the test; operators see the cause")] }

const collapsed = (stage: StageName): StageName => (stage === "resolve" || stage === "policy" ? "connect" : stage)

const failure = (error: PlatformError, stage: StageName): TestFailure => ({
  code: error.code,
  message: error.message,
  next: ERRORS[error.code].next,
  stage,
  ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
  remedies: error.remedies,
})

/** The stage of a failure that came between stages, by its code. */
function stageOf(code: ErrorCode): StageName {
  if (code.startsWith("tls_")) return "tls"
  if (code.startsWith("tunnel_") || code === "host_key_mismatch") return "tunnel"
  switch (code) {
    case "config_invalid":
    case "connector_incomplete":
    case "secret_unreadable":
      return "config"
    case "host_not_found":
    case "dns_failed":
      return "resolve"
    case "egress_denied":
      return "policy"
    case "host_unreachable":
      return "connect"
    case "auth_failed":
      return "auth"
    case "permission_denied":
      return "permission"
    default:
      return "probe"
  }
}
