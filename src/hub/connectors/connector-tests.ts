import { randomUUID } from "node:crypto"
import { openConfig, type ParsedConfig } from "../../core/config.ts"
import type { AnyConnector } from "../../core/connector.ts"
import { PlatformError } from "../../core/errors.ts"
import type { Counters } from "../counters.ts"
import type { HubParts } from "../hub.ts"
import type { Principal } from "../people/identity.ts"
import { breakerAfter, opened } from "../probes/breaker.ts"
import { type Found, type PartialTest, type ProbeOptions, probe, type TestReport } from "../probes/probe.ts"
import { keyOfConfig, type ProbeCall } from "../probes/probes.ts"
import { tested } from "./connector-columns.ts"
import { checked, secretsOf } from "./connector-config.ts"
import type { ConnectorRow, ConnectorView, Tx } from "./connector-view.ts"

export interface TestOptions extends ProbeCall {
  /** Whether an open breaker refuses the test (`circuit_open`). A person who asks natively always gets a real probe. */
  readonly breaker?: boolean
  /** How far a compatible API tests a connector that lacks something; undefined means the whole test. */
  readonly partial?: (connector: ConnectorView) => PartialTest | undefined
}

/** Tests a typed config over the hub's door; `connectorId` is whose it is, when it is stored. What a token costs is told as to everybody. */
export function probeOver(
  parts: HubParts,
  workspaceId: string,
  connector: AnyConnector,
  config: Readonly<Record<string, unknown>>,
  how: ProbeOptions,
  connectorId?: string,
): Promise<Found> {
  const token = parts.tokens.of({ workspaceId, operator: false, ...(connectorId === undefined ? {} : { connectorId }) })
  return probe(parts.door, connector, config, { ...how, token })
}

/** Tests a typed config that no other test is equal to: nobody shares the probe, but it counts as one of the workspace's tests. */
export function probeConnector(
  parts: HubParts,
  by: Principal,
  connector: AnyConnector,
  config: Readonly<Record<string, unknown>>,
  options: ProbeCall,
): Promise<TestReport> {
  const probed = (how: ProbeOptions): Promise<Found> => probeOver(parts, by.workspace.id, connector, config, how)
  return parts.probes.bounded(by.workspace.id, undefined, false, () => parts.probes.run(by, { key: randomUUID(), probe: probed }, options))
}

/** Tests a config that is stored nowhere, its kept secrets taken from `stored`. */
export function probeConfig(
  parts: HubParts,
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

/** The report of a config that works, its kept secrets taken from `stored`; `verification_failed` with the report when it does not. */
export async function verifyConfig(
  parts: HubParts,
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
 * Stores what a test found of that version of a connector, as everybody may see it: report, status, breaker. Nothing when it was changed meanwhile.
 * A `whole` test that passes shows that the credentials are accepted (again).
 */
export async function storeTest(tx: Tx, row: ConnectorRow, report: TestReport, counters: Counters, whole: boolean): Promise<void> {
  // A draft stays one, whatever a test of a part of it says.
  const status = row.missing.length > 0 ? row.status : report.ok ? "active" : "error"
  const stored = await tx
    .updateTable("connectors")
    .set({ ...tested(report), ...breakerAfter(report), ...(whole && report.ok ? { refused_at: null } : {}), status })
    .where("workspace_id", "=", row.workspace_id)
    .where("id", "=", row.id)
    .where("version", "=", row.version)
    .returning("failures")
    .executeTakeFirst()
  if (stored !== undefined && opened(stored.failures)) counters.breakerOpens.inc()
  // Checks that stopped at a refused login go on.
  if (stored !== undefined && whole && report.ok)
    await tx
      .updateTable("health_checks")
      .set({ stopped_code: null, stopped_version: null })
      .where("workspace_id", "=", row.workspace_id)
      .where("connector_id", "=", row.id)
      .where("stopped_code", "is not", null)
      .execute()
}
