import type { ParsedConfig } from "../core/config.ts"
import type { ConnectorStatus } from "../store/database.ts"
import { BREAKER_CLOSED } from "./breaker.ts"
import type { ConnectorPatch, ConnectorRow, DialectOptions } from "./connector-view.ts"
import { publicReport, type TestReport } from "./probe.ts"

/** The columns of what a dialect sent. */
export const documentOf = ({ dialect, document }: DialectOptions): { dialect?: string; document?: string } => ({
  ...(dialect === undefined ? {} : { dialect }),
  ...(document === undefined ? {} : { document: JSON.stringify(document) }),
})

/** Incomplete while something is missing; active only when a test has just passed. */
export const statusOf = (parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus =>
  parsed.missing.length > 0 ? "incomplete" : report?.ok === true ? "active" : "untested"

/** What a change makes of the status: a changed config is untested again, and nothing but `enabled` brings back what was switched off. */
export function nextStatus(row: ConnectorRow, patch: ConnectorPatch, parsed: ParsedConfig, report: TestReport | undefined): ConnectorStatus {
  if (patch.enabled === false) return "disabled"
  if (row.status === "disabled") return patch.enabled === true ? statusOf(parsed, report) : "disabled"
  return patch.config === undefined && report === undefined ? row.status : statusOf(parsed, report)
}

/** The columns that a change writes, those of the test apart. */
export function changesOf(patch: ConnectorPatch, parsed: ParsedConfig): Record<string, unknown> {
  const { name, type, title, description, purpose, labels, limits } = patch
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(labels === undefined ? {} : { labels: JSON.stringify(labels) }),
    ...(limits === undefined ? {} : { limits: jsonOrNull(limits) }),
    ...(patch.config === undefined ? {} : { config: JSON.stringify(parsed.plain), missing: JSON.stringify(parsed.missing), ...BREAKER_CLOSED }),
    // What is shown as a draft's last test is never that of another configuration.
    ...(patch.config === undefined || parsed.missing.length === 0 ? {} : { last_test: null, last_tested_at: null }),
  }
}

/** The columns of a test just made; as everybody may see it. */
export const tested = (report: TestReport | undefined): { last_test?: string; last_tested_at?: Date } =>
  report === undefined ? {} : { last_test: JSON.stringify(publicReport(report)), last_tested_at: new Date() }

export const jsonOrNull = (value: Readonly<Record<string, unknown>> | null | undefined): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)
