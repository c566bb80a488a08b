import type { ParsedConfig } from "../../core/config.ts"
import { BREAKER_CLOSED } from "../../limits/breaker.ts"
import type { ConnectorStatus } from "../../store/database.ts"
import { publicReport, type TestReport } from "../probes/probe.ts"
import type { CompatOptions, ConnectorPatch } from "./connector-input.ts"
import type { ConnectorRow } from "./connector-row.ts"
import type { ConnectorState } from "./connector-state.ts"

/** The compatible API and its document, as a part of a connector's state. */
export const documentOf = ({ compat, document }: CompatOptions): Partial<ConnectorState> => ({
  ...(compat === undefined ? {} : { compat }),
  ...(document === undefined ? {} : { document }),
})

/** The status after a creation or change: incomplete while something is missing, active only when a test has just passed. */
export const statusOf = (parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus =>
  parsed.missing.length > 0 ? "incomplete" : report?.ok === true ? "active" : "untested"

/** The part of a connector's state that a patch or an input names; `parsed` is there when it has a config. */
export function nextOf(patch: ConnectorPatch, parsed: ParsedConfig | undefined): Partial<ConnectorState> {
  const { name, type, title, description, purpose, labels, limits, enabled } = patch
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(labels === undefined ? {} : { labels }),
    ...(limits === undefined ? {} : { limits }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(parsed === undefined ? {} : { config: parsed.plain, missing: parsed.missing }),
  }
}

/** The other columns of a change by patch. `reconfigured` says that the change affects how the connector connects. */
export function columnsAfter(
  row: ConnectorRow,
  patch: ConnectorPatch,
  parsed: ParsedConfig,
  report: TestReport | undefined,
  reconfigured: boolean,
): Record<string, unknown> {
  return {
    ...(reconfigured ? BREAKER_CLOSED : {}),
    // The last test of a draft must not be that of another configuration.
    ...(!reconfigured || parsed.missing.length === 0 ? {} : { last_test: null, last_tested_at: null }),
    ...(report === undefined ? {} : { refused_at: null }),
    ...tested(report),
    status: nextStatus(row, patch, parsed, report, reconfigured),
  }
}

/** The status after a change. A changed config is untested again, and only `enabled` switches a disabled connector on. */
function nextStatus(row: ConnectorRow, patch: ConnectorPatch, parsed: ParsedConfig, report: TestReport | undefined, reconfigured: boolean): ConnectorStatus {
  if (patch.enabled === false) return "disabled"
  if (row.status === "disabled" && patch.enabled !== true) return "disabled"
  if (row.status !== "disabled" && !reconfigured && report === undefined) return row.status
  const status = statusOf(parsed, report)
  // Switching a connector on does not make refused credentials right.
  return status === "untested" && row.refused_at !== null && !reconfigured ? "error" : status
}

/** The columns of a test that was just made: the public report, and the operators' where it tells more. */
export const tested = (report: TestReport | undefined): { last_test?: string; last_tested_at?: Date } =>
  report === undefined
    ? {}
    : { last_test: JSON.stringify(report.ok ? publicReport(report) : { ...publicReport(report), forOperators: report }), last_tested_at: new Date() }
