import type { ParsedConfig } from "../../core/config.ts"
import type { ConnectorStatus } from "../../store/database.ts"
import { BREAKER_CLOSED } from "../probes/breaker.ts"
import { publicReport, type TestReport } from "../probes/probe.ts"
import type { ConnectorState } from "./connector-state.ts"
import type { CompatOptions, ConnectorPatch, ConnectorRow } from "./connector-view.ts"

/** The compatible API and its document, as a part of a connector's state. */
export const documentOf = ({ compat, document }: CompatOptions): Partial<ConnectorState> => ({
  ...(compat === undefined ? {} : { compat }),
  ...(document === undefined ? {} : { document }),
})

/** Incomplete while something is missing; active only when a test has just passed. */
export const statusOf = (parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus =>
  parsed.missing.length > 0 ? "incomplete" : report?.ok === true ? "active" : "untested"

/** What a patch or an input names, as a part of a connector's state; `parsed` when its config is given. */
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

/** The other columns of a change by patch; `reconfigured` when it touches how the connector connects. */
export function columnsAfter(
  row: ConnectorRow,
  patch: ConnectorPatch,
  parsed: ParsedConfig,
  report: TestReport | undefined,
  reconfigured: boolean,
): Record<string, unknown> {
  return {
    ...(reconfigured ? BREAKER_CLOSED : {}),
    // What is shown as a draft's last test is never that of another configuration.
    ...(!reconfigured || parsed.missing.length === 0 ? {} : { last_test: null, last_tested_at: null }),
    ...(report === undefined ? {} : { refused_at: null }),
    ...tested(report),
    status: nextStatus(row, patch, parsed, report, reconfigured),
  }
}

/** What a change makes of the status: a changed config is untested again, and nothing but `enabled` brings back what was switched off. */
function nextStatus(row: ConnectorRow, patch: ConnectorPatch, parsed: ParsedConfig, report: TestReport | undefined, reconfigured: boolean): ConnectorStatus {
  if (patch.enabled === false) return "disabled"
  if (row.status === "disabled" && patch.enabled !== true) return "disabled"
  if (row.status !== "disabled" && !reconfigured && report === undefined) return row.status
  const status = statusOf(parsed, report)
  // Switching it on makes no credentials right.
  return status === "untested" && row.refused_at !== null && !reconfigured ? "error" : status
}

/** The columns of a test just made; as everybody may see it. */
export const tested = (report: TestReport | undefined): { last_test?: string; last_tested_at?: Date } =>
  report === undefined ? {} : { last_test: JSON.stringify(publicReport(report)), last_tested_at: new Date() }
