import { openConfig, type ParsedConfig } from "../core/config.ts"
import type { AnyConnector } from "../core/connector.ts"
import { PlatformError } from "../core/errors.ts"
import type { Stage } from "../core/trace.ts"
import { checked, secretsOf } from "./connector-config.ts"
import type { ConnectorView } from "./connector-view.ts"
import type { HubParts } from "./hub.ts"
import type { Principal } from "./identity.ts"
import { type PartialTest, type ProbeOptions, probe, TEST_DEADLINE_MS, type TestReport } from "./probe.ts"

export interface TestOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly onStage?: (stage: Stage) => void
  /** Whether an open breaker refuses the test (`circuit_open`). A person who asks natively always gets a real probe. */
  readonly breaker?: boolean
  /** A check that the hub makes by itself: bounded by its schedule, not by the workspace's limits of tests. */
  readonly scheduled?: boolean
  /** How far a dialect tests a connector that lacks what a whole test takes; undefined means the whole test. */
  readonly partial?: (connector: ConnectorView) => PartialTest | undefined
}

/** Tests a typed config over the hub's door; `connectorId` is whose it is, when it is stored. */
export const probeConnector = (
  parts: HubParts,
  by: Principal,
  connector: AnyConnector,
  config: Readonly<Record<string, unknown>>,
  options: TestOptions,
  connectorId?: string,
): Promise<TestReport> => {
  const token = parts.tokens.of({ workspaceId: by.workspace.id, operator: by.operator, ...(connectorId === undefined ? {} : { connectorId }) })
  return probe(parts.door, connector, config, { ...probeOptions(parts, by, options), token })
}

/** A caller's options as the probe takes them. */
export const probeOptions = (parts: HubParts, by: Principal, { timeoutMs = TEST_DEADLINE_MS, signal, onStage }: TestOptions): ProbeOptions => ({
  operator: by.operator,
  deadlineMs: timeoutMs,
  upload: parts.uploads.opener(by.workspace.id),
  log: (message, facts) => parts.log.info(facts ?? {}, message),
  ...(signal === undefined ? {} : { signal }),
  ...(onStage === undefined ? {} : { onStage }),
})

/** The report of a config that works, its kept secrets taken from `stored`; `verification_failed` with the report when it does not. */
export async function verifyConfig(
  parts: HubParts,
  by: Principal,
  connector: AnyConnector,
  parsed: ParsedConfig,
  stored: ReadonlyMap<string, string>,
): Promise<TestReport> {
  checked(connector, parsed, false)
  const report = await probeConnector(parts, by, connector, openConfig(connector.fields, parsed.plain, secretsOf(parsed, stored)), {})
  if (report.ok) return report
  throw new PlatformError("verification_failed", `The test failed and nothing was stored: ${report.error?.message ?? "see the report."}`, {
    details: { report },
  })
}
