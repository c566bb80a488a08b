import type { OpenUpload, TokenSource } from "../../core/call.ts"
import type { AnyConnector, ServerFacts } from "../../core/connector.ts"
import { ERRORS, type ErrorCode, type Fault, PlatformError } from "../../core/errors.ts"
import type { Address } from "../../core/lease.ts"
import { open } from "../../core/session.ts"
import { collapseStages, round, type Stage, type StageName } from "../../core/trace.ts"
import type { Door, OpenLease } from "../../net/door.ts"

/** What one probe found, as an operator may see it and as everybody else may. */
export interface Found {
  readonly operator: TestReport
  readonly others: TestReport
}

/** What a test found. A failed test is an answer, not an error: `ok: false` with the stage, its cause code and what to do. */
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
}

export interface ProbeOptions {
  readonly deadlineMs: number
  /** Only operators will see what it finds: a failed dial says so at once. */
  readonly operator?: boolean
  readonly signal?: AbortSignal
  /** The stages so far, each time one ends; whose eyes they are for is the listener's to see to (`follow`). */
  readonly onStages?: (stages: readonly Stage[]) => void
  readonly log?: (message: string, facts?: Readonly<Record<string, unknown>>) => void
  /** For types that read uploads. */
  readonly upload?: OpenUpload
  /** Where access tokens are kept; without it they are the test's own. */
  readonly token?: TokenSource
}

/** Default and greatest time that a test may take, in milliseconds. */
export const TEST_DEADLINE_MS = 10_000
export const TEST_DEADLINE_MAX_MS = 30_000

/**
 * Tests a connector over a lease of its own and never throws for what the far side does. A failed dial takes as long whatever its
 * cause, so that callers who may not tell causes apart can share the probe of one who may.
 */
export function probe(door: Door, connector: AnyConnector, config: Readonly<Record<string, unknown>>, options: ProbeOptions): Promise<Found> {
  return prove(door, options, async (lease) => {
    await lease.trace.stage("config", () => Promise.resolve())
    const { log, upload, token } = options
    await using session = await open(connector, config, lease, {
      ...(log === undefined ? {} : { log }),
      ...(upload === undefined ? {} : { upload }),
      ...(token === undefined ? {} : { token }),
    })
    return await session.test()
  })
}

/** What a test can say without all that a connection takes: what is missing, or whether an address lets itself be connected to. */
export type PartialTest = { readonly missing: readonly Fault[] } | { readonly reach: Address }

/** Tests what there is of a draft, named `name`; like `probe`, it never throws for what the far side does. */
export function testPartly(door: Door, name: string, partial: PartialTest, options: ProbeOptions): Promise<Found> {
  return prove(door, options, async (lease) => {
    await lease.trace.stage("config", async () => {
      if ("missing" in partial)
        throw new PlatformError("connector_incomplete", `${name} is not complete: ${partial.missing.map((each) => each.message).join(" ")}`)
    })
    if ("reach" in partial) (await lease.dial(partial.reach)).destroy()
    return { product: "TCP server" }
  })
}

async function prove(door: Door, options: ProbeOptions, work: (lease: OpenLease) => Promise<ServerFacts>): Promise<Found> {
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
        : new PlatformError("internal", "The test failed in a way the hub does not explain; the log has the cause.", { cause })
    options.log?.("test failed", { code: error.code, err: error.cause })
    outcome = { error, stage: lease.trace.settle(error, stageOf(error.code)) }
  }
  const stages = [...lease.trace.stages]
  await lease.close()
  const timed = { ok: "server" in outcome, durationMs: round(performance.now() - begun) }
  if ("server" in outcome) return { operator: { ...timed, stages, ...outcome }, others: { ...timed, stages: collapseStages(stages), ...outcome } }
  const { error, stage } = outcome
  const revealed = CONCEALED.has(error.code) ? (lease.concealed ?? error) : error
  return {
    operator: {
      ...timed,
      stages: stages.map((each) => (each.status === "failed" ? { ...each, detail: revealed.message } : each)),
      error: failure(revealed, stage),
    },
    others: { ...timed, stages: collapseStages(stages), error: failure(error, collapsed(stage)) },
  }
}

/** What is told to a caller about a probe that goes on: each stage once, those that pass as they do, and what failed with the report. */
export interface Follower {
  stages(soFar: readonly Stage[]): void
  end(report: TestReport): void
}

/** Tells one caller the stages of a probe, in the caller's own view of them. */
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
 * A report as it is stored and as everybody may see it. An operator's own says whether a connection was denied, refused or
 * not found, in words and in times; here these are one, whoever asked for the test.
 */
export function publicReport(report: TestReport): TestReport {
  const stages = collapseStages(report.stages)
  if (report.error === undefined) return { ...report, stages }
  const { code } = report.error
  const stage = collapsed(report.error.stage)
  const lateInside = code === "timed_out" && stage !== report.error.stage
  if (!CONCEALED.has(code) && !lateInside) return { ...report, stages, error: { ...report.error, stage } }
  const one = lateInside
    ? new PlatformError("timed_out", "The system did not answer in time; check that the right service listens there.")
    : stage === "tunnel"
      ? new PlatformError(
          "tunnel_failed",
          "The bastion could not reach the target, or it is not allowed; check host and port, or ask an operator to run the test.",
        )
      : new PlatformError("host_unreachable", UNREACHABLE)
  const shown = stages.map(({ detail, ...each }) =>
    each.status === "failed" ? { ...each, durationMs: 0 } : { ...each, ...(detail === undefined ? {} : { detail }) },
  )
  return { ok: false, durationMs: round(shown.reduce((sum, each) => sum + each.durationMs, 0)), stages: shown, error: failure(one, stage) }
}

/** What may have been a denial. */
const CONCEALED: ReadonlySet<ErrorCode> = new Set(["egress_denied", "host_not_found", "dns_failed", "host_unreachable", "tunnel_failed"])
const UNREACHABLE = "No connection could be made, or the address is not allowed; check host and port, or ask an operator to run the test."

const collapsed = (stage: StageName): StageName => (stage === "resolve" || stage === "policy" ? "connect" : stage)

const failure = (error: PlatformError, stage: StageName): TestFailure => ({
  code: error.code,
  message: error.message,
  next: ERRORS[error.code].next,
  stage,
  ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
})

/** The stage that a failure belongs to when none was going on: the code tells. */
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
