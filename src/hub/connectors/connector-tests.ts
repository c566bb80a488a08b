import { randomUUID } from "node:crypto"
import { openConfig, type ParsedConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import { breakerAfter, opened } from "../../limits/breaker.ts"
import type { Tx } from "../../store/database.ts"
import type { Counters } from "../base/counters.ts"
import type { Principal } from "../base/principal.ts"
import { type Found, type PartialTest, type ProbeOptions, probe, type TestReport } from "../probes/probe.ts"
import { keyOfConfig, type ProbeCall } from "../probes/probes.ts"
import { tested } from "./connector-columns.ts"
import { checked, secretsOf } from "./connector-config.ts"
import type { ConnectorParts } from "./connector-parts.ts"
import type { ConnectorRow } from "./connector-row.ts"
import type { ConnectorView } from "./connector-view.ts"

export interface TestOptions extends ProbeCall {
  /** Whether an open breaker refuses the test (`circuit_open`). The native API always makes a real probe. */
  readonly breaker?: boolean
  /** How far a compatible API tests a connector that lacks something; undefined means the whole test. */
  readonly partial?: (connector: ConnectorView) => PartialTest | undefined
}

/**
 * Tests a typed config over the hub's door; `connectorId` names its connector, when it is stored. Failures to get a token are
 * shown in the public view.
 */
export function probeOver(
  parts: ConnectorParts,
  workspaceId: string,
  connector: AnyConnector,
  config: Readonly<Record<string, unknown>>,
  how: ProbeOptions,
  connectorId?: string,
): Promise<Found> {
  const token = parts.tokens.of({ workspaceId, operator: false, ...(connectorId === undefined ? {} : { connectorId }) })
  return probe(parts.door, connector, config, { ...how, token })
}

/** Tests a typed config without sharing the probe. The test counts as one of the workspace's. */
export function probeConnector(
  parts: ConnectorParts,
  by: Principal,
  connector: AnyConnector,
  config: Readonly<Record<string, unknown>>,
  options: ProbeCall,
): Promise<TestReport> {
  const probed = (how: ProbeOptions): Promise<Found> => probeOver(parts, by.workspace.id, connector, config, how)
  return parts.probes.bounded(by.workspace.id, undefined, false, () => parts.probes.run(by, { key: randomUUID(), probe: probed }, options))
}

/** Tests a config that is not stored; its kept secrets come from `stored`. */
export function probeConfig(
  parts: ConnectorParts,
  by: Principal,
  connector: AnyConnector,
  parsed: ParsedConfig,
  stored: ReadonlyMap<string, string>,
  options: ProbeCall,
): Promise<TestReport> {
  const secrets = secretsOf(parsed, stored)
  const config = openConfig(connector.fields, parsed.plain, secrets)
  const key = keyOfConfig(connector.type, [parsed.plain, Object.fromEntries(secrets)])
  return parts.probes.run(by, { key, probe: (how) => probeOver(parts, by.workspace.id, connector, config, how) }, options)
}

/** The report of a config that passes its test; `verification_failed` with the report otherwise. Kept secrets come from `stored`. */
export async function verifyConfig(
  parts: ConnectorParts,
  by: Principal,
  connector: AnyConnector,
  parsed: ParsedConfig,
  stored: ReadonlyMap<string, string>,
): Promise<TestReport> {
  checked(connector, parsed, false)
  const report = await parts.probes.bounded(by.workspace.id, undefined, false, () => probeConfig(parts, by, connector, parsed, stored, {}))
  if (report.ok) return report
  throw new PlatformError("verification_failed", `The test failed and nothing was stored: ${report.error?.message ?? "see the report."}`, {
    details: { report },
  })
}

/**
 * Stores the findings of a test of that version of a connector: public report, status and breaker. Nothing is stored when the
 * connector was changed meanwhile. A `whole` test that passes shows that the credentials are accepted again.
 */
export async function storeTest(tx: Tx, row: ConnectorRow, report: TestReport, counters: Counters, whole: boolean): Promise<void> {
  // A draft stays a draft when a part of it passes a test.
  const status = row.missing.length > 0 ? row.status : report.ok ? "active" : "error"
  const stored = await tx
    .updateTable("connectors")
    .set({ ...tested(report), ...breakerAfter(report.error?.code), ...(whole && report.ok ? { refused_at: null } : {}), status })
    .where("workspace_id", "=", row.workspace_id)
    .where("id", "=", row.id)
    .where("version", "=", row.version)
    .returning("failures")
    .executeTakeFirst()
  if (stored !== undefined && opened(stored.failures)) counters.breakerOpens.inc()
  // Scheduled checks that had stopped at a refused login continue.
  if (stored !== undefined && whole && report.ok)
    await tx
      .updateTable("health_checks")
      .set({ stopped_code: null, stopped_version: null })
      .where("workspace_id", "=", row.workspace_id)
      .where("connector_id", "=", row.id)
      .where("stopped_code", "is not", null)
      .execute()
}
